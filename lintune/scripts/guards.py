"""The `raise` and `assert` statements of a script whose conditions read parsed options."""

import ast
from collections.abc import Iterator

from lintune.run.run import Condition, Guard
from lintune.scripts.bindings import Bindings
from lintune.scripts.conditions import condition_of
from lintune.scripts.modules import Definition, Module
from lintune.scripts.parsers import Reached
from lintune.source.record import dataclass

_PARSES = frozenset({"parse_args_into_dataclasses", "parse_args_and_config", "parse_args", "parse_known_args"})
_LEAVES = frozenset({"exit", "quit", "_exit"})


@dataclass(slots=True)
class _Way:
    """How a statement is reached."""

    bindings: Bindings
    module: Module
    read: frozenset[str] = frozenset()
    """The options of the conditions around it, an `else` included."""
    condition: Condition = ("literal", True)
    """What must hold for it to be reached; None where that cannot be told."""
    changed: frozenset[str] = frozenset()
    """The options that the script has assigned before."""

    def where(self, test: ast.expr, holds: bool) -> "_Way":
        """The way into a branch."""
        condition = condition_of(test, self.bindings, self.changed)
        inner: Condition = condition if holds else ("not", condition)
        both: Condition = ("and", self.condition, inner) if self.condition is not None else None
        return _Way(self.bindings, self.module, self.read | self.bindings.read(test), both, self.changed)

    def unsure(self) -> "_Way":
        """The same statements, which may run or not."""
        return _Way(self.bindings, self.module, self.read, None, self.changed)


def read_guards(scopes: list[Reached], bound: dict[int, Bindings], classes: list[Definition]) -> tuple[Guard, ...]:
    """Guards of the reached scopes, and of the `__post_init__` of the script's dataclasses, in the order written.

    A guard's condition is kept where its scope parses the command line itself, so that it certainly runs.
    """
    found: list[Guard] = []
    for scope in scopes:
        way = _Way(bound[id(scope.node)], scope.module)
        parses = any(isinstance(call.func, ast.Attribute) and call.func.attr in _PARSES for call in scope.calls)
        found.extend(_guards(scope.node.body, way if parses else way.unsure()))
    for definition in classes:
        for node in getattr(definition.node, "body", ()):
            if isinstance(node, ast.FunctionDef) and node.name == "__post_init__":
                found.extend(_guards(node.body, _Way(Bindings({"self"}), definition.module)))
    return tuple(found)


def _guards(body: list[ast.stmt], way: _Way) -> Iterator[Guard]:
    """Guards below the statements."""
    for node in body:
        yield from _guards_of(node, way)
        way.changed |= _assigned(node, way.bindings)
        if way.condition is not None and _may_leave(node):
            way.condition = None


def _guards_of(node: ast.stmt, way: _Way) -> Iterator[Guard]:
    match node:
        case ast.Raise():
            if way.read:
                yield Guard(way.read, way.module.site(node), _raised_message(node), way.condition)
        case ast.Assert(test=test):
            if way.bindings.read(test):
                failed = way.where(test, False)
                yield Guard(failed.read, way.module.site(node), _text(node.msg), failed.condition)
        case ast.If():
            yield from _guards_of_chain(node, way)
        case ast.Match(subject=subject, cases=cases):
            inside = _Way(way.bindings, way.module, way.read | way.bindings.read(subject), None, way.changed)
            for case in cases:
                yield from _guards(case.body, inside)
        case ast.For(body=inner, orelse=other) | ast.While(body=inner, orelse=other):
            yield from _guards([*inner, *other], way.unsure())
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            yield from _guards(inner, way.unsure())
        case ast.Try(body=inner, orelse=other, finalbody=final):
            yield from _guards([*inner, *other, *final], way.unsure())


def _guards_of_chain(node: ast.If, way: _Way) -> Iterator[Guard]:
    """An `if` with its `elif`s, however many."""
    while True:
        yield from _guards(node.body, way.where(node.test, True))
        way = way.where(node.test, False)
        if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
            break
        node = node.orelse[0]
    yield from _guards(node.orelse, way)


def _assigned(node: ast.stmt, bindings: Bindings) -> frozenset[str]:
    """The options that a statement assigns: `training_args.bits = 16`, `setattr(...)` and local copies included."""
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(value=ast.Name(id=holder), attr=name, ctx=ast.Store()) if holder in bindings.holders:
                found.add(name)
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=holder), ast.Constant(value=str() as name), *_]):
                found.update([name] if holder in bindings.holders else [])
            case ast.AugAssign(target=ast.Name(id=name)) if name in bindings.options:
                found.add(bindings.options[name])
    return frozenset(found)


def _may_leave(node: ast.stmt) -> bool:
    """Whether the scope may end here without an error."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    for inner in ast.walk(node):
        match inner:
            case ast.Return():
                return True
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _LEAVES:
                return True
    return False


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
