"""Requirements in a pyproject.toml: the project's own, extras, dependency groups, and those of Poetry, uv, PDM and pixi."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from lintune.launch.pins import CONDA_NAMES, FilePin, from_poetry, package_name
from lintune.source.text import Site, Source, Span
from lintune.syntax.toml import parse_toml
from lintune.syntax.tree import Entry, Mapping, Node, Scalar, Sequence

Add = Callable[[Source, int, int, bool], None]
"""Takes the stretch of a text that holds a requirement, and whether it is optional."""

_LISTS: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("project", "dependencies"), False),
    (("project", "optional-dependencies", "*"), True),
    (("dependency-groups", "*"), True),
    (("tool", "uv", "override-dependencies"), False),
    (("tool", "uv", "constraint-dependencies"), False),
    (("tool", "uv", "dev-dependencies"), True),
    (("tool", "pdm", "dev-dependencies", "*"), True),
)
"""Lists of requirements as PEP 508 spells them, and whether they are optional."""

_TABLES: tuple[tuple[tuple[str, ...], bool], ...] = (
    (("tool", "poetry", "dependencies"), False),
    (("tool", "poetry", "dev-dependencies"), True),
    (("tool", "poetry", "group", "*", "dependencies"), True),
    (("tool", "pixi", "pypi-dependencies"), False),
    (("tool", "pixi", "dependencies"), False),
)
"""Tables of package names with a release, or with a table that has a `version`."""


def read_pyproject(source: Source, add: Add) -> Iterator[FilePin]:
    """Hand every listed requirement to `add`, and yield those that tables state."""
    root = _root(source)
    if root is None:
        return
    for way, optional in _LISTS:
        for node in _at(root, way):
            for item in node.items if isinstance(node, Sequence) else ():
                if isinstance(item, Scalar) and item.quoted:
                    quotes = 3 if item.raw.startswith(('"""', "'''")) else 1
                    inside = item.raw[quotes:-quotes]
                    start = item.site.span.start + quotes + len(inside) - len(inside.lstrip())
                    add(source, start, item.site.span.end - quotes, optional)
    for way, optional in _TABLES:
        for node in _at(root, way):
            for entry in node.entries if isinstance(node, Mapping) else ():
                if entry.key.value != "python":
                    yield from _stated(source, entry, optional)


@lru_cache(maxsize=16)
def _root(source: Source) -> Node | None:
    """Every folder below reads the project's file again."""
    return parse_toml(source).root


def _at(node: Node, way: tuple[str, ...]) -> Iterator[Node]:
    """The nodes that a path leads to; `*` stands for any key."""
    if not way:
        yield node
    elif isinstance(node, Mapping):
        for entry in node.entries:
            if way[0] in ("*", entry.key.value):
                yield from _at(entry.value, way[1:])


def _stated(source: Source, entry: Entry, optional: bool) -> Iterator[FilePin]:
    """`name = "^1.2"`, or `name = {version = "^1.2"}`; of a list for several platforms the first."""
    node, start = entry.value, entry.key.site.span.start
    if isinstance(node, Sequence) and node.items:
        node = node.items[0]
    if isinstance(node, Mapping):
        extra = node.get("optional")
        optional = optional or (isinstance(extra, Scalar) and extra.value is True)
        version = node.entry("version")
        if version is None:
            return
        if source.text.startswith("[", node.site.span.start):  # a table with a header of its own
            start = version.key.site.span.start
        node = version.value
    name = package_name(str(entry.key.value))
    name = CONDA_NAMES.get(name, name)
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.quoted and re.match(r"[a-z0-9]", name):
        yield FilePin(name, from_poetry(node.value), Site(source, Span(start, node.site.span.end)), optional=optional)
