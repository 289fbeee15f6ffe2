"""The tree of a data file (YAML, JSON, TOML): mappings with duplicate keys kept, sequences, scalars with their raw text."""

from collections.abc import Iterator
from collections.abc import Sequence as Items
from typing import Any, TypeAlias

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `raw` is the text as written, `value` what the format's reference loader makes of it."""

    raw: str
    value: str | int | float | bool | None
    site: Site
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value in a mapping."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping with every entry in the order written, duplicates included."""

    entries: tuple[Entry, ...]
    site: Site

    def get(self, key: str) -> "Node | None":
        """The value that a loader would keep for the key: the last one written."""
        found = self.entry(key)
        return found.value if found else None

    def entry(self, key: str) -> Entry | None:
        """The last entry with this key."""
        for entry in reversed(self.entries):
            if entry.key.value == key:
                return entry
        return None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    site: Site


Node: TypeAlias = Mapping | Sequence | Scalar


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed data file: the root where there is one, and what could not be read."""

    root: Node | None
    problems: tuple[Problem, ...] = field(default=())


def walk(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node below (and with) `node`, with the keys that lead there; list items count as "0", "1", ..."""
    yield path, node
    match node:
        case Mapping(entries=entries):
            for entry in entries:
                yield from walk(entry.value, (*path, str(entry.key.value)))
        case Sequence(items=items):
            for index, item in enumerate(items):
                yield from walk(item, (*path, str(index)))


def repeated_keys(entries: Items[Entry]) -> list[Problem]:
    """A problem `duplicate-key` at every key that a later equal key of the same mapping overrides."""
    last = {entry.key.value: entry for entry in entries}
    if len(last) == len(entries):
        return []
    problems = []
    for entry in entries:
        kept = last[entry.key.value]
        if kept is not entry:
            same = entry.value.site.text == kept.value.site.text
            message = f"`{entry.key.value}` is given again on line {kept.key.site.line}, which is what counts"
            data = (("key", str(entry.key.value)), ("kept_line", str(kept.key.site.line)), ("same", str(same).lower()))
            problems.append(Problem("duplicate-key", message, entry.key.site, data))
    return problems


def loaded(node: Node | None) -> Any:
    """What the format's loader makes of a tree: dictionaries, lists and scalars; of a key written twice the last value counts."""
    match node:
        case Mapping(entries=entries):
            return {entry.key.value: loaded(entry.value) for entry in entries}
        case Sequence(items=items):
            return [loaded(item) for item in items]
        case Scalar(value=value):
            return value
        case None:
            return None
