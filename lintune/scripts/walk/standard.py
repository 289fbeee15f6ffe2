"""Functions of the standard library that are computed here: patterns, paths, dataclasses, copies, counters, numbers."""

import ast
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from lintune.scripts.walk import dataclassing, texts
from lintune.scripts.walk.abstract import (
    NONE,
    Class,
    Data,
    Instance,
    Items,
    Library,
    Open,
    Parsed,
    Partial,
    Table,
    Value,
    lift,
    names_of,
    plain,
    sequence,
)
from lintune.scripts.walk.loops import elements, iterated

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_NAMED = "collections.namedtuple()"
"""The dotted name of what `namedtuple(...)` makes."""
_NUMBERS = frozenset(("ceil", "floor", "sqrt", "gcd", "log2", "log", "log10", "isclose", "isqrt", "fabs", "trunc", "isfinite", "isnan"))


def call(walk: "Walk", dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool) -> Value | None:
    """The value of a call of the standard library; None where it is not computed here."""
    package, _, name = dotted.partition(".")
    if dotted == _NAMED:
        return _named(args[0], args[1:], keywords, whole)
    if not whole:
        return None
    if package == "re":
        return texts.call_pattern(walk, name, args, keywords, node)
    if package == "math" and name in _NUMBERS and not keywords:
        return _number(name, args)
    known = _FUNCTIONS.get(dotted)
    return known(walk, args, keywords, node) if known is not None else None


def _number(name: str, args: list[Value]) -> Value:
    names = NONE.union(*(names_of(each) for each in args))
    try:
        given = [plain(each) for each in args]
        if all(isinstance(each, int | float) and abs(each) < 10**18 for each in given):
            return lift(getattr(math, name)(*given), names)
    except (ValueError, TypeError, ArithmeticError):
        pass
    return Open("it is computed", names)


def _makes_named(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`collections.namedtuple(name, fields)`."""
    names = args[1] if len(args) == 2 and not keywords else Open()
    if isinstance(names, Data) and isinstance(names.value, str):
        names = lift(names.value.replace(",", " ").split())
    if not isinstance(names, Items) or names.open or not all(isinstance(each, Data) for each in names.items):
        return Open("a class of tuples")
    return Partial(Library(_NAMED), (names,), {})


def _named(fields: Value, args: list[Value], keywords: dict[str, Value], whole: bool) -> Value:
    names = [each.value for each in elements(fields) or () if isinstance(each, Data)]
    given = {**dict(zip(names, args, strict=False)), **keywords}
    if not whole or set(given) != set(names) or len(args) > len(names):
        return Open("a named tuple")
    return named_tuple(given)


def named_tuple(given: dict[str, Value]) -> Items:
    """A tuple whose items have names."""
    made = sequence("tuple", given.values())
    made.slots["fields"] = tuple(given)
    return made


def copied(value: Value, deep: bool = True, depth: int = 6) -> Value:
    """A copy of a container or an object; of other values the value itself."""

    def inner(each: Value) -> Value:
        return copied(each, deep, depth - 1) if deep and depth else each

    match value:
        case Items():
            made = sequence(value.kind, [inner(each) for each in value.items], bool(value.slots["open"]), value.names)
            made.slots.update({key: each for key, each in value.slots.items() if key not in made.slots})
            return made
        case Table():
            return Table({key: inner(each) for key, each in value.slots.items()}, dict(value.state), value.names)
        case Parsed():
            return Parsed(value.fields, value.made_by, value.whole, {key: inner(each) for key, each in value.slots.items()}, value.library)
        case Instance(made_by=Class() as made_by) if made_by.members_of_enum is None:
            return Instance(
                made_by, {key: inner(each) if not isinstance(each, tuple) else each for key, each in value.slots.items()}, value.whole
            )
    return value


def _copy(deep: bool) -> Callable[..., Value]:
    def call(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        return copied(args[0], deep) if len(args) == 1 else Open("a copy")

    return call


def _counting(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`collections.defaultdict(factory)`."""
    factory = args[0] if args else Data(None)
    made = Table(dict(keywords), {"open": len(args) > 1})
    if not (isinstance(factory, Data) and factory.value is None):
        made.state["default"] = factory
    return made


def _flattened(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`itertools.chain.from_iterable(lists)`."""
    lists = elements(iterated(walk, args[0], node)) if len(args) == 1 else None
    found: list[Value] = []
    for each in lists or ():
        inner = elements(iterated(walk, each, node))
        if inner is None:
            lists = None
            break
        found += inner
    return sequence("list", found, lists is None)


def _table(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    from lintune.scripts.walk.iteration import dictionary

    return dictionary(walk, args, keywords, NONE, node)


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    **texts.FUNCTIONS,
    "dataclasses.replace": dataclassing.replaced,
    "dataclasses.asdict": dataclassing.as_table,
    "dataclasses.fields": dataclassing.fields,
    "collections.namedtuple": _makes_named,
    "collections.defaultdict": _counting,
    "collections.OrderedDict": _table,
    "copy.copy": _copy(False),
    "copy.deepcopy": _copy(True),
    "itertools.chain.from_iterable": _flattened,
}
