"""The `raise` and `assert` statements of a script whose conditions read parsed options."""

import ast
from collections.abc import Iterator

from lintune.run.run import Guard
from lintune.scripts.bindings import Bindings
from lintune.scripts.modules import Definition, Module
from lintune.scripts.parsers import Reached


def read_guards(scopes: list[Reached], bound: dict[int, Bindings], classes: list[Definition]) -> tuple[Guard, ...]:
    """Guards of the reached scopes, and of the `__post_init__` of the script's dataclasses, in the order written."""
    found: list[Guard] = []
    for scope in scopes:
        found.extend(_guards(scope.node.body, bound[id(scope.node)], scope.module, frozenset()))
    for definition in classes:
        for node in getattr(definition.node, "body", ()):
            if isinstance(node, ast.FunctionDef) and node.name == "__post_init__":
                found.extend(_guards(node.body, Bindings({"self"}), definition.module, frozenset()))
    return tuple(found)


def _guards(body: list[ast.stmt], bindings: Bindings, module: Module, read: frozenset[str]) -> Iterator[Guard]:
    """Guards below the statements; `read` are the options of the conditions around them, an `else` included."""
    for node in body:
        match node:
            case ast.Raise():
                if read:
                    yield Guard(read, module.site(node), _raised_message(node))
            case ast.Assert(test=test):
                names = read | bindings.read(test)
                if bindings.read(test):
                    yield Guard(names, module.site(node), _text(node.msg))
            case ast.If(test=test, body=inner, orelse=other):
                names = read | bindings.read(test)
                yield from _guards(inner, bindings, module, names)
                yield from _guards(other, bindings, module, names)
            case ast.Match(subject=subject, cases=cases):
                names = read | bindings.read(subject)
                for case in cases:
                    yield from _guards(case.body, bindings, module, names)
            case ast.For(body=inner, orelse=other) | ast.While(body=inner, orelse=other):
                yield from _guards([*inner, *other], bindings, module, read)
            case ast.With(body=inner) | ast.AsyncWith(body=inner):
                yield from _guards(inner, bindings, module, read)
            case ast.Try(body=inner, orelse=other, finalbody=final):
                yield from _guards([*inner, *other, *final], bindings, module, read)


def _raised_message(node: ast.Raise) -> str:
    return _text(node.exc.args[0]) if isinstance(node.exc, ast.Call) and node.exc.args else ""


def _text(expression: ast.expr | None) -> str:
    match expression:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) if isinstance(part, ast.Constant) else "..." for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return _text(value)
    return ""
