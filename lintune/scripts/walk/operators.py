"""Operators and comparisons on what is known of values."""

import ast
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk import objects
from lintune.scripts.walk.abstract import (
    MAYBE,
    NONE,
    Bound,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Names,
    Open,
    Parsed,
    PartName,
    Table,
    Test,
    Value,
    Weights,
    lift,
    names_of,
    plain,
    sequence,
    truth,
)
from lintune.scripts.walk.containers import algebra
from lintune.scripts.walk.objects import key_of, operated, same
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SIGNS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_LONGEST = 10_000
_LARGEST = 10**18
_PLAIN_FORMAT = re.compile(r"(?:[^%]|%%|%\.?[0-9]{0,2}[sdifr])*")
"""`%` formats whose result is about as long as what is filled in."""


def binary(walk: "Walk", node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op right`."""
    names = names_of(left) | names_of(right)
    if isinstance(left, Instance) or isinstance(right, Instance):
        own = operated(walk, op, left, right, node)
        if own is not None:
            return own
    match left, right:
        case Items(kind="list" | "tuple" as kind), Items(kind=other) if kind == other and isinstance(op, ast.Add):
            if len(left.items) + len(right.items) > _LONGEST:
                return Open("it is too long", names)
            return sequence(kind, (*left.items, *right.items), left.open or right.open, names)
        case PartName(), _:
            return Open("it is made from a name", names)
        case (Items() | Table(), Items() | Table()) if (combined := algebra(op, left, right, names)) is not None:
            return combined
    try:
        one, two = plain(left), plain(right)
    except ValueError:
        walk.foreign += 1
        text = _joined_text(left, right) if isinstance(op, ast.Add) else ""
        return Open("it is computed from something unknown", names, text)
    if isinstance(op, ast.Pow):
        return Data(one**two, names) if _small(one, two) else Open("it is a power", names)
    if not _bounded(op, one, two) or type(op) not in _BINARY:
        return Open("it is computed", names)
    try:
        return lift(_BINARY[type(op)](one, two), names)
    except ArithmeticError:
        if not two and isinstance(op, ast.Div | ast.FloorDiv | ast.Mod):
            walk.end("value-error", "division by zero", "ZeroDivisionError", node, names)
            raise Stopped from None
    except TypeError:
        if _plain_mismatch(one, two):
            walk.end("type-error", f"an operator between {_kind(one)} and {_kind(two)}", "TypeError", node, names)
            raise Stopped from None
    except ValueError:
        pass
    return Open("it cannot be computed without running the script", names)


def _joined_text(left: Value, right: Value) -> str:

    if any(isinstance(each, Data) and not isinstance(each.value, str) for each in (left, right)):
        return ""
    parts = [_text(each) for each in (left, right)]
    return "".join(parts) if any(part != "..." for part in parts) else ""


def _text(value: Value) -> str:
    if isinstance(value, Data):
        return str(value.value)
    return (isinstance(value, Open) and value.text) or "..."


def _small(one: Any, two: Any) -> bool:
    return isinstance(one, int | float) and isinstance(two, int | float) and 0 <= two <= 64 and 0 <= one <= 1024


def _bounded(op: ast.operator, one: Any, two: Any) -> bool:
    """Whether the result is small: nothing that a script writes down may cost memory here."""
    if isinstance(op, ast.Mult):
        sizes = [each for each in (one, two) if not isinstance(each, int | float)]
        counts = [each for each in (one, two) if isinstance(each, int)]
        if sizes:
            return not counts or not hasattr(sizes[0], "__len__") or len(sizes[0]) * max(abs(counts[0]), 1) <= _LONGEST
    if isinstance(op, ast.Mod) and isinstance(one, str | bytes):
        return len(one) < _LONGEST and _PLAIN_FORMAT.fullmatch(str(one)) is not None
    if any(not isinstance(each, bool | int | float) and hasattr(each, "__len__") and len(each) > _LONGEST for each in (one, two)):
        return False
    return all(not isinstance(each, int | float) or abs(each) < _LARGEST for each in (one, two))


def _plain_mismatch(one: Any, two: Any) -> bool:
    return all(each is None or isinstance(each, bool | int | float | str) for each in (one, two))


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def unary(op: ast.unaryop, value: Value) -> Value:
    """`not value`, `-value`."""
    if isinstance(op, ast.Not):
        return negated(value)
    if isinstance(value, Data) and isinstance(value.value, int | float):
        found = -value.value if isinstance(op, ast.USub) else value.value
        return Data(found, value.names) if isinstance(op, ast.USub | ast.UAdd) else Open("it is computed", value.names)
    return Open("it is computed", names_of(value))


def negated(value: Value) -> Value:
    """Three-valued `not`."""
    if isinstance(value, Test):
        return Test("not", (value,))
    found = truth(value)
    return Data(not found, names_of(value)) if found is not None else Open("its condition is not known", names_of(value))


def compared(walk: "Walk", node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value:
    """`left op right` for one comparison."""
    names = names_of(left) | names_of(right)
    if isinstance(left, Instance) or isinstance(right, Instance | Class):
        own = objects.compared(walk, op, left, right, node)
        if own is not None:
            return own
    match op:
        case ast.Is() | ast.IsNot():
            found = _identical(left, right)
            return _answer(found, isinstance(op, ast.Is), names)
        case ast.Eq() | ast.NotEq():
            same = _equal(left, right)
            if isinstance(same, Test):
                return same if isinstance(op, ast.Eq) else Test("not", (same,))
            return _answer(same, isinstance(op, ast.Eq), names)
        case ast.In() | ast.NotIn():
            inside = contains(walk, right, left)
            if isinstance(inside, Test):
                return inside if isinstance(op, ast.In) else Test("not", (inside,))
            return _answer(inside, isinstance(op, ast.In), names)
    return _ordered(walk, node, op, left, right, names)


def _answer(found: bool | None, wanted: bool, names: Names) -> Value:
    return Open("it is not known", names) if found is None else Data(found is wanted, names)


def _ordered(walk: "Walk", node: ast.AST, op: ast.cmpop, left: Value, right: Value, names: Names) -> Value:
    try:
        one, two = plain(left), plain(right)
        return Data(bool(_COMPARE[type(op)](one, two)), names)
    except ValueError:
        walk.foreign += 1
        return Open("it is compared with something unknown", names)
    except TypeError:
        if _plain_mismatch(one, two):
            message = f"'{_SIGNS[type(op)]}' not supported between instances of '{type(one).__name__}' and '{type(two).__name__}'"
            walk.end("type-error", message, "TypeError", node, names)
            raise Stopped from None
    return Open("it is compared with something unknown", names)


def _identical(left: Value, right: Value) -> bool | None:
    match left, right:
        case Data(value=one), Data(value=two):
            if one is None or two is None or isinstance(one, bool) or isinstance(two, bool):
                return one is two
            return None
        case Library(dotted=one_name), Library(dotted=two_name) if one_name.startswith("builtins.") and two_name.startswith("builtins."):
            return one_name == two_name
        case Instance(made_by=Class(members_of_enum=dict() as one)), Instance(made_by=Class(members_of_enum=dict())):
            return True if left is right else same(left, right) and (None if left not in one.values() else False)
        case (Data(value=None), other) | (other, Data(value=None)):
            return None if isinstance(other, Open | Test | Bound) or (isinstance(other, Weights) and other.path) else False
    return True if left is right else None


def _equal(left: Value, right: Value) -> "bool | Test | None":
    match left, right:
        case (PartName() as name, Data(value=str() as text)) | (Data(value=str() as text), PartName() as name):
            return Test("last" if name.how == "last" else "equals", (text,), name.path)
        case (Data(value=None), other) | (other, Data(value=None)) if isinstance(other, Instance | Parsed | Function | Class):
            return False
    if isinstance(left, Instance) or isinstance(right, Instance):
        return same(left, right)
    try:
        return bool(plain(left) == plain(right))
    except ValueError:
        return _different(left, right)


def _different(left: Value, right: Value) -> bool | None:
    """False where the kinds alone tell that two values are not equal."""
    kinds = (Items, Table)
    if isinstance(left, kinds) and isinstance(right, Data) and not isinstance(right.value, str | bytes):
        return False
    if isinstance(right, kinds) and isinstance(left, Data) and not isinstance(left.value, str | bytes):
        return False
    return None


def contains(walk: "Walk", holder: Value, item: Value) -> "bool | Test | None":
    """`item in holder`."""
    match holder, item:
        case PartName(path=path, how=how), Data(value=str() as text):
            return Test({"last": "open", "parts": "part"}.get(how, "in"), (text,), path)
        case Items(), PartName(path=path):
            words = [each.value for each in holder.items if isinstance(each, Data)]
            tests = tuple(Test("equals", (word,), path) for word in words)
            return Test("or", tests) if tests and not holder.open else Test("open")
        case Items(), Data(value=str() as text) if any(isinstance(each, PartName) for each in holder.items):
            return Test("among", (text,))
        case Items(), _:
            return _member(holder, item)
        case Library(dotted="os.environ"), Data(value=str() as name):
            return is_set(walk, name)
        case Table(), _:
            try:
                found = holder.slots.get(key_of(item))
            except ValueError:
                return None
            if found is not None:
                return None if isinstance(found, Open) and found.unset else True
            return None if holder.open else False
        case Data(value=str() as text), Data(value=str() as part):
            return part in text
    return None


def is_set(walk: "Walk", name: str) -> bool | None:
    """Whether there is an environment variable of that name."""
    from lintune.values.value import Absent, Known

    if name in walk.environment:
        own = walk.environment[name]
        return None if isinstance(own, Open) and own.unset else True
    found = walk.variable(name)
    return True if isinstance(found, Known) else False if isinstance(found, Absent) else None


def _member(holder: Items, item: Value) -> bool | None:
    unsure = holder.open
    for each in holder.items:
        if each is MAYBE:
            continue
        same = _equal(each, item)
        if same is True and not holder.open:
            return True
        if same is not False:
            unsure = True
    return None if unsure else False


def either(walk: "Walk", values: list[Value], settles: bool) -> Value:
    """`and`, `or` (settles) of values of which none decides: a test on names, or open."""
    tests = [each for each in values if isinstance(each, Test)]
    names = NONE.union(*(names_of(each) for each in values))
    if not tests:
        return Open("one of its conditions is not known", names)
    if any(truth(each) is None and not isinstance(each, Test) for each in values):
        return Test("open")
    return Test("or" if settles else "and", tuple(tests)) if len(tests) > 1 else tests[0]
