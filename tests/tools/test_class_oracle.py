"""What the class oracle asks of released classes, on a package that exists only here."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from class_oracle import cut_function, described, differences  # type: ignore[import-not-found,unused-ignore]
from stub_imports import import_class, stand_in  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]

from lintune.surfaces.surface import Surface
from lintune.values.version import Version

FILES = {
    "madeup_package/__init__.py": "raise SystemExit('never run')",
    "madeup_package/base_args.py": "from dataclasses import dataclass\n@dataclass\nclass BaseArgs:\n    seed: int = 42\n",
    "madeup_package/train_args.py": """
from dataclasses import dataclass, field
from typing import List, Literal, Optional

import madeup_torch
from madeup_transformers import TrainingArguments
from madeup_package import BaseArgs
from madeup_package.heavy import decorate

@decorate(TrainingArguments.__doc__)
@dataclass
class TrainArgs(BaseArgs, TrainingArguments):
    _VALID = TrainingArguments._VALID + ["x"]
    mode: Literal["a", "b"] = "a"
    sizes: List[int] = field(default_factory=lambda: [1, 2])
    rate: Optional[float] = None
    device: str = madeup_torch.device("cpu")
    inner: int = field(default=1, init=False)
""",
    "madeup_package/loader.py": "raise ImportError\nclass Loader:\n"
    "    def load(self, name, bits: int = 4, *, flag=bool(0), **more):\n        boom\n",
}


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    """Leaves imports as they were."""
    finders = sys.meta_path[:]
    yield
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.startswith("madeup_")]:
        del sys.modules[name]


def archive() -> Archive:
    return Archive(frozenset(FILES), FILES.get)


def real() -> dict[str, Any]:
    stand_in(archive(), ["madeup_package/train_args.py"])
    found: dict[str, Any] = described(import_class("madeup_package/train_args.py", "TrainArgs"))
    return found


def test_a_class_says_its_fields_and_those_of_its_bases() -> None:
    found = real()
    assert set(found) == {"seed", "mode", "sizes", "rate", "device"}
    assert found["seed"] == [42, "int", []] and found["mode"] == ["a", "enum", ["a", "b"]]
    assert found["sizes"][0] == [1, 2] and found["rate"] == [None, "float", []]
    assert found["device"][0] == "<computed>"


def test_the_head_of_a_function_alone() -> None:
    found = described(cut_function(archive(), "madeup_package/loader.py", "Loader.load"))
    assert set(found) == {"name", "bits", "flag"} and found["bits"] == [4, "int", []] and found["flag"][0] is False


def test_differences_are_found() -> None:
    windows: dict[str, list[list[Any]]] = {
        "seed": [[0, 0, "int", 43]],
        "mode": [[0, 0, "enum", "a", {"choices": 0}]],
        "sizes": [[0, 0, "int", [1, 2], {"many": 1}]],
        "rate": [[0, 0, "str", None]],
        "extra": [[0, 0, "int", 1]],
    }
    surface = Surface("madeup", "TrainArgs", (Version.parse("1.0"),), windows, [["a", "c"]], [[0, 0, []]])
    count, found = differences(surface, Version.parse("1.0"), real())
    assert count == 5
    assert found[:2] == ["device: only in the class", "extra: only in the surface"]
    assert sorted(found[2:]) == [
        "mode: choices ['a', 'b'], not ['a', 'c']",
        "rate: kind float, not str",
        "seed: default 42, not 43",
    ]
