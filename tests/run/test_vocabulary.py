"""The vocabulary holds every name that a run is given and every name that a rule page uses."""

import re
from pathlib import Path

from lintune.run.vocabulary import NAMES, entry_of, unit_of

ROOT = Path(__file__).resolve().parents[2]
ROOTS = [
    "launch",
    "gpu",
    "model",
    "tune",
    "adapter",
    "optim",
    "sched",
    "precision",
    "batch",
    "seq",
    "media",
    "par",
    "mem",
    "data",
    "run",
    "derived",
    "memory",
    "script",
]
USED = re.compile(rf"(?<![\w./`-])(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_]\w*)+")


def page_expressions(text: str) -> str:
    """The parts of a page's front matter that hold names of a run."""
    front = text.split("---", 2)[1]
    kept, inside = [], False
    for line in front.splitlines():
        if not line.startswith((" ", "-")):
            inside = line.split(":", 1)[0] in ("when", "at", "ways")
            line = line.partition(":")[2] if inside else line
        if inside:
            kept.append(re.sub(r'"[^"]*"', "", line))
        kept.extend(re.findall(r"\{([^{}]+)\}", line))
    return "\n".join(kept)


def test_every_name_of_a_page_exists() -> None:
    """A misspelt name would make a rule silent for ever."""
    missing = set()
    for page in sorted((ROOT / "rules").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for name in USED.findall(page_expressions(text)):
            if entry_of(name) is None:
                missing.add((page.stem, name))
    assert not missing


def test_entries_are_complete() -> None:
    """Each has a meaning; units are words."""
    for name, entry in NAMES.items():
        assert entry.name == name and entry.meaning and not entry.meaning.endswith("."), name
    assert unit_of("memory.floor_bytes") == "bytes"
    assert unit_of("flag.anything") == "" and entry_of("flag.anything") is not None
    assert entry_of("nothing.of.that") is None
