"""Objects of the project's classes where Python itself asks them: methods with double underscores, members of enumerations."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Class, Data, Function, Instance, Items, Open, Table, Value, names_of, truth
from lintune.scripts.walk.scopes import ancestry, member
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def special(walk: "Walk", value: Value, name: str, args: list[Value], node: ast.AST) -> Value | None:
    """What the method `name` of an object gives; None where its class has none in the project."""
    if isinstance(value, Instance) and isinstance(value.made_by, Class):
        found = member(value.made_by, name)
        if isinstance(found, Function):
            from lintune.scripts.walk.calls import call_function

            return call_function(walk, found, [value, *args], {}, node, own=value)
    return None


def as_condition(walk: "Walk", value: Instance, node: ast.AST) -> Value:
    """What an object counts as in a test: `__bool__`, else `__len__`."""
    for name in ("__bool__", "__len__"):
        found = special(walk, value, name, [], node)
        if found is not None:
            decided = truth(found)
            return Open("it is not known", names_of(found)) if decided is None else Data(decided, names_of(found))
    if is_enum_member(value):
        text = key_of(value)
        return Data(bool(text) if isinstance(text, str | int) else True)
    return value


def is_enum_member(value: Value) -> bool:
    """Whether it is a member of an enumeration of the project."""
    return isinstance(value, Instance) and isinstance(value.made_by, Class) and value.made_by.members_of_enum is not None


def key_of(value: Value) -> object:
    """What a value is as a key of a dictionary; raises `ValueError` where that is not known.

    A member of an enumeration that is text too is its text; another one is itself.
    """
    match value:
        case Data(value=found) if found is None or isinstance(found, str | bool | int | float | bytes):
            return found
        case Instance(made_by=Class() as made) if made.members_of_enum is not None:
            inner = value.slots.get("value")
            return inner.value if isinstance(inner, Data) and mixin(made) else value
        case Instance(made_by=Class(bases=()) as made) if member(made, "__eq__") is None and not made.node.decorator_list:
            return value
        case Items(kind="tuple") if not value.open:
            return tuple(key_of(each) for each in value.items)
        case Class() | Function():
            return value
    raise ValueError("not known")


def value_of(key: object) -> Value:
    """The value that a key of a dictionary is."""
    if isinstance(key, Instance | Class | Function):
        return key
    if isinstance(key, tuple):
        return Items("tuple", {"items": tuple(value_of(each) for each in key), "open": False})
    return Data(key)


def mixin(made: Class) -> str:
    """`str` or `int` where the members of an enumeration are text or numbers too; else empty."""
    names = {each.rpartition(".")[2] for each in ancestry(made)[1]}
    return "str" if names & {"str", "StrEnum"} else "int" if names & {"int", "IntEnum", "IntFlag"} else ""


def fill_enum(walk: "Walk", made: Class) -> None:
    """Evaluate the members of an enumeration."""
    from lintune.scripts.walk.statements import value_in

    found: dict[str, Instance] = {}
    for item in made.node.body:
        match item:
            case ast.Assign(targets=[ast.Name(id=name)], value=expression) if not name.startswith("_"):
                value = _automatic(made, name, len(found)) if _is_auto(expression) else value_in(walk, expression, made.scope)
                found[name] = _alias(found, value) or Instance(made, _slots(name, value))
    made.members_of_enum = found
    start = member(made, "__init__")
    if isinstance(start, Function):
        for each in found.values():
            each.slots = {key: value for key, value in each.slots.items() if key in ("name", "_name_")}


def _slots(name: str, value: Value) -> dict[str, Value]:
    return {"name": Data(name), "_name_": Data(name), "value": value, "_value_": value}


def _alias(found: dict[str, Instance], value: Value) -> Instance | None:
    for each in found.values():
        other = each.slots["value"]
        if isinstance(value, Data) and isinstance(other, Data) and value.value == other.value:
            return each
    return None


def _is_auto(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "auto"


def _automatic(made: Class, name: str, count: int) -> Value:
    outside = {each.rpartition(".")[2] for each in ancestry(made)[1]}
    if member(made, "_generate_next_value_") is not None or mixin(made) == "str" or "Flag" in outside:
        return Data(name.lower()) if "StrEnum" in outside else Open("it is a member's automatic value")
    return Data(count + 1)


def enum_member(walk: "Walk", made: Class, args: list[Value], node: ast.AST) -> Value:
    """`Mode(value)`: the member of a value; a `ValueError` where there is none."""
    members = made.members_of_enum or {}
    names = frozenset().union(*(names_of(each) for each in args))
    if len(args) != 1:
        return Open("it is a member of an enumeration", names)
    if args[0] in members.values():
        return args[0]
    unsure = False
    for each in members.values():
        inner = each.slots.get("value")
        if isinstance(args[0], Data) and isinstance(inner, Data):
            if args[0].value == inner.value:
                return each
        else:
            unsure = True
    if unsure or not isinstance(args[0], Data) or member(made, "_missing_") is not None or ancestry(made)[2] is False:
        return Open("it is a member of an enumeration", names)
    walk.end("value-error", f"{args[0].value!r} is not a valid {made.name}", "ValueError", node, names)
    raise Stopped


def enum_item(walk: "Walk", made: Class, key: Value, node: ast.AST) -> Value:
    """`Mode["NAME"]`; a `KeyError` where there is none."""
    members = made.members_of_enum or {}
    if not isinstance(key, Data):
        return Open("it is a member of an enumeration", names_of(key))
    found = members.get(key.value)
    if found is None:
        walk.end("key-error", repr(key.value), "KeyError", node, key.names)
        raise Stopped
    return found


def same(left: Value, right: Value) -> bool | None:
    """Whether two values are equal, of which one is an object of a class that says nothing of equality."""
    one, two = (left, right) if isinstance(left, Instance) else (right, left)
    if one is two:
        return True
    if not isinstance(one, Instance) or not isinstance(one.made_by, Class):
        return None
    made = one.made_by
    if made.members_of_enum is None:
        plain = isinstance(two, Instance | Data | Items | Table) and not made.bases and not made.node.decorator_list
        return False if plain and (not isinstance(two, Instance) or isinstance(two.made_by, Class)) else None
    if is_enum_member(two):
        return _equal_members(one, two)
    if not isinstance(two, Data) or (two.names and not mixin(made)):
        return None  # the default of an option may be the member itself
    inner = one.slots.get("value")
    if not mixin(made):
        return False
    return bool(inner.value == two.value) if isinstance(inner, Data) else None


def _equal_members(one: Instance, two: Value) -> bool | None:
    assert isinstance(two, Instance) and isinstance(one.made_by, Class) and isinstance(two.made_by, Class)
    if one.made_by.node is two.made_by.node:
        names = one.slots.get("name"), two.slots.get("name")
        return isinstance(names[0], Data) and isinstance(names[1], Data) and names[0].value == names[1].value
    return None if mixin(one.made_by) and mixin(two.made_by) else False


def text_of(walk: "Walk", value: Instance, as_written: bool, node: ast.AST) -> str | None:
    """`str(value)` or `repr(value)` of an object of the project; None where it is not known."""
    made = value.made_by
    if not isinstance(made, Class):
        return None
    for name in ("__repr__",) if as_written else ("__str__", "__repr__"):
        found = special(walk, value, name, [], node)
        if found is not None:
            return found.value if isinstance(found, Data) and isinstance(found.value, str) else None
        if made.members_of_enum is not None and name == "__str__":
            return _member_text(made, value)
    if made.members_of_enum is not None or ancestry(made)[1]:
        return None
    from lintune.scripts.walk.dataclassing import written

    return written(walk, made, value, node)


def _member_text(made: Class, value: Instance) -> str | None:
    outside = {each.rpartition(".")[2] for each in ancestry(made)[1]}
    inner, name = value.slots.get("value"), value.slots.get("name")
    if "StrEnum" in outside:
        return str(inner.value) if isinstance(inner, Data) else None
    return f"{made.name}.{name.value}" if isinstance(name, Data) and outside <= {"Enum", "str", "Flag"} else None


_REFLECTED = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod"} | {
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.Pow: "pow",
}
_ORDERS = {
    ast.Lt: ("lt", "gt"),
    ast.LtE: ("le", "ge"),
    ast.Gt: ("gt", "lt"),
    ast.GtE: ("ge", "le"),
    ast.Eq: ("eq", "eq"),
    ast.NotEq: ("ne", "ne"),
}


def operated(walk: "Walk", op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value | None:
    """`left op right` where the class of one says what that gives."""
    name = _REFLECTED.get(type(op))
    if name is None:
        return None
    found = special(walk, left, f"__{name}__", [right], node)
    return found if found is not None else special(walk, right, f"__r{name}__", [left], node)


def compared(walk: "Walk", op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value | None:
    """A comparison where the class of one says how it comes out."""
    if isinstance(op, ast.In | ast.NotIn):
        return _contained(walk, op, left, right, node)
    names = _ORDERS.get(type(op))
    if names is None:
        return None
    for one, two, name in ((left, right, names[0]), (right, left, names[1])):
        found = special(walk, one, f"__{name}__", [two], node)
        if found is None and name == "ne":
            found = special(walk, one, "__eq__", [two], node)
            found = _negated(found) if found is not None else None
        if found is not None:
            return found
    if isinstance(op, ast.Eq | ast.NotEq):
        from lintune.scripts.walk.dataclassing import equal

        return equal(walk, left, right, isinstance(op, ast.Eq), node)
    return None


def _negated(value: Value) -> Value:
    decided = truth(value)
    return Open("it is not known", names_of(value)) if decided is None else Data(not decided, names_of(value))


def _contained(walk: "Walk", op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value | None:
    found = special(walk, right, "__contains__", [left], node)
    if found is not None:
        decided = truth(found)
        return Open("it is not known", names_of(found)) if decided is None else Data(decided is isinstance(op, ast.In), names_of(found))
    if isinstance(right, Class) and right.members_of_enum is not None and left in right.members_of_enum.values():
        return Data(isinstance(op, ast.In))
    return None
