"""One option that a program accepts: its spellings, type, choices and default."""

from typing import Literal

from lintune.source.record import dataclass
from lintune.source.text import Site
from lintune.values.value import Data

OptionType = Literal["str", "int", "float", "bool", "optional-bool", "enum", "dict", "unparsable", "converted", "literal", "unknown"]
"""How the parser converts one word. `bool` takes an optional word (`--x`, `--x true`), `optional-bool` (a field
`Optional[bool]` whose default is None) requires one; `dict` is inline JSON or a path; `unparsable` refuses every word
(`dict(text)` raises); `converted` is what code of the script makes of the word (`words` tells of some); `literal` is read as
python-fire does, as a Python literal or else as text; `unknown` is never refused."""


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
    nargs: Literal["none", "one", "optional", "many"] = "one"
    """`none`: a switch, `many`: a list field (`--x a b c`), `optional`: a bool's `nargs='?'`."""
    const: Data = True
    """What the bare flag means where it may stand without a word."""
    spellings: tuple[str, ...] = ()
    """Every accepted spelling with its dashes; empty means `--name` (and `--na-me` where the parser adds it)."""
    repeats: bool = False
    """Whether giving it again adds a value instead of replacing the last one (`action="append"`)."""
    negations: tuple[str, ...] = ()
    """Spellings that set it to False and take no word (`--no_x`)."""
    words: tuple[tuple[str, Data], ...] = ()
    """For `converted`: the words whose values are known."""
    site: Site | None = None
    """Where the script defines it; None for an option known from a released package."""
    origin: str = ""
    """For people: "transformers 4.51.3 TrainingArguments" or "finetune.py ModelArguments"."""
    help: str = ""
