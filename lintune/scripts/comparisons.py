"""Which literal values a project compares an option with: what the script can tell apart.

Read from the text, not from syntax trees: the files that hold the comparisons are the longest of a project, and
nothing else of them is needed. A comparison in a comment or a docstring counts too, which only widens the answer.
"""

import re
from collections.abc import Iterable, Iterator

from lintune.scripts.modules import Module, Modules
from lintune.source.text import Site, Source, Span

_MOST_FILES = 16
_TEXT = r"""(?:"([^"\\\n]*)"|'([^'\\\n]*)')"""


def compared_values(option: str, modules: Modules) -> dict[str, Site]:
    """The strings that a variable, attribute or key called `option` is compared with, each with its first place.

    Looks at the files that were parsed for the entry script and at the project files that these import.
    """
    found: dict[str, Site] = {}
    for source in project_texts(modules):
        if option in source.text:
            for text, span in _compared(source.text, option):
                found.setdefault(text, Site(source, span))
    return found


def dict_keys(name: str, sources: Iterable[Source]) -> dict[str, Site]:
    """The string keys of the first dictionary literal that is assigned to a name at a file's top level, with their places."""
    for source in sources:
        table = re.search(rf"^{re.escape(name)}(?:\s*:[^=\n]+)?\s*=\s*\{{([^{{}}]*)\}}", source.text, re.M)
        if table is not None:
            found = re.finditer(rf"{_TEXT}\s*:", table[1])
            return {text: Site(source, span) for text, span in (_literal(key, table.start(1)) for key in found)}
    return {}


def project_files(modules: Modules, holding: str = "") -> Iterator[Module]:
    """The parsed files of a project: those of the entry script, then those they import, where their text holds a word."""
    parsed = modules.parsed()
    yield from (module for module in parsed if holding in module.source.text)
    for module in parsed:
        for source in modules.imported_sources(module):
            if holding in source.text and all(source is not known.source for known in parsed):
                inner = modules.parse(source)
                if inner is not None:
                    yield inner


def project_texts(modules: Modules) -> list[Source]:
    """The files that were parsed for the entry script and the project files that these import, a few at most."""
    found: dict[str, Source] = {}
    parsed = modules.parsed()
    for module in parsed:
        found.setdefault(module.source.path, module.source)
    for module in parsed:
        for source in modules.imported_sources(module):
            found.setdefault(source.path, source)
    return list(found.values())[:_MOST_FILES]


def _compared(text: str, option: str) -> Iterator[tuple[str, Span]]:
    name = rf"""(?<!\w){re.escape(option)}["']?(?:,[^)\n]*)?\)?(?:\.(?:lower|upper|strip)\(\))?"""
    after = re.compile(rf"{name}\s*[=!]=\s*{_TEXT}")
    before = re.compile(rf"{_TEXT}\s*[=!]=\s*[\w.]*(?<!\w){re.escape(option)}(?!\w)")
    for found in (*after.finditer(text), *before.finditer(text)):
        yield _literal(found, 0)
    for group in re.finditer(rf"{name}\s+(?:not\s+)?in\s*[\[({{]([^\])}}]*)", text):
        for found in re.finditer(_TEXT, group[1]):
            yield _literal(found, group.start(1))
    for block in re.finditer(rf"^([ \t]*)match\s+[\w.]*(?<!\w){re.escape(option)}\s*:\n((?:\1[ \t]+.*\n|\s*\n)+)", text, re.M):
        for case in re.finditer(r"^[ \t]*case\s(.*):", block[2], re.M):
            for found in re.finditer(_TEXT, case[1]):
                yield _literal(found, block.start(2) + case.start(1))


def _literal(found: re.Match[str], offset: int) -> tuple[str, Span]:
    """The text of a string literal, and its span with the quotes."""
    group = 1 if found[1] is not None else 2
    return found[group], Span(offset + found.start(group) - 1, offset + found.end(group) + 1)
