"""What the conditions of library guards compute: nodes over a class's options, in three-valued logic.

A node is `[operation, operands]`; operands are numbers of earlier nodes. `k` is a constant, `f` an option, `?` something that
options do not tell. Nothing here raises: an operation that Python would refuse is unknown.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias


class _Unknown:
    """The value of what is not known."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
Node: TypeAlias = Sequence[Any]
_MOST_TEXT = 10_000
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "str": (str,),
    "bool": (bool,),
    "list": (tuple,),
    "tuple": (tuple,),
    "dict": (dict,),
}
"""The types that a value of a command line may have; lists are tuples here."""


def _in(left: object, right: Any) -> bool:
    return bool(left in right)


def _is(left: object, right: object) -> bool:
    return type(left) is type(right) and bool(left == right)


def _set(mapping: Any, key: Any, value: Any) -> Any:
    return {**mapping, key: value}


def _outside(values: Any, allowed: Any) -> bool:
    return any(value not in allowed for value in values)


def _split(text: Any) -> Any:
    return tuple(text[:_MOST_TEXT].split())


OPERATIONS: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": _is,
    "is not": lambda left, right: not _is(left, right),
    "in": _in,
    "not in": lambda left, right: not _in(left, right),
    "-": operator.sub,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": lambda left, right: UNKNOWN if isinstance(left, str) else left % right,
    "*": lambda left, right: left * right if isinstance(left, (int, float)) and isinstance(right, (int, float)) else UNKNOWN,
    "+": operator.add,
    "neg": operator.neg,
    "item": lambda container, key: container[key],
    "set": _set,
    "outside": _outside,
    "int": int,
    "float": float,
    "str": lambda value: str(value)[:_MOST_TEXT],
    "bool": bool,
    "len": len,
    "max": max,
    "min": min,
    "lower": str.lower,
    "upper": str.upper,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "split": _split,
    "get": lambda mapping, key, default=None: mapping.get(key, default) if isinstance(mapping, dict) else UNKNOWN,
    "list": lambda *parts: tuple(parts),
    "dict": lambda *parts: dict(zip(parts[::2], parts[1::2], strict=True)),
}
"""Operations whose operands are all computed first. Every one is pure and bounded in work."""


class Evaluator:
    """The values of nodes for one set of options; each node is computed at most once."""

    def __init__(self, nodes: Sequence[Node], options: Mapping[str, Any]) -> None:
        """`options` lacks what is not known."""
        self._nodes = nodes
        self._options = options
        self._values: dict[int, Any] = {}

    def value(self, number: int) -> Any:
        """The value of a node."""
        if number not in self._values:
            self._values[number] = _compute(self._nodes[number], self)
        return self._values[number]

    def option(self, name: str) -> Any:
        """The value of an option."""
        return self._options.get(name, UNKNOWN)

    def truth(self, number: int) -> Any:
        """Whether a node counts as true; `UNKNOWN` where that is not known."""
        return truth(self.value(number))


def truth(value: Any) -> Any:
    """Whether a value counts as true."""
    return UNKNOWN if value is UNKNOWN else bool(value)


def _compute(node: Node, of: Evaluator) -> Any:
    kind, *operands = node
    match kind:
        case "k":
            return constant(operands[0])
        case "f":
            return of.option(operands[0])
        case "?":
            return UNKNOWN
        case "not":
            found = of.truth(operands[0])
            return UNKNOWN if found is UNKNOWN else not found
        case "and" | "or":
            return _chain(operands, kind == "or", of)
        case "if":
            return _choice(operands, of)
        case "isinstance":
            value = of.value(operands[0])
            return UNKNOWN if value is UNKNOWN else isinstance(value, tuple(each for name in operands[1] for each in _TYPES.get(name, ())))
    return apply(kind, [of.value(number) for number in operands])


def apply(kind: str, values: Sequence[Any]) -> Any:
    """An operation on values; unknown where one of them is, or where Python would refuse it."""
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    try:
        return OPERATIONS[kind](*values)
    except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, OverflowError, AttributeError):
        return UNKNOWN


def constant(value: Any) -> Any:
    """A constant of a data file; lists are tuples."""
    return tuple(constant(each) for each in value) if isinstance(value, list) else value


def _chain(operands: Sequence[int], decides: bool, of: Evaluator) -> Any:
    """Python's `and` / `or`, where an unknown operand leaves the answer open unless a later one decides."""
    unknown, last = False, None
    for number in operands:
        last = of.value(number)
        found = truth(last)
        if found is UNKNOWN:
            unknown = True
        elif found is decides:
            return decides if unknown else last
    return UNKNOWN if unknown else last


def _choice(operands: Sequence[int], of: Evaluator) -> Any:
    test, then, other = operands
    found = of.truth(test)
    if found is not UNKNOWN:
        return of.value(then if found else other)
    first, second = of.value(then), of.value(other)
    same = first is not UNKNOWN and second is not UNKNOWN and type(first) is type(second) and first == second
    return first if same else UNKNOWN
