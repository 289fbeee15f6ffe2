"""Reading guards out of a class: a small class of its own, followed as the library's is."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from lintune.surfaces.guard_values import Evaluator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from guard_nodes import Nodes
from guard_reader import GuardReader, Raised

SOURCE = """
FIELDS = ["extra"]

class Arguments:
    def __post_init__(self):
        for field in FIELDS:
            value = getattr(self, field)
            if isinstance(value, str) and value.startswith("{"):
                setattr(self, field, load(value))
        self.mode = Mode(self.mode)
        if self.steps is None:
            self.steps = self.interval
        self._check()
        if gpu_is_old() and self.half:
            raise ValueError("needs a newer GPU")
        if isinstance(self.words, str):
            self.words = [Word(each) for each in self.words.split()]
        if Word.A in self.words and len(self.words) == 1:
            raise ValueError("`A` is not enough")
        self.extra["size"] = max(self.extra.get("size", 0), self.size)
        if self.extra["size"] > 10:
            raise ValueError(f"size {self.extra}")

    def _check(self):
        if self.mode == Mode.OFF:
            return
        if self.steps > 1 and self.steps != int(self.steps):
            raise ValueError(f"steps {self.steps} is not whole")
        factor = 100
        if (self.save * factor) % (self.steps * factor) != 0:
            raise ValueError("not a multiple")
"""
ENUMS = {"Mode": {"OFF": "off", "ON": "on"}, "Word": {"A": "a", "B": "b"}}
DEFAULTS: dict[str, Any] = {
    **{"mode": "on", "steps": None, "interval": 5, "save": 10, "half": False, "words": "", "extra": {}, "size": 0},
}


@pytest.fixture(scope="module")
def read() -> tuple[Nodes, list[Raised], int]:
    """The guards, and how many raises were seen."""
    nodes = Nodes()
    reader = GuardReader(nodes, ast.parse(SOURCE), "Arguments", list(DEFAULTS), ENUMS)
    return nodes, reader.read(), reader.seen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, ""),
        ({"steps": 2.5, "save": 5}, "steps {steps} is not whole"),
        ({"mode": "off", "steps": 2.5}, ""),
        ({"interval": 3}, "not a multiple"),
        ({"interval": 3, "mode": "off"}, ""),
        ({"words": "a"}, "`A` is not enough"),
        ({"words": "a b"}, ""),
        ({"size": 11}, "size {extra}"),
        ({"extra": {"size": 12}}, "size {extra}"),
        ({"half": True}, ""),
    ],
    ids=str,
)
def test_conditions(read: tuple[Nodes, list[Raised], int], options: dict[str, Any], message: str) -> None:
    """Assignments, helpers, returns, enumerations, loops over constants and dictionaries are followed."""
    nodes, raised, _ = read
    values = Evaluator(nodes.table, {**DEFAULTS, **options})
    found = [guard.message for guard in raised if values.truth(guard.condition) is True]
    assert (found[0] if found else "") == message


def test_only_what_options_decide(read: tuple[Nodes, list[Raised], int]) -> None:
    """A raise that waits for the GPU is seen, and left out."""
    _, raised, seen = read
    assert seen == 5
    assert [guard.source for guard in raised] == ["_check", "_check", "__post_init__", "__post_init__"]
