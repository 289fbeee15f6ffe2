"""Which literal values a project compares an option with: what the script can tell apart."""

import ast
from collections.abc import Iterator

from lintune.scripts.modules import Module, Modules
from lintune.source.text import Site

_MOST_FILES = 12


def compared_values(option: str, modules: Modules) -> dict[str, Site]:
    """The strings that a variable, attribute or key called `option` is compared with, each with its first place.

    Looks at the entry script, at the project files that it imports, and at those that these import.
    """
    found: dict[str, Site] = {}
    for module in project_files(modules):
        for node in ast.walk(module.tree):
            for text, place in _compared(node, option):
                found.setdefault(text, module.site(place))
    return found


def project_files(modules: Modules) -> Iterator[Module]:
    """The entry script, the project files that it imports, and those that these import; a bounded number."""
    if modules.entry is None:
        return
    files = [modules.entry]
    seen = {modules.entry.source.path}
    for module in files:
        yield module
        for inner in modules.imported_modules(module):
            if inner.source.path not in seen and len(files) < _MOST_FILES:
                seen.add(inner.source.path)
                files.append(inner)


def _compared(node: ast.AST, option: str) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            for one, two in ((left, right), (right, left)):
                if _is_option(one, option):
                    yield from _texts(two)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]) if _is_option(left, option):
            yield from _texts(right)
        case ast.Match(subject=subject, cases=cases) if _is_option(subject, option):
            for case in cases:
                for inner in ast.walk(case.pattern):
                    if isinstance(inner, ast.MatchValue):
                        yield from _texts(inner.value)


def _is_option(node: ast.AST, option: str) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == option
        case ast.Call(func=ast.Attribute(value=value, attr="lower" | "strip" | "upper")):
            return _is_option(value, option)
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str() as name), *_]):
            return name == option
    return False


def _texts(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Constant(value=str() as text):
            yield text, node
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            for item in items:
                yield from _texts(item)
