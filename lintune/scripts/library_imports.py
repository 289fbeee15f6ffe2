"""The names that a file imports from a library as a whole: `from transformers import AdamW`."""

import ast
import re

from lintune.source.text import Site, Source, Span

_LINE = re.compile(r"(?m)^[ \t]*from[ \t]+(?:transformers|trl|peft)[ \t]+import\b")


def library_imports(source: Source) -> dict[str, Site]:
    """By dotted name the place of each import that is made whenever the file is loaded; none where the file does not parse.

    Imports in `try`, in a condition or in a function are left out: what they find missing may be meant.
    """
    if not _LINE.search(source.text):
        return {}
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, Site] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and not node.level and node.module in ("transformers", "trl", "peft"):
            for alias in node.names:
                found.setdefault(f"{node.module}.{alias.name}", Site(source, _span(source, alias)))
    return found


def _span(source: Source, alias: ast.alias) -> Span:
    first, last = source.line_span(alias.lineno), source.line_span(alias.end_lineno or alias.lineno)
    start = source.text.find(alias.name, first.start, last.end)
    return Span(start, start + len(alias.name)) if start >= 0 else Span(first.start, last.end)
