"""Names of presets that only some releases of a framework know, from `schemas/framework_values.json`.

The surfaces under `schemas/surfaces/` hold every option; these options take any text, and the names are looked up later.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lintune.run.run import Item, Run
from lintune.source.data import data_text
from lintune.source.text import Site
from lintune.values.value import Absent, Data, Known, Value

_CONFIGS = ("flag", "config")
_NONE: Mapping[str, Any] = {"package": "", "values": {}}


@lru_cache(maxsize=1)
def _frameworks() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(data_text("schemas", "framework_values.json"))["frameworks"]
    return found


def renamed_values(run: Run) -> Iterator[Item]:
    """An item per option whose value the framework knows in some releases only.

    Fields: flag, name, value, package, works, broken, replacement.
    """
    known = _frameworks().get(run.framework, _NONE)
    for name, values in known["values"].items():
        value = run.values.get(f"flag.{name}")
        site = _written(value)
        word = _word(value)
        entry = values.get(word) if word is not None else None
        if site is not None and entry is not None:
            yield Item(_fields(name, word, known["package"], entry, site), site)


def _word(value: Value | None) -> str | None:
    """The one word that an option is given, be it a list of one."""
    found = value.value if isinstance(value, Known) else None
    if isinstance(found, tuple) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, str) else None


def _written(value: Value | None) -> Site | None:
    step = value.origin[0] if value is not None and value.origin else None
    return step.site if step is not None and step.kind in _CONFIGS else None


def _fields(name: str, value: Data, package: str, entry: Mapping[str, str], site: Site) -> dict[str, Value]:
    flag = f"--{name}" if site.text.startswith("--") else name
    use = entry.get("use", "")
    if use.startswith("--") and flag == name:
        use = use[2:]
    return {
        "flag": Known(flag),
        "name": Known(name),
        "value": Known(value),
        "package": Known(package),
        "works": Known(entry["works"]),
        "broken": Known(complement(entry["works"])),
        "replacement": Known(use) if use else Absent(),
    }


def complement(window: str) -> str:
    """The releases outside of a window of at most two bounds: `<3` for `>=3`, `<0.8||>=0.9.2` for `>=0.8,<0.9.2`."""
    opposite = {">=": "<", "<": ">="}
    parts = [part.strip() for part in window.split(",")]
    turned = [opposite[part.rstrip("0123456789.")] + part.lstrip("<>=") for part in parts]
    return "||".join(turned)
