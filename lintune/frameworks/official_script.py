"""The options of known entry scripts, for launches whose script is not at hand (`schemas/<framework>/`)."""

from collections.abc import Mapping
from functools import lru_cache

from lintune.scripts.entry import EntryScript
from lintune.scripts.fields import ScriptDataclass
from lintune.source.data import data_folder
from lintune.source.text import Source
from lintune.values.option import Option

FORKED = "the entry script is not at hand, and forks of it have further options"


def official_minicpmv() -> EntryScript:
    """The options of MiniCPM-V's `finetune.py`: all of them, since its forks keep them."""
    return known_script("minicpmv", "finetune", "finetune.py", unread="")


@lru_cache(maxsize=4)
def known_script(framework: str, table: str, entry: str, unread: str = FORKED) -> EntryScript:
    """A script as it was read in its repository, without places: origins name the repository and commit.

    `table` is the file's stem under `schemas/<framework>/`, `unread` why there may be further options.
    """
    import json

    path = data_folder("schemas") / framework / f"{table}.json"
    read = json.loads(path.read_text(encoding="utf-8"))
    source = str(read.get("source") or read["sources"]["minicpm-v"])
    classes = tuple(
        ScriptDataclass(
            entry["name"],
            None,
            {option["name"]: _option(option, source) for option in entry["options"]},
            tuple(entry["bases"]),
        )
        for entry in read["classes"]
    )
    return EntryScript(Source(entry.rpartition("/")[2], ""), "hf", classes, unread=unread)


def _option(entry: Mapping[str, object], source: str) -> Option:
    default = entry["default"]
    choices = entry.get("choices")
    return Option(
        name=str(entry["name"]),
        type=entry["type"],  # type: ignore[arg-type]  # the table holds the names of OptionType
        default=default if isinstance(default, str | int | float | bool) else None,
        default_known=entry.get("default_known") is not False,
        choices=tuple(str(choice) for choice in choices) if isinstance(choices, list) else (),
        nargs="many" if entry.get("nargs") == "many" else "optional" if entry["type"] == "bool" else "one",
        origin=source,
    )
