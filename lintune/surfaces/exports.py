"""What a package exports in some of its releases only, from `schemas/exports.json`."""

import json
from functools import lru_cache

from lintune.source.data import data_path, data_text
from lintune.surfaces.releases import releases
from lintune.surfaces.surface import SurfaceError
from lintune.values.version import Version


@lru_cache(maxsize=1)
def _exports() -> dict[str, dict[str, list[str]]]:
    try:
        found = json.loads(data_text("schemas", "exports.json"))["packages"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise SurfaceError(f"{data_path('schemas', 'exports.json')} is missing or damaged: {error}") from error
    return found if isinstance(found, dict) else {}


def exporting(package: str, name: str) -> list[bool] | None:
    """For every known release of a package whether it exports a name; None for a name whose releases are not listed."""
    window = _exports().get(package, {}).get(name)
    if window is None:
        return None
    first, last = (Version.parse(text) if text else None for text in window)
    return [(first is None or version >= first) and (last is None or version <= last) for version in releases(package)]
