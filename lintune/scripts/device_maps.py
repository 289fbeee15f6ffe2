"""The `device_map` that a script passes when it loads its model."""

import ast
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from lintune.scripts.modules import Module
from lintune.source.text import Site

DeviceMap: TypeAlias = tuple[str, Site]
"""What is passed and where: a word such as `auto`, `placed` for a mapping of modules to devices, `undecided` where it depends."""
_Kind: TypeAlias = Literal["none", "undecided"] | str


def passed_device_map(modules: Iterable[Module]) -> DeviceMap | None:
    """The first device map that `from_pretrained` certainly gets, else one that it may get; None where none is passed."""
    undecided: DeviceMap | None = None
    for module in modules:
        for keyword, certain in _keywords(module.tree, True):
            kind = _kind(keyword.value, module.tree)
            if kind == "none":
                continue
            if kind != "undecided" and certain:
                return kind, module.site(keyword)
            undecided = undecided or ("undecided", module.site(keyword))
    return undecided


def _keywords(node: ast.AST, certain: bool) -> Iterator[tuple[ast.keyword, bool]]:
    """The `device_map=` of every `from_pretrained` call, and whether the call is outside of any condition."""
    match node:
        case ast.Call(func=ast.Attribute(attr="from_pretrained"), keywords=keywords):
            yield from ((keyword, certain) for keyword in keywords if keyword.arg == "device_map")
    inner = certain and not isinstance(node, ast.If | ast.IfExp | ast.ExceptHandler | ast.While | ast.Match)
    for child in ast.iter_child_nodes(node):
        yield from _keywords(child, inner)


def _kind(value: ast.expr, tree: ast.Module) -> _Kind:
    match value:
        case ast.Constant(value=None):
            return "none"
        case ast.Constant(value=str() as word):
            return word
        case ast.Dict():
            return "placed"
        case ast.Name(id=name):
            kinds = {_kind(each, tree) if not isinstance(each, ast.Name) else "undecided" for each in _assigned(name, tree)}
            return kinds.pop() if len(kinds) == 1 else "undecided"
    return "undecided"


def _assigned(name: str, tree: ast.Module) -> Iterator[ast.expr]:
    """Every value that is assigned to a name anywhere in a file, and its default as a parameter."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value) if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                yield value
            case ast.arg(arg=found) if found == name:
                yield ast.Name(id=name)
