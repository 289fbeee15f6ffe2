"""One class of a released package through its releases."""

import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar

from lintune.source.data import data_path
from lintune.source.record import dataclass, field
from lintune.surfaces.windows import spec_text
from lintune.values.option import Option
from lintune.values.value import Data
from lintune.values.version import Version

Built = TypeVar("Built")


class SurfaceError(Exception):
    """A surface file is missing or damaged; the message names it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive releases (by index, both inclusive) in which an option is the same."""

    first: int
    last: int
    option: Option


@dataclass(slots=True)
class Surface:
    """The options of one class over the releases that were read."""

    package: str
    name: str
    releases: tuple[Version, ...]
    _windows: Mapping[str, list[list[Any]]]
    _choices: list[list[str]]
    _bases: list[list[Any]]
    _parser: list[list[Any]] = field(default_factory=list)
    source: str = ""
    """The file and symbol of the newest release that was read."""
    _decoded: dict[str, tuple[Window, ...]] = field(default_factory=dict)
    _specifiers: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def newest(self) -> Version:
        """The newest release that was read."""
        return self.releases[-1]

    @property
    def names(self) -> Iterable[str]:
        """Every option of any release."""
        return self._windows.keys()

    def index(self, version: Version) -> int:
        """The release that stands for a version: itself, else one of the same minor, else the newest before it."""
        at = bisect_right(self.releases, version) - 1
        after = self.releases[at + 1] if at + 1 < len(self.releases) else None
        if after is not None and (at < 0 or (_minor(self.releases[at]) != _minor(version) and _minor(after) == _minor(version))):
            return at + 1
        return at

    def windows(self, name: str) -> tuple[Window, ...]:
        """The windows of an option; empty for a name that no release has."""
        if name not in self._decoded:
            self._decoded[name] = tuple(self._decode(name, window) for window in self._windows.get(name, ()))
        return self._decoded[name]

    def at(self, name: str, index: int) -> Option | None:
        """The option as the release of that index has it."""
        return next((window.option for window in self.windows(name) if window.first <= index <= window.last), None)

    def options_at(self, version: Version) -> dict[str, Option]:
        """Every option of the release that stands for a version."""
        index = self.index(version)
        found = {name: self.at(name, index) for name in self._windows}
        return {name: option for name, option in found.items() if option is not None}

    def bases_at(self, index: int) -> tuple[str, ...]:
        """Library classes of other packages that the class inherits from, by dotted name."""
        return next((tuple(base[2]) for base in self._bases if base[0] <= index <= base[1]), ())

    def edges(self, name: str) -> list[Version]:
        """The releases with which an option begins, changes, or with which it is gone."""
        found = {edge for first, last, *_ in self._windows.get(name, ()) for edge in (first, last + 1)}
        return [self.releases[index] for index in sorted(found) if index < len(self.releases)]

    @property
    def class_windows(self) -> list[tuple[int, int]]:
        """The releases (by index, both inclusive) that have the class itself."""
        return [(base[0], base[1]) for base in self._bases]

    def exists_at(self, index: int) -> bool:
        """Whether the release of that index has the class at all."""
        return any(window[0] <= index <= window[1] for window in self._bases)

    def abbreviations_at(self, index: int) -> bool:
        """Whether the parser of a release takes unambiguous beginnings of flags, as argparse does unless told otherwise."""
        return bool(self._setting("abbreviations", index, True))

    def dashed_at(self, index: int) -> bool:
        """Whether the parser of a release takes every flag with dashes for underscores too."""
        return bool(self._setting("dashed", index, False))

    def _setting(self, name: str, index: int, default: bool) -> Any:
        return next((window[2].get(name, default) for window in self._parser if window[0] <= index <= window[1]), default)

    def present(self, name: str) -> list[bool]:
        """For every release, whether it has the option."""
        inside = [False] * len(self.releases)
        for first, last, *_ in self._windows.get(name, ()):
            inside[first : last + 1] = [True] * (last + 1 - first)
        return inside

    def window(self, name: str) -> tuple[str, str]:
        """The releases that have an option and those that have not, as specifiers; empty text means all releases."""
        if name not in self._specifiers:
            inside = self.present(name)
            self._specifiers[name] = spec_text(self.releases, inside), spec_text(self.releases, [not one for one in inside])
        return self._specifiers[name]

    def _decode(self, name: str, window: list[Any]) -> Window:
        first, last, kind, default, *rest = window
        more: Mapping[str, Any] = rest[0] if rest else {}
        spellings: list[str] = more.get("spellings") or ([f"--{name}", *more["aliases"]] if "aliases" in more else [])
        nargs: Literal["none", "one", "optional", "many"] = "optional" if kind == "bool" or more.get("optional") else "one"
        return Window(
            first,
            last,
            Option(
                name,
                kind,
                _data(default),
                has_default=not more.get("required"),
                default_known=not more.get("unread"),
                required=bool(more.get("required")),
                choices=tuple(self._choices[more["choices"]]) if "choices" in more else (),
                nargs="none" if more.get("switch") else "many" if more.get("many") else nargs,
                spellings=tuple(spellings),
                repeats=bool(more.get("repeats")),
                negations=tuple(more.get("negations", ())),
                origin=f"{self.package} {self.name}",
            ),
        )


def _minor(version: Version) -> tuple[int, ...]:
    """Its first two numbers (a version keeps no zeros at its end)."""
    return (*version.release, 0)[:2]


def _data(value: Any) -> Data:
    return tuple(_data(item) for item in value) if isinstance(value, list) else value


_DISTRIBUTIONS = {"swift": "ms-swift"}
"""The name on the index of packages that are imported under another one."""


@lru_cache(maxsize=64)
def load_surface(package: str, name: str) -> Surface | None:
    """The surface of a class, or None where lintune has none; raises `SurfaceError` for a damaged file."""
    return read_surface(package, name, lambda _, surface: surface)


def read_surface(package: str, name: str, build: Callable[[dict[str, Any], Surface], Built]) -> Built | None:
    """What `build` makes of a surface file and the surface in it; None where there is no such file.

    Raises `SurfaceError`, which names the file, where it is damaged.
    """
    path = data_path("schemas", "surfaces", package, f"{name}.json")
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        releases = tuple(Version.parse(text) for text in data["releases"])
        more = data.get("parser", []), data.get("source", "")
        return build(data, Surface(package, name, releases, data["options"], data["choices"], data["bases"], *more))
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise SurfaceError(f"the option surface {path} is damaged: {error}") from error


def surface_of(dotted: str) -> Surface | None:
    """The surface of a library class by dotted name: `transformers.TrainingArguments`, `trl.trainer.sft_config.SFTConfig`."""
    package, _, rest = dotted.partition(".")
    return load_surface(_DISTRIBUTIONS.get(package, package), rest.rpartition(".")[2]) if rest else None
