"""The options of the official MiniCPM-V `finetune.py`, for launches whose script is not at hand (`schemas/minicpmv/`)."""

from collections.abc import Mapping
from functools import lru_cache

from lintune.scripts.entry import EntryScript
from lintune.scripts.fields import ScriptDataclass
from lintune.source.data import data_folder
from lintune.source.text import Source
from lintune.values.option import Option


@lru_cache(maxsize=1)
def official_minicpmv() -> EntryScript:
    """The official script's options, without places: their origin names the repository and commit they were read at."""
    import json

    path = data_folder("schemas") / "minicpmv" / "finetune.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    source = str(table["sources"]["minicpm-v"])
    classes = tuple(
        ScriptDataclass(
            entry["name"],
            None,
            {option["name"]: _option(option, source) for option in entry["options"]},
            tuple(entry["bases"]),
        )
        for entry in table["classes"]
    )
    return EntryScript(Source("finetune.py", ""), "hf", classes, unread="")


def _option(entry: Mapping[str, object], source: str) -> Option:
    default = entry["default"]
    return Option(
        name=str(entry["name"]),
        type=entry["type"],  # type: ignore[arg-type]  # the table holds the names of OptionType
        default=default if isinstance(default, str | int | float | bool) else None,
        nargs="many" if entry.get("nargs") == "many" else "optional" if entry["type"] == "bool" else "one",
        origin=source,
    )
