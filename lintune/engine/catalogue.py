"""The catalogue of rules: loaded from the compiled file of the wheel, from the user's cache, or compiled from the pages."""

import marshal
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from lintune.engine.cache import digest, keep, read_kept
from lintune.engine.rule import Rule
from lintune.source.record import dataclass, field

if TYPE_CHECKING:
    from lintune.engine.page import Page

COMPILED_NAME = "compiled.bin"
_CONDITION = 10
"""Where a row holds the index of its condition."""
_ENGINE = ("compile.py", "expression.py", "kleene.py", "page.py", "rule.py", "template.py")
"""The modules whose change makes cached conditions stale."""

Errors: TypeAlias = tuple[tuple[str, int, str], ...]
Loaded: TypeAlias = tuple[tuple[Any, ...], Any, Errors]
"""Rows, the code object of their conditions, and the pages that could not be used."""


@dataclass(slots=True)
class Catalogue:
    """All rules, and the folder their pages are in."""

    rules: tuple[Rule, ...]
    folder: str
    errors: Errors = ()
    """Pages that could not be used: path, line, message."""
    _by_word: dict[str, Rule] = field(default_factory=dict, repr=False)

    def find(self, word: str) -> Rule | None:
        """The rule of a code, a name, or an earlier name."""
        if not self._by_word:
            for rule in self.rules:
                for each in (rule.code.lower(), rule.name, *rule.aliases):
                    self._by_word[each] = rule
        return self._by_word.get(word.lower())

    def page(self, rule: Rule) -> "Page":
        """The rule's page, read now. Raises `PageError`."""
        from lintune.engine.compile import load_page

        return load_page(os.path.join(self.folder, rule.path), rule.path)

    def words(self) -> list[str]:
        """Every code and name, for suggestions."""
        return [word for rule in self.rules for word in (rule.code, rule.name, *rule.aliases)]


def load_catalogue(folder: "str | os.PathLike[str] | None" = None, house: bool = False) -> Catalogue:
    """The rules of a folder of pages (None: the shipped ones). `house`: the folder is not trusted."""
    if folder is None:
        from lintune.source.data import data_path

        folder = data_path("rules")
    place = os.path.abspath(folder)
    loaded = None if house else _from_wheel(place)
    rows, code, errors = loaded or _from_cache(place, house)
    return Catalogue(tuple(rules_of(rows, code)), place, errors)


def rules_of(rows: Iterable[tuple[Any, ...]], code: Any) -> Iterable[Rule]:
    """Rules from compiled rows and the code object of their conditions."""
    from lintune.engine import kleene

    functions: dict[str, Any] = {"k": kleene, "__builtins__": {}}
    exec(code, functions)
    for row in rows:
        index = row[_CONDITION]
        fields: list[Any] = list(row)
        fields[_CONDITION] = functions[f"c{index}"] if index >= 0 else None
        yield Rule(*fields)


def _from_wheel(folder: str) -> Loaded | None:
    try:
        with open(os.path.join(folder, COMPILED_NAME), "rb") as stream:
            _, rows, text, errors, tag, code = marshal.loads(stream.read())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if tag == sys.implementation.cache_tag:
        return rows, marshal.loads(code), errors
    signature = (os.stat(os.path.join(folder, COMPILED_NAME)).st_mtime_ns, len(text))
    cached = _read_cache(folder, signature)
    if cached is None:
        cached = (rows, compile(text, "<conditions>", "exec", dont_inherit=True, optimize=2), errors)
        _write_cache(folder, signature, cached)
    return cached


def _from_cache(folder: str, house: bool) -> Loaded:
    signature = _signature(folder, house)
    cached = _read_cache(folder, signature)
    if cached is not None:
        return cached
    from lintune.engine.compile import compile_pages

    compiled = compile_pages(folder, house)
    fresh = (compiled.rows, compile(compiled.conditions, "<conditions>", "exec", dont_inherit=True, optimize=2), compiled.errors)
    _write_cache(folder, signature, fresh)
    return fresh


def _signature(folder: str, house: bool) -> tuple[Any, ...]:
    """What the compiled form depends on: every page's name, size and time, and the engine's own modules."""
    here = os.path.dirname(__file__)
    times = tuple(os.stat(os.path.join(here, name)).st_mtime_ns for name in _ENGINE)
    return (house, tuple(sorted(page_stamps(folder, house))), times)


def page_stamps(folder: str, house: bool) -> list[tuple[str, int, int]]:
    """Every page below a folder with its size and time of change."""
    stamps: list[tuple[str, int, int]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".md"):
                    status = entry.stat(follow_symlinks=not house)
                    stamps.append((entry.path, status.st_size, status.st_mtime_ns))
                elif entry.is_dir(follow_symlinks=not house) and not entry.name.startswith((".", "_")):
                    stamps += page_stamps(entry.path, house)
    except OSError:
        pass
    return stamps


def _cache_name(folder: str) -> str:
    return f"rules-{digest(folder).hex()}"


def _read_cache(folder: str, signature: tuple[Any, ...]) -> Loaded | None:
    """The kept form, if it was made from the same pages."""
    try:
        kept, rows, code, errors = read_kept(_cache_name(folder))
    except (ValueError, TypeError):
        return None
    return (rows, code, errors) if kept == signature else None


def _write_cache(folder: str, signature: tuple[Any, ...], loaded: Loaded) -> None:
    keep(_cache_name(folder), (signature, *loaded))
