"""The keys of a configuration file of a package through its releases, nested, by dotted path.

A list of mappings has no index in its path: `datasets.path` is the key `path` of every entry of `datasets`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from lintune.launch.near_names import nearest_name
from lintune.source.record import dataclass, field
from lintune.surfaces.surface import Surface, read_surface
from lintune.surfaces.windows import spec_text
from lintune.values.option import Option
from lintune.values.version import Version

Unknown: TypeAlias = Literal["refused", "dropped", "kept"]
"""What happens to a key that is not listed: the program stops, ignores it without a word, or hands it on."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key as one release has it."""

    option: Option
    path: str
    section: bool = False
    """Whether it holds keys of its own."""
    types: tuple[str, ...] = ()
    """The kinds of value that are taken, where there are several."""
    keys: tuple[str, ...] = ()
    """Other names that are accepted for it."""
    instead: str = ""
    """What its own definition says should be used instead."""
    deprecated: bool = False


@dataclass(slots=True)
class KeySurface:
    """The keys of one file over the releases that were read."""

    surface: Surface
    _windows: Mapping[str, list[list[Any]]]
    _sections: Mapping[str, list[list[Any]]]
    _refused: Mapping[str, list[list[Any]]]
    _others: dict[str, str] = field(default_factory=dict)
    """Other names of keys, by the path with that name."""
    _listed: bool = False

    @property
    def releases(self) -> tuple[Version, ...]:
        """The releases that were read, oldest first."""
        return self.surface.releases

    @property
    def paths(self) -> Iterable[str]:
        """Every key of any release."""
        return self._windows.keys()

    def canonical(self, path: str) -> str:
        """The path under which a key is listed: without indices of lists, and with the key's own name."""
        found = ""
        for part in path.replace("[", ".").replace("]", "").split("."):
            if part.isdigit():
                continue
            joined = f"{found}.{part}" if found else part
            found = joined if joined in self._windows else self._other_names().get(joined, joined)
        return found

    def known(self, path: str, version: Version | None = None) -> bool:
        """Whether any release has the key; with a version, whether the release that stands for it has."""
        present = self.present(path)
        return any(present) if version is None else present[self.surface.index(version)]

    def present(self, path: str) -> list[bool]:
        """For every release, whether it takes a key of this name there."""
        name = self.canonical(path)
        own, last = name.rpartition(".")[2], path.rpartition(".")[2].rstrip("]")
        inside = [False] * len(self.releases)
        for first, end, *rest in self._windows.get(name, ()):
            more: Mapping[str, Any] = rest[2] if len(rest) > 2 else {}
            if last == own or last.isdigit() or last in more.get("keys", ()):
                inside[first : end + 1] = [True] * (end + 1 - first)
        return inside

    def names_at(self, index: int) -> Iterator[str]:
        """The paths of the keys that the release of that index takes, under every name that it takes them by."""
        for path, windows in self._windows.items():
            section, dot, _ = path.rpartition(".")
            for first, last, *rest in windows:
                if first <= index <= last:
                    yield path
                    yield from (f"{section}{dot}{other}" for other in (rest[2] if len(rest) > 2 else {}).get("keys", ()))

    def window(self, path: str) -> tuple[str, str]:
        """The releases that have a key and those that have not, as specifiers; empty text means all releases."""
        inside = self.present(path)
        return spec_text(self.releases, inside), spec_text(self.releases, [not one for one in inside])

    def key(self, path: str, version: Version | None = None) -> Key | None:
        """The key as the release that stands for a version has it; without one, as the newest release that has it."""
        name = self.canonical(path)
        windows = self._windows.get(name, ())
        if version is not None:
            index = self.surface.index(version)
            windows = [window for window in windows if window[0] <= index <= window[1]]
        if not windows:
            return None
        first, _, _, _, *rest = windows[-1]
        more: Mapping[str, Any] = rest[0] if rest else {}
        option = self.surface.at(name, first)
        assert option is not None
        return Key(
            option,
            name,
            section=bool(more.get("section")),
            types=tuple(more.get("types", ())),
            keys=tuple(more.get("keys", ())),
            instead=more.get("instead", ""),
            deprecated=bool(more.get("deprecated")),
        )

    def children(self, path: str = "", version: Version | None = None) -> tuple[str, ...]:
        """The paths of the keys directly inside a mapping (the file itself without a path)."""
        name = self.canonical(path) if path else ""
        prefix = f"{name}." if name else ""
        inside = [other for other in self._windows if other.startswith(prefix) and "." not in other[len(prefix) :]]
        return tuple(other for other in inside if version is None or self.known(other, version))

    def nearest(self, path: str, version: Version | None = None) -> str | None:
        """A key of the same mapping that is nearly this one, by its path."""
        name = self.canonical(path)
        section, _, last = name.rpartition(".")
        names = {child.rpartition(".")[2]: child for child in self.children(section, version)}
        found = nearest_name(last, sorted(names))
        return names[found] if found is not None else None

    def elsewhere(self, path: str, version: Version | None = None) -> tuple[str, ...]:
        """Keys of the same name in other mappings: where a key that is misplaced may belong."""
        last = path.rpartition(".")[2]
        name = self.canonical(path)
        found = [other for other in self._windows if other != name and other.rpartition(".")[2] == last]
        return tuple(other for other in found if version is None or self.known(other, version))

    def unknown(self, path: str = "", version: Version | None = None) -> Unknown:
        """What happens to an unlisted key inside a mapping; `kept` where the keys of the mapping are not known."""
        windows = self._sections.get(self.canonical(path) if path else "", ())
        index = self.surface.index(version) if version is not None else len(self.releases) - 1
        found: Unknown = next((window[2] for window in windows if window[0] <= index <= window[1]), "kept")
        return found

    def refused(self, path: str, version: Version | None = None) -> bool:
        """Whether a release knows the key as removed and stops at it."""
        index = self.surface.index(version) if version is not None else len(self.releases) - 1
        return any(window[0] <= index <= window[1] for window in self._refused.get(self.canonical(path), ()))

    def _other_names(self) -> Mapping[str, str]:
        if not self._listed:
            self._others.update(self._read_others())
            self._listed = True
        return self._others

    def _read_others(self) -> Iterator[tuple[str, str]]:
        for path, windows in self._windows.items():
            section = path.rpartition(".")[0]
            for window in windows:
                for other in window[4].get("keys", ()) if len(window) > 4 else ():
                    yield f"{section}.{other}" if section else other, path


@lru_cache(maxsize=32)
def load_keys(package: str, name: str = "config") -> KeySurface | None:
    """The keys of a package's configuration file, or None where lintune has none; raises `SurfaceError` for a damaged file."""
    return read_surface(
        package, name, lambda data, surface: KeySurface(surface, data["options"], data.get("sections", {}), data.get("refused", {}))
    )
