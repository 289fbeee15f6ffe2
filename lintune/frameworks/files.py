"""The files that a launch refers to, as items: entry script, DeepSpeed JSON, configs, data, model."""

import posixpath
from collections.abc import Iterator

from lintune.frameworks.context import Reading
from lintune.frameworks.paths import resolve
from lintune.run.run import Item, Run
from lintune.source.record import dataclass
from lintune.source.text import Site
from lintune.values.value import Absent, Known, Origin, Unknown, Value, is_default, site_of

_LOCAL = ("./", "../", "/", "~/")


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that the launch names: its role, and the value that names it."""

    role: str
    value: Value


def add_files(run: Run, reading: Reading, named: tuple[NamedFile, ...]) -> None:
    """Add the `files` items; what is not given, or a default, is left out."""
    items = [item for file in named for item in _items(reading, file)]
    run.items["files"] = (*run.items.get("files", ()), *items)


def _items(reading: Reading, file: NamedFile) -> Iterator[Item]:
    match file.value:
        case Known(value=str(path)) if path.strip() and not is_default(file.value):
            yield item_of(reading, file.role, path, file.value.origin, site_of(file.value))
        case Known(value=tuple(paths)):
            for each in paths:
                if isinstance(each, str) and each.strip():
                    yield item_of(reading, file.role, each, file.value.origin, site_of(file.value))
        case Unknown() as unknown:
            fields: dict[str, Value] = {
                "path": unknown,
                "role": Known(file.role),
                "exists": unknown,
                "near": Absent(),
                "elsewhere": unknown,
                "found": unknown,
                "corroborated": Known(reading.corroborated),
            }
            yield Item(fields, site_of(unknown))


def item_of(reading: Reading, role: str, path: str, origin: Origin, site: Site | None = None) -> Item:
    """A path with what is known of it."""
    exists, near, found = _existence(reading, role, path, origin)
    fields: dict[str, Value] = {
        "path": Known(path, origin),
        "role": Known(role),
        "exists": exists,
        "near": near,
        "elsewhere": Known(_elsewhere(path, near)),
        "found": found,
        "corroborated": Known(reading.corroborated),
    }
    return Item(fields, site)


def _existence(reading: Reading, role: str, path: str, origin: Origin) -> tuple[Value, Value, Value]:
    """Whether the file is there, one that was probably meant, and its path as reports show it."""
    if role == "model" and not path.startswith(_LOCAL):
        # A hub name looks like a relative path; only one that is there is a folder.
        found = resolve(reading, path)
        return (Known(True, origin) if found.exists else Unknown(f"`{path}` may be a model of the hub", origin)), Absent(), Absent()
    found = resolve(reading, path)
    if found.exists is None:
        return Unknown(found.reason, origin), Absent(), Absent()
    if found.exists:
        return Known(True, origin), Absent(), Known(found.path) if found.path else Absent()
    return Known(False, origin), _near(reading, found.path or path), Absent()


def _near(reading: Reading, path: str) -> Value:
    """An existing file that was probably meant."""
    found = reading.context.project.near(path)
    return Known(found) if found else Absent()


def _elsewhere(path: str, near: Value) -> bool:
    """Whether the near file is the very one that the path means from another folder: then the launch may be started there."""
    return isinstance(near, Known) and f"/{near.value}".endswith(f"/{posixpath.normpath(path)}")
