"""The class behind an expression that picks one: a local name, an entry of the project's table, what a function returns of one."""

import ast
from collections.abc import Iterable

from lintune.scripts.modules import Definition, External, Module, Modules

_MOST_DEPTH = 6


def picked_class(
    expression: ast.expr, module: Module, modules: Modules, statements: Iterable[ast.AST] = (), depth: int = 0
) -> Definition | External | None:
    """The class, where it is the same in every run; `statements` are those of the function around the expression."""
    if depth > _MOST_DEPTH:
        return None
    match expression:
        case ast.Name() | ast.Attribute():
            meaning = modules.resolve(module, expression)
            if isinstance(meaning, External) or (isinstance(meaning, Definition) and isinstance(meaning.node, ast.ClassDef)):
                return meaning
            local = local_value(expression, statements)
            return picked_class(local, module, modules, statements, depth + 1) if local is not None else None
        case ast.Subscript(value=table, slice=key):
            return _entry(table, _constant(key, statements), module, modules, depth)
        case ast.Call(func=function, args=args, keywords=keywords):
            found = _function(function, module, modules)
            if found is None:
                return None
            home, node = found
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            given = {**dict(zip(names, args, strict=False)), **{word.arg: word.value for word in keywords if word.arg}}
            return _returned(node, {name: _constant(each, statements) for name, each in given.items()}, home, modules, depth)
    return None


def local_value(name: ast.expr, statements: Iterable[ast.AST]) -> ast.expr | None:
    """What a name is assigned, where that is done once."""
    if not isinstance(name, ast.Name):
        return None
    values = [
        node.value
        for node in statements
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name.id for target in node.targets)
    ]
    return values[0] if len(values) == 1 else None


def _constant(expression: ast.expr, statements: Iterable[ast.AST]) -> str | None:
    if isinstance(expression, ast.Name):
        expression = local_value(expression, statements) or expression
    return expression.value if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else None


def _entry(table: ast.expr, key: str | None, module: Module, modules: Modules, depth: int) -> Definition | External | None:
    """The class under a key of a dictionary of the project."""
    found = modules.resolve(module, table)
    if key is None or not isinstance(found, Definition) or not isinstance(found.node, ast.Assign):
        return None
    if not isinstance(found.node.value, ast.Dict):
        return None
    mapping = found.node.value
    values = [
        value
        for each, value in zip(mapping.keys, mapping.values, strict=True)
        if each is not None and isinstance(each, ast.Constant) and each.value == key
    ]
    return picked_class(values[0], found.module, modules, (), depth + 1) if len(values) == 1 else None


def _function(function: ast.expr, module: Module, modules: Modules) -> tuple[Module, ast.FunctionDef] | None:
    """A function of the project, or a method that is called on its class."""
    match modules.resolve(module, function):
        case Definition(module=home, node=ast.FunctionDef() as node):
            return home, node
    if not isinstance(function, ast.Attribute):
        return None
    match modules.resolve(module, function.value):
        case Definition(module=home, node=ast.ClassDef(body=body)):
            methods = [each for each in body if isinstance(each, ast.FunctionDef) and each.name == function.attr]
            return (home, methods[0]) if len(methods) == 1 else None
    return None


def _returned(
    node: ast.FunctionDef, given: dict[str, str | None], home: Module, modules: Modules, depth: int
) -> Definition | External | None:
    """What a function of a single `return` gives for these arguments."""
    body = [each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    match body:
        case [ast.Return(value=ast.Subscript(value=table, slice=ast.Name(id=name)))]:
            return _entry(table, given.get(name), home, modules, depth)
        case [ast.Return(value=ast.Call(func=ast.Attribute(value=table, attr="get"), args=[ast.Name(id=name), *_]))]:
            return _entry(table, given.get(name), home, modules, depth)
        case [ast.Return(value=ast.Name() as picked)] if picked.id not in given:
            return picked_class(picked, home, modules, (), depth + 1)
    return None
