"""Conditions of a script over parsed options, kept so that they can be decided once the options are known.

Only what decides without running anything: options, literals, `not`, `and`, `or`, comparisons, membership, `lower()`.
Everything else is `None`: not decided.
"""

import ast
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from lintune.run.run import Condition
from lintune.scripts.bindings import Bindings
from lintune.values.value import Absent, Data, Known, Value

Options: TypeAlias = Callable[[str], Value]
"""The value of an option by name."""
_COMPARISONS: Mapping[str, Callable[[object, object], bool]] = {"Eq": eq, "NotEq": ne}
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {"Lt": lt, "LtE": le, "Gt": gt, "GtE": ge}
_LITERAL = (bool, int, float, str)
_METHODS = frozenset(("lower", "upper", "strip"))


def condition_of(test: ast.expr, bindings: Bindings, changed: frozenset[str]) -> Condition:
    """The test as a condition; options in `changed` were assigned by the script before and are not decided."""
    option = bindings.option(test)
    if option:
        return None if option in changed or isinstance(test, ast.Call) else ("option", option)
    match test:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return ("literal", value)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            values = [element.value for element in elements if isinstance(element, ast.Constant) and isinstance(element.value, _LITERAL)]
            return ("literal", tuple(values)) if len(values) == len(elements) else None
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ("not", condition_of(operand, bindings, changed))
        case ast.BoolOp(op=operator, values=parts):
            name = "and" if isinstance(operator, ast.And) else "or"
            return (name, *(condition_of(part, bindings, changed) for part in parts))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return (type(operator).__name__, condition_of(left, bindings, changed), condition_of(right, bindings, changed))
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _METHODS:
            return (name, condition_of(inner, bindings, changed))
    return None


def decide(condition: object, options: Options) -> bool | None:
    """Whether the condition holds with these options; None where that is not decided."""
    found = _value(condition, options)
    return bool(found[0]) if found is not None else None


def _value(condition: object, options: Options) -> tuple[Data] | None:
    """The value in a tuple of one, or None where it is not decided."""
    match condition:
        case ("option", str(name)):
            value = options(name)
            if isinstance(value, Absent):
                return (None,)
            return (value.value,) if isinstance(value, Known) else None
        case ("literal", bool() | int() | float() | str() | tuple() | None as value):
            return (value,)
        case ("not", inner):
            decided = decide(inner, options)
            return (not decided,) if decided is not None else None
        case ("and" | "or" as name, *parts):
            return _combined([decide(part, options) for part in parts], name == "or")
        case (("lower" | "upper" | "strip") as name, inner):
            found = _value(inner, options)
            return (getattr(found[0], name)(),) if found is not None and isinstance(found[0], str) else None
        case (str(name), left, right):
            first, second = _value(left, options), _value(right, options)
            return _compared(name, first[0], second[0]) if first is not None and second is not None else None
    return None


def _combined(parts: list[bool | None], settles: bool) -> tuple[Data] | None:
    if settles in parts:
        return (settles,)
    return None if None in parts else (not settles,)


def _compared(name: str, left: Data, right: Data) -> tuple[Data] | None:
    match name, left, right:
        case "Is" | "IsNot", _, None:
            return ((left is None) == (name == "Is"),)
        case "In" | "NotIn", str(), str():
            return ((left in right) == (name == "In"),)
        case "In" | "NotIn", str() | int() | float() | None, tuple():
            return ((left in right) == (name == "In"),)
    if name in _COMPARISONS:
        return (_COMPARISONS[name](left, right),)
    if name in _ORDERS and isinstance(left, int | float) and isinstance(right, int | float):
        return (_ORDERS[name](left, right),)
    return None
