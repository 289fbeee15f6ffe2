"""One option that a program accepts: its spellings, type, choices and default."""

from dataclasses import dataclass
from typing import Literal

from lintune.source.text import Site
from lintune.values.value import Data

OptionType = Literal["str", "int", "float", "bool", "optional-bool", "enum", "dict", "unknown"]
"""How the parser converts one word. `bool` takes an optional word (`--x`, `--x true`), `optional-bool` (a field
`Optional[bool]` whose default is None) requires one; `dict` is inline JSON or a path; `unknown` is never refused."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option as one release or one script defines it."""

    name: str
    """The destination: `tune_llm`, without dashes."""
    type: OptionType = "str"
    default: Data = None
    has_default: bool = True
    """False: a required option, or one whose default could not be read (`default_known` tells)."""
    default_known: bool = True
    required: bool = False
    choices: tuple[str, ...] = ()
    nargs: Literal["one", "optional", "many"] = "one"
    """`many`: a list field (`--x a b c`), `optional`: a bool's `nargs='?'`."""
    spellings: tuple[str, ...] = ()
    """Every accepted spelling with its dashes; empty means `--name` (and `--na-me` where the parser adds it)."""
    site: Site | None = None
    """Where the script defines it; None for an option known from a released package."""
    origin: str = ""
    """For people: "transformers 4.51.3 TrainingArguments" or "finetune.py ModelArguments"."""
    help: str = ""
