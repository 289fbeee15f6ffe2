"""Lists, sets and dictionaries: their methods, set algebra, and keys of every kind."""

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lintune.scripts.walk import stores
from lintune.scripts.walk.abstract import (
    MAYBE,
    NONE,
    UNSET,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Names,
    Open,
    PartName,
    Table,
    Value,
    Weights,
    lift,
    names_of,
    plain,
    sequence,
)
from lintune.scripts.walk.loops import elements, unordered
from lintune.scripts.walk.objects import key_of, value_of

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_SETS = ("set", "keys")
_READING_WORDS = """
    count index copy get keys values items union difference intersection symmetric_difference issubset issuperset isdisjoint
    """
READING = frozenset(_READING_WORDS.split())
"""Methods that change nothing."""


def unique(items: Iterable[Value]) -> tuple[tuple[Value, ...], bool]:
    """The items of a set, and whether there may be fewer of them, since it is not known which are equal."""
    found: dict[object, Value] = {}
    unknown = 0
    for each in items:
        key = _key(each)
        found.setdefault(key, each)
        unknown += key is each and not isinstance(each, PartName | Weights | Class | Function | Instance)
    return tuple(found.values()), unknown > 0 and len(found) > 1


def _key(value: Value) -> object:
    """What a value is as a key; where that is not known the value itself."""
    try:
        return key_of(value)
    except ValueError:
        return value


def set_of(items: Iterable[Value], open_: bool = False, names: Names = NONE) -> Items:
    """A set."""
    found, fewer = unique(items)
    return sequence("set", found, open_ or fewer, names)


def keyed(value: Value) -> dict[object, Value]:
    """The items of a container by what they are as keys; raises `ValueError` where they are not known."""
    found = unordered(value)
    if found is None:
        raise ValueError("not known")
    return {key_of(each): each for each in found}


def algebra(op: ast.operator, left: Value, right: Value, names: Names) -> Value | None:
    """`left op right` for sets and for dictionaries; None for other values."""
    match left, right:
        case Items(kind=one), Items(kind=two) if one in _SETS and two in _SETS:
            try:
                found = _combined(op, keyed(left), keyed(right))
            except ValueError:
                return Open("it is computed from something unknown", names)
            return sequence("set", found.values(), names=names) if found is not None else None
        case Table(), Table() if isinstance(op, ast.BitOr):
            return Table({**left.slots, **right.slots}, {"open": left.open or right.open}, names)
    return None


def _combined(op: ast.operator, one: dict[object, Value], two: dict[object, Value]) -> dict[object, Value] | None:
    match op:
        case ast.Sub():
            return {key: value for key, value in one.items() if key not in two}
        case ast.BitAnd():
            return {key: value for key, value in one.items() if key in two}
        case ast.BitOr():
            return {**one, **{key: value for key, value in two.items() if key not in one}}
        case ast.BitXor():
            both = {**one, **two}
            return {key: value for key, value in both.items() if (key in one) is not (key in two)}
    return None


_ALGEBRA = {"union": ast.BitOr(), "difference": ast.Sub(), "intersection": ast.BitAnd(), "symmetric_difference": ast.BitXor()}
_RELATIONS = ("issubset", "issuperset", "isdisjoint")


