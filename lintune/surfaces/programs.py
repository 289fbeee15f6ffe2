"""Which surfaces make up the options of a command: `llamafactory-cli train`, `swift sft`, `accelerate launch` ..."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lintune.source.data import data_path, data_text
from lintune.source.record import dataclass
from lintune.surfaces.surface import Surface, SurfaceError, load_surface
from lintune.values.version import Version


@dataclass(frozen=True, slots=True)
class Program:
    """A command of a package, and where its options are defined."""

    package: str
    command: str
    parts: tuple[tuple[str, ...], ...]
    """Every part of the options: dotted surfaces, of which the first that a release has counts."""
    unknown: str
    """What happens to an option that is not known: `refused`, `dropped`, `kept`."""
    nested: bool = False
    """Whether options are keys of a nested file (`load_keys`) rather than flags."""
    evidence: str = ""
    """Where the package's source says so."""

    def at(self, version: Version) -> tuple[str, ...]:
        """The dotted surfaces of a release of the package."""
        found: list[str] = []
        for part in self.parts:
            name = next((dotted for dotted in part if self._has(dotted, version)), None)
            if name is not None:
                found.append(name)
        return tuple(found)

    def _has(self, dotted: str, version: Version) -> bool:
        package, _, name = dotted.partition(".")
        surface = load_surface(package, name)
        if surface is None:
            return False
        return package != self.package or _covers(surface, version)


def _covers(surface: Surface, version: Version) -> bool:
    """Whether the class exists in the release that stands for a version: it has a definition, so its bases are listed."""
    return surface.releases[0] <= version and surface.exists_at(surface.index(version))


@lru_cache(maxsize=1)
def _programs() -> Mapping[str, Any]:
    path = data_path("schemas", "programs.json")
    try:
        found: Mapping[str, Any] = json.loads(data_text("schemas", "programs.json"))["programs"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise SurfaceError(f"{path} is missing or damaged: {error}") from error
    return found


def program(package: str, command: str) -> Program | None:
    """A command of a package by name (`train`, `sft`, `launch`); None where lintune does not know it."""
    entry = _programs().get(package, {}).get(command)
    if entry is None:
        return None
    parts = tuple(tuple(dotted if "." in dotted else f"{package}.{dotted}" for dotted in part) for part in entry["surfaces"])
    return Program(package, command, parts, entry["unknown"], bool(entry.get("nested")), entry.get("evidence", ""))


def commands(package: str) -> tuple[str, ...]:
    """The commands of a package that lintune knows the options of."""
    return tuple(_programs().get(package, {}))
