"""The guards of library classes: what their constructors refuse, in which releases (`schemas/guards/`)."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lintune.source.data import data_path
from lintune.source.record import dataclass
from lintune.surfaces.guard_values import Evaluator
from lintune.surfaces.surface import SurfaceError


@dataclass(frozen=True, slots=True)
class LibraryGuard:
    """A `raise` of a library class that options alone decide."""

    message: str
    """The library's text, with `{option}` where it fills in an option."""
    source: str
    """The function that holds it: `TrainingArguments._validate_args`."""
    options: tuple[str, ...]
    """The options that the condition reads."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Every guard of one class, in the order in which they are reached."""

    package: str
    releases: tuple[str, ...]
    """The releases that were read, oldest first."""
    rows: Sequence[Any]
    """Windows, condition, message, function and options of each guard, as the file has them."""
    nodes: Sequence[Any]
    name: str
    """The class."""

    @property
    def edges(self) -> list[str]:
        """The releases with which some guard begins, or with which one is gone."""
        found = sorted({edge for windows, *_ in self.rows for first, last in windows for edge in (first, last + 1)})
        return [self.releases[index] for index in found if index < len(self.releases)]

    def first_raised(self, options: Mapping[str, Any]) -> dict[str, LibraryGuard]:
        """For each release the first guard that certainly raises with these options; `options` lacks unknown ones."""
        values = Evaluator(self.nodes, options)
        found: dict[str, LibraryGuard] = {}
        for row in self.rows:
            if values.truth(row[1]) is not True:
                continue
            guard = LibraryGuard(row[2], row[3] if "." in row[3] else f"{self.name}.{row[3]}", tuple(row[4]))
            for first, last in row[0]:
                for index in range(first, last + 1):
                    found.setdefault(self.releases[index], guard)
        return found


@lru_cache(maxsize=8)
def load_guards(dotted: str) -> Guards | None:
    """The guards of a class or program (`transformers.TrainingArguments`, `llamafactory.train`), None where there are none.

    Raises `SurfaceError` for a damaged file.
    """
    path = data_path("schemas", "guards", f"{dotted}.json")
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        return Guards(data["package"], tuple(data["releases"]), data["guards"], data["nodes"], data["class"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise SurfaceError(f"the guards in {path} are damaged: {error}") from error
