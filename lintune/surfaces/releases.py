"""The releases of packages that lintune knows, and what replaced an option that is gone."""

import json
from functools import lru_cache
from typing import Any

from lintune.source.data import data_path, data_text
from lintune.source.record import dataclass
from lintune.surfaces.surface import SurfaceError
from lintune.values.version import Version


@dataclass(frozen=True, slots=True)
class Replacement:
    """What to write instead of an option, and when that means the same."""

    text: str
    when: str = ""
    """The condition under which it means the same; empty when it always does."""
    both: str = ""
    """The releases that accept both names, as a specifier; empty where none does."""
    wins: str = ""
    """The name that counts where both are given in those releases; empty where that is not known."""


@lru_cache(maxsize=8)
def _packages(file_name: str) -> dict[str, Any]:
    try:
        packages = json.loads(data_text("schemas", file_name))["packages"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise SurfaceError(f"{data_path('schemas', file_name)} is missing or damaged: {error}") from error
    return packages if isinstance(packages, dict) else {}


def known_packages() -> list[str]:
    """The packages whose releases are known, in order."""
    return sorted(_packages("releases.json"))


@lru_cache(maxsize=16)
def releases(package: str) -> tuple[Version, ...]:
    """The known releases of a package, oldest first; empty for a package that is not known."""
    return tuple(Version.parse(text) for text in _packages("releases.json").get(package, {}).get("releases", ()))


def recent_releases(package: str) -> tuple[Version, ...]:
    """The releases that a launch without a pin is taken to run with: those of about the last three years, withdrawn ones left out."""
    entry = _packages("releases.json").get(package, {})
    oldest, withdrawn = Version.parse(entry.get("recent_from", "0")), set(entry.get("withdrawn", ()))
    return tuple(version for version in releases(package) if version >= oldest and version.text not in withdrawn)


def replacement(package: str, name: str) -> Replacement | None:
    """What replaced an option of a package, from `schemas/replacements.json`."""
    found = _packages("replacements.json").get(package, {}).get(name)
    return Replacement(found["use"], found.get("when", ""), found.get("both", ""), found.get("wins", "")) if found else None


def packages() -> tuple[str, ...]:
    """Every package whose releases lintune knows."""
    return tuple(_packages("releases.json"))
