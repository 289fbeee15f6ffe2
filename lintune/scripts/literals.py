"""The value of a constant expression in a script, as far as it is certain without running anything."""

import ast
import operator
from collections.abc import Callable

from lintune.scripts.modules import Definition, Module, Modules
from lintune.source.record import dataclass
from lintune.values.value import Data

_MOST_DEPTH = 24
ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
"""What the operators of a constant expression compute; powers and shifts are left out, since they can grow without bound."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `None` stands for "not constant" where this class is optional."""

    value: Data


def literal(expression: ast.expr, modules: Modules, module: Module, depth: int = 0) -> Literal | None:
    """The constant that an expression has in every run, or None where that cannot be told."""
    if depth > _MOST_DEPTH:
        return None
    match expression:
        case ast.Constant(value=value) if value is None or isinstance(value, str | int | float):
            return Literal(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = literal(operand, modules, module, depth + 1)
            return Literal(-inner.value) if inner and isinstance(inner.value, int | float) else None
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(literal(left, modules, module, depth + 1), op, literal(right, modules, module, depth + 1))
        case ast.Tuple(elts=items) | ast.List(elts=items):
            values = [literal(item, modules, module, depth + 1) for item in items]
            return Literal(tuple(value.value for value in values if value)) if all(values) else None
        case ast.Dict(keys=keys, values=items):
            return _mapping(keys, items, modules, module, depth)
        case ast.Name() | ast.Attribute():
            return _named(expression, modules, module, depth)
    return None


def _mapping(keys: list[ast.expr | None], items: list[ast.expr], modules: Modules, module: Module, depth: int) -> Literal | None:
    found: dict[str, Data] = {}
    for key, item in zip(keys, items, strict=True):
        value = literal(item, modules, module, depth + 1)
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or value is None:
            return None
        found[key.value] = value.value
    return Literal(found)


def _arithmetic(left: Literal | None, op: ast.operator, right: Literal | None) -> Literal | None:
    if left is None or right is None:
        return None
    one, two = left.value, right.value
    if isinstance(one, str) and isinstance(two, str) and isinstance(op, ast.Add):
        return Literal(one + two)
    if not isinstance(one, int | float) or not isinstance(two, int | float):
        return None
    if isinstance(op, ast.Pow):
        return Literal(one**two) if 0 <= two <= 64 and abs(one) <= 1024 else None
    apply = ARITHMETIC.get(type(op))
    try:
        return Literal(apply(one, two)) if apply else None
    except (ArithmeticError, ValueError):
        return None


def _named(expression: ast.Name | ast.Attribute, modules: Modules, module: Module, depth: int) -> Literal | None:
    """A module constant, or a member of an enumeration (with or without `.value`)."""
    match modules.resolve(module, expression):
        case Definition(module=home, node=ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value)):
            return literal(value, modules, home, depth + 1)
    if not isinstance(expression, ast.Attribute):
        return None
    if expression.attr == "value" and isinstance(expression.value, ast.Attribute):
        return _named(expression.value, modules, module, depth + 1)
    match modules.resolve(module, expression.value):
        case Definition(module=home, node=ast.ClassDef() as enumeration):
            return enum_members(enumeration, modules, home).get(expression.attr)
    return None


def enum_members(enumeration: ast.ClassDef, modules: Modules, module: Module) -> dict[str, Literal]:
    """The members of an enumeration whose values are constants; empty for a class that is no enumeration."""
    if not any(_base_name(base).endswith("Enum") for base in enumeration.bases):
        return {}
    found: dict[str, Literal] = {}
    for node in enumeration.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.startswith("_"):
                member = literal(value, modules, module, 1)
                if member is not None:
                    found[name] = member
    return found


def _base_name(base: ast.expr) -> str:
    match base:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
