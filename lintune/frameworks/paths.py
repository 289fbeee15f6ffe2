"""Files that a launch names: where they would be, and whether they are there."""

import posixpath

from lintune.frameworks.context import Reading
from lintune.launch.launches import made_before
from lintune.source.record import dataclass
from lintune.source.text import Source


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path of a launch as reports show it."""

    path: str | None
    """None where it lies outside of what may be read."""
    exists: bool | None
    """None where that cannot be told."""
    reason: str = ""
    made: Source | None = None
    """Its text, where the launch script writes the file itself."""


def resolve(reading: Reading, path: str) -> Resolved:
    """A path as the entry script would open it, seen from the launch's folder."""
    if "://" in path:
        return Resolved(None, None, f"`{path}` is not a local file")
    made = made_before(reading.launch, path)
    if made is not None:
        text = made.source(path)
        return _made(reading, path) if text is None else Resolved(path, True, made=text)
    return _at_hand(reading, path)


def source_of(reading: Reading, found: Resolved) -> Source | None:
    """The text of a file of a launch; None where it cannot be read."""
    return found.made or (reading.context.project.read(found.path) if found.path else None)


def _made(reading: Reading, path: str) -> Resolved:
    """A file that may be written before the launch: one that is there may be the one that is meant."""
    found = _at_hand(reading, path)
    return found if found.exists else Resolved(None, None, f"`{path}` may be written before the launch")


def _at_hand(reading: Reading, path: str) -> Resolved:
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
