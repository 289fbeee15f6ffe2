"""Files that a launch names: where they would be, and whether they are there."""

import posixpath

from lintune.frameworks.context import Reading
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path of a launch as reports show it."""

    path: str | None
    """None where it lies outside of what may be read."""
    exists: bool | None
    """None where that cannot be told."""
    reason: str = ""


def resolve(reading: Reading, path: str) -> Resolved:
    """A path as the entry script would open it, seen from the launch's folder."""
    if "://" in path:
        return Resolved(None, None, f"`{path}` is not a local file")
    if path.startswith(("/", "~")):
        return _absolute(reading, path)
    joined = posixpath.normpath(posixpath.join(reading.folder, path))
    if reading.context.project.exists(joined):
        return Resolved(joined, True)
    if not reading.corroborated and (elsewhere := _beside_script(reading, path)):
        return Resolved(elsewhere, True)
    return Resolved(joined, False)


def _absolute(reading: Reading, path: str) -> Resolved:
    if not path.startswith("~") and reading.context.project.exists(path):
        return Resolved(path, True)
    return Resolved(None, None, f"`{path}` lies outside of the project")


def _beside_script(reading: Reading, path: str) -> str | None:
    """The file seen from a folder above the launch script: the working folder is not known."""
    folder = posixpath.dirname(reading.context.script)
    for _ in range(6):
        candidate = posixpath.normpath(posixpath.join(folder, path))
        if reading.context.project.exists(candidate):
            return candidate
        if not folder or folder.startswith(".."):
            return None
        folder = posixpath.dirname(folder)
    return None