def of_items(walk: "Walk", owner: Items, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A method of a list, a tuple or a set."""
    names = names_of(owner).union(*(names_of(each) for each in args))
    match name, args:
        case "insert", [Data(value=int() as index), value] if not owner.open:
            items = list(owner.items)
            items.insert(index, value)
            _put(walk, owner, items)
        case (("append" | "add"), [value]):
            stores.append(walk, owner, value)
        case "extend", [more]:
            stores.extend(walk, owner, more)
        case "update", _:
            for each in args:
                stores.extend(walk, owner, each)
        case (("remove" | "discard"), [value]):
            stores.remove(walk, owner, value)
        case "clear", []:
            _put(walk, owner, ())
        case "reverse", [] if not owner.open and owner.kind == "list":
            _put(walk, owner, owner.items[::-1])
        case "copy", _:
            return sequence(owner.kind, owner.items, owner.open, owner.names)
        case ("sort", []) if owner.kind == "list":
            from lintune.scripts.walk.iteration import ordered

            found = ordered(walk, owner, keywords, names, node)
            walk.foreign += found.open
            _put(walk, owner, found.items, found.open)
        case _ if name in _ALGEBRA and owner.kind in _SETS:
            return _algebra_of(owner, name, args, names)
        case _ if name in _RELATIONS and len(args) == 1:
            return _related(owner, name, args[0], names)
        case (("count" | "index"), _):
            return _pure(owner, name, args, names)
        case "pop", _ if owner.kind == "list":
            return _pop(walk, owner, args, names)
        case _:
            stores.forget(walk, owner)
            return Open("it is taken from a list", owner.names)
    return Data(None)


def _put(walk: "Walk", owner: Items, items: Iterable[Value], open_: bool = False) -> None:
    walk.journal.write(owner.slots, "items", tuple(items))
    if bool(owner.slots["open"]) is not open_:
        walk.journal.write(owner.slots, "open", open_)


def _pop(walk: "Walk", owner: Items, args: list[Value], names: Names) -> Value:
    index = args[0] if args else Data(-1)
    items = list(owner.items)
    if isinstance(index, Data) and isinstance(index.value, int) and not owner.open and -len(items) <= index.value < len(items):
        found = items.pop(index.value)
        _put(walk, owner, items)
        return found
    stores.forget(walk, owner)
    return Open("it is taken from a list", names)


def _algebra_of(owner: Items, name: str, args: list[Value], names: Names) -> Value:
    try:
        found = keyed(owner)
        for each in args:
            found = _combined(_ALGEBRA[name], found, keyed(each)) or {}
    except ValueError:
        return Open("it is computed", names)
    return sequence("set", found.values(), names=names)


def _related(owner: Items, name: str, other: Value, names: Names) -> Value:
    try:
        one, two = keyed(owner).keys(), keyed(other).keys()
    except ValueError:
        return Open("it is not known", names)
    return Data({"issubset": one <= two, "issuperset": one >= two, "isdisjoint": one.isdisjoint(two)}[name], names)


def _pure(owner: Items, name: str, args: list[Value], names: Names) -> Value:
    try:
        return lift(getattr(plain(owner), name)(*[plain(each) for each in args]), names)
    except Exception:  # whatever a method refuses
        return Open("it is computed", names)


def of_table(walk: "Walk", owner: Table, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A method of a dictionary."""
    names = names_of(owner).union(*(names_of(each) for each in args)) if args else owner.names
    match name:
        case "get" | "pop" | "setdefault" if args:
            try:
                key = key_of(args[0])
            except ValueError:
                if name != "get":
                    stores.forget(walk, owner)
                return Open("it is a key that is not known", names)
            return _of_key(walk, owner, name, key, args, names, node)
        case "update":
            _update(walk, owner, args, keywords)
            return Data(None)
        case "keys":
            return sequence("keys", [value_of(key) for key in owner.slots], _is_open(owner), owner.names)
        case "values":
            return sequence("list", list(owner.slots.values()), _is_open(owner), owner.names)
        case "items":
            pairs = [sequence("tuple", (value_of(key), value)) for key, value in owner.slots.items()]
            return sequence("list", pairs, _is_open(owner), owner.names)
        case "copy":
            return Table(dict(owner.slots), dict(owner.state), owner.names)
        case "clear":
            for key in list(owner.slots):
                walk.journal.write(owner.slots, key, UNSET)
            walk.journal.write(owner.state, "open", False)
            return Data(None)
    stores.forget(walk, owner)
    return Open("it is computed")


def _is_open(owner: Table) -> bool:
    """Whether there may be other keys, or some of these may be missing."""
    return owner.open or any(isinstance(each, Open) and each.unset for each in owner.slots.values())


def _of_key(walk: "Walk", owner: Table, name: str, key: object, args: list[Value], names: Names, node: ast.AST) -> Value:
    found: Value | None = owner.slots.get(key)
    default = args[1] if len(args) > 1 else None
    if isinstance(found, Open) and found.unset:
        if name != "get":
            stores.set_item(walk, owner, args[0], Open("it may have been set", found.names, unset=name == "pop"))
        return Open(found.reason, found.names)
    if found is None and owner.open:
        if name == "setdefault":
            walk.journal.write(owner.slots, key, Open("it may have been set", names))
        return Open("it is a key that is not known", names)
    match name:
        case "get":
            return found if found is not None else default if default is not None else Data(None, names)
        case "pop" if found is not None:
            walk.journal.write(owner.slots, key, UNSET)
            return found
        case "pop" if default is not None:
            return default
        case "pop":
            from lintune.scripts.walk.walker import Stopped

            walk.end("key-error", repr(key), "KeyError", node, names)
            raise Stopped
    if found is None:
        found = default if default is not None else Data(None)
        walk.journal.write(owner.slots, key, found)
    return found


def _update(walk: "Walk", owner: Table, args: list[Value], keywords: dict[str, Value]) -> None:
    for each in (*args, Table(dict(keywords))):
        pairs = pairs_of(each)
        if pairs is None:
            stores.forget(walk, owner)
            continue
        for key, value in pairs.items():
            stores.set_item(walk, owner, value_of(key), value)
        if isinstance(each, Table) and each.open:
            walk.journal.write(owner.state, "open", True)


def pairs_of(value: Value) -> dict[object, Value] | None:
    """What `dict(value)` holds: of a dictionary, or of a list of pairs; None where that is not known."""
    if isinstance(value, Table):
        return value.slots
    found: dict[object, Value] = {}
    for each in elements(value) or (MAYBE,):
        pair = elements(each)
        if pair is None or len(pair) != 2:
            return None if value is not each and not _is_empty(value) else found
        try:
            found[key_of(pair[0])] = pair[1]
        except ValueError:
            return None
    return found


def _is_empty(value: Value) -> bool:
    return elements(value) == ()
