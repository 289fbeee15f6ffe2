"""Attributes and items of values."""

import ast
from typing import TYPE_CHECKING, cast

from lintune.scripts.walk.abstract import (
    Bound,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parameter,
    Parameters,
    Parsed,
    PartName,
    Space,
    Super,
    Table,
    Value,
    Weights,
    lift,
    names_of,
    plain,
    sequence,
)
from lintune.scripts.walk.objects import enum_item, key_of, special
from lintune.scripts.walk.options import lifted, read_option
from lintune.scripts.walk.scopes import ancestry, lookup, member, open_module
from lintune.scripts.walk.walker import Stopped
from lintune.scripts.walk.weights_use import module_attribute

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def read(walk: "Walk", owner: Value, name: str, node: ast.AST) -> Value:
    """`owner.name`."""
    match owner:
        case Parsed():
            return _of_options(walk, owner, name, node)
        case Library(dotted=dotted):
            return _of_library(dotted, name)
        case Space(module=module):
            return _of_space(walk, owner, name) or Open(f"`{module.source.path}` does not set `{name}` where it was read")
        case Instance():
            return _of_instance(walk, owner, name, node)
        case Weights():
            return module_attribute(walk, owner, name)
        case Class():
            return _of_class(walk, owner, owner, name)
        case Super(owner=inner, above=above):
            found = member(_class_of(walk, inner) or above, name, above)
            return Bound(inner, name, found if isinstance(found, Function) else None)
        case Parameter() if name == "requires_grad":
            return Open("it depends on the parameter")
        case Items(slots={"fields": tuple() as fields, "items": tuple() as items}) if name in fields:
            found = items[fields.index(name)]
            return cast(Value, found)
        case Data(value=data) if not isinstance(data, str | int | float | None):
            from lintune.scripts.walk.texts import attribute

            return attribute(owner, name) or Bound(owner, name)
        case Data() | Items() | Table() | PartName() | Parameters() | Parameter():
            return Bound(owner, name)
    walk.foreign += 1
    return Bound(owner, name)


def _of_library(dotted: str, name: str) -> Value:
    if dotted == "os" and name == "environ":
        return Library("os.environ")
    if dotted in ("math", "sys") and name in ("pi", "e", "inf", "maxsize"):
        return Data({"pi": 3.141592653589793, "e": 2.718281828459045, "inf": float("inf"), "maxsize": 2**63 - 1}[name])
    if dotted == "re" and name.isupper():
        from lintune.scripts.walk.texts import flag

        return flag(name) or Library(f"{dotted}.{name}")
    return Library(f"{dotted}.{name}")


def _of_space(walk: "Walk", space: Space, name: str) -> Value | None:
    found = lookup(walk, name, open_module(walk, space.module))
    if found is not None or walk.project is None:
        return found
    from lintune.scripts.modules import Import
    from lintune.scripts.walk.scopes import imported

    inner = imported(walk, Import("", name, 1), space.module)
    return None if isinstance(inner, Open) else inner


def _of_options(walk: "Walk", owner: Parsed, name: str, node: ast.AST) -> Value:
    if owner.made_by is not None and name not in owner.slots:
        found = member(owner.made_by, name)
        if isinstance(found, Function):
            return _descriptor(walk, owner, name, found)
    if name == "__dict__":
        return Bound(owner, name)
    value = read_option(walk, owner, name)
    if value is not None:
        return value
    if owner.made_by is not None and member(owner.made_by, name) is not None:  # a class attribute without annotation is no option
        return _of_class(walk, owner.made_by, owner, name)
    class_name = owner.made_by.name if owner.made_by is not None else "Namespace"
    if name.startswith("__") or name.startswith("_get"):
        return Open("it is an attribute of every object")
    walk.end("attribute-error", f"'{class_name}' object has no attribute '{name}'", "AttributeError", node)
    raise Stopped


def _of_instance(walk: "Walk", owner: Instance, name: str, node: ast.AST) -> Value:
    if name in owner.slots:
        found: Value = owner.slots[name]
        return found
    if isinstance(owner.made_by, Class):
        inner = member(owner.made_by, name)
        if inner is not None or any(name in each.slots for each in ancestry(owner.made_by)[0]):
            return _of_class(walk, owner.made_by, owner, name)
        if name == "__class__":
            return owner.made_by
        if not name.startswith("__"):
            asked = special(walk, owner, "__getattr__", [Data(name)], node)
            if asked is not None:
                return asked
    if owner.whole and not name.startswith("__"):
        walk.end("attribute-error", f"'{owner.name}' object has no attribute '{name}'", "AttributeError", node)
        raise Stopped
    return Bound(owner, name)


def _of_class(walk: "Walk", made: Class, owner: Value, name: str) -> Value:
    if made.members_of_enum is not None and name in made.members_of_enum:
        return made.members_of_enum[name]
    for each in ancestry(made)[0]:
        if name in each.slots:
            value: Value = each.slots[name]
            return Bound(owner, name, value) if isinstance(value, Function) and isinstance(owner, Instance) else value
        found = each.members.get(name)
        if isinstance(found, Function):
            return _descriptor(walk, owner, name, found)
        if isinstance(found, ast.Assign | ast.AnnAssign) and found.value is not None:
            return _evaluated(walk, each, name, found.value)
    if name in ("__name__", "__qualname__"):
        return Data(made.name)
    if name == "__members__" and made.members_of_enum is not None:
        return Table(dict(made.members_of_enum))
    return Bound(owner, name)


def _evaluated(walk: "Walk", home: Class, name: str, expression: ast.expr) -> Value:
    """An attribute of a class: evaluated once, the same object whenever it is read."""
    from lintune.scripts.walk.statements import value_in

    value = value_in(walk, expression, home.scope)
    home.slots[name] = value
    return value


def _descriptor(walk: "Walk", owner: Value, name: str, found: Function) -> Value:
    """A function of a class as an attribute: a method, or what a property returns."""
    kinds = {_last(each) for each in getattr(found.node, "decorator_list", [])}
    if "staticmethod" in kinds:
        return found
    if kinds & {"property", "cached_property"}:
        from lintune.scripts.walk.calls import call_function

        return call_function(walk, found, [owner], {}, found.node, own=owner)
    return Bound(owner, name, found)


def _last(node: ast.expr) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def _class_of(walk: "Walk", owner: Value) -> Class | None:
    match owner:
        case Instance(made_by=Class() as made) | Parsed(made_by=Class() as made):
            return made
        case Weights(root=root, path=path):
            found = root.classes.get(path)
            return found if found is not None else root.made_by if not path and isinstance(root.made_by, Class) else None
        case Class():
            return owner
    return None


class_of = _class_of


def item(walk: "Walk", owner: Value, key_node: ast.expr, node: ast.AST) -> Value:
    """`owner[key]`."""
    from lintune.scripts.walk import expressions

    if isinstance(key_node, ast.Slice):
        return _slice(walk, owner, key_node)
    key = expressions.value(walk, key_node)
    names = names_of(owner, 0) | names_of(key)
    match owner, key:
        case Instance(made_by=Class()), _ if (asked := special(walk, owner, "__getitem__", [key], node)) is not None:
            return asked
        case Class(members_of_enum=dict()), _:
            return enum_item(walk, owner, key, node)
        case Library(dotted="os.environ"), Data(value=str() as name):
            from lintune.scripts.walk.libraries import environment_item

            return environment_item(walk, name, node)
        case Library(dotted="sys.argv"), Data(value=int() as index) if not isinstance(key.value, bool):
            return lifted(walk.word(str(index)), "")
        case Library(dotted="sys.argv"), _:
            return Open("the command line", names)
        case Table(), _:
            return _entry(walk, owner, key, names, node)
        case Items(kind="list" | "tuple"), Data(value=int() as index) if not owner.open:
            if -len(owner.items) <= index < len(owner.items):
                return owner.items[index]
        case Data(value=str() as text), Data(value=int() as index) if -len(text) <= index < len(text):
            return Data(text[index], names)
        case PartName(root=root, path=path, how="parts"), Data(value=int() as index):
            return PartName(root, path, "last" if index == -1 else "", owner.where)
        case Weights(root=root, path=path), Data(value=int() as index):
            return Weights(root, f"{path}[{index}]")
        case Weights(root=root, path=path), _:
            return Weights(root, f"{path}[...]")
        case Library(), _:
            return owner
        case Data(value=data), _ if data is not None and not isinstance(data, str | int | float):
            from lintune.scripts.walk import texts

            if (part := texts.item(owner, key, names)) is not None:
                return part
    walk.foreign += 1
    return Open("it is an item of something unknown", names | names_of(owner))


def _entry(walk: "Walk", owner: Table, key: Value, names: frozenset[str], node: ast.AST) -> Value:
    try:
        word = key_of(key)
    except ValueError:
        return Open("it is an item of something unknown", names)
    found = owner.slots.get(word)
    if found is None and "default" in owner.state and not owner.open:
        from lintune.scripts.walk.calls import apply

        found = apply(walk, owner.state["default"], [], {}, node)
        walk.journal.write(owner.slots, word, found)
    if found is not None:
        value: Value = found
        return value
    base = node.value if isinstance(node, ast.Subscript) else None
    shared = isinstance(base, ast.Name) and base.id not in walk.scope.slots and _changes(walk, base.id)
    if owner.open or shared:
        walk.foreign += 1
        return Open("it is a key that is not known", names)
    walk.end("key-error", repr(word), "KeyError", node, names)
    raise Stopped


def _changes(walk: "Walk", name: str) -> bool:
    from lintune.scripts.walk.scopes import changed_elsewhere

    return changed_elsewhere(walk, name)


def _slice(walk: "Walk", owner: Value, key: ast.Slice) -> Value:
    from lintune.scripts.walk import expressions

    bounds = [expressions.value(walk, each) if each is not None else Data(None) for each in (key.lower, key.upper, key.step)]
    names = names_of(owner, 0).union(*(names_of(each) for each in bounds))
    if isinstance(owner, Library):
        return Open("it is part of something unknown", names)
    if isinstance(owner, Weights):
        shown = [str(each.value) if isinstance(each, Data) and each.value is not None else "" for each in bounds[:2]]
        known = all(isinstance(each, Data) for each in bounds)
        return Weights(owner.root, f"{owner.path}[{':'.join(shown) if known else '...'}]")
    if isinstance(owner, Items) and any(isinstance(each, PartName) for each in owner.items):
        return sequence(owner.kind, owner.items, True, names)
    try:
        start, stop, step = (plain(each) for each in bounds)
        if isinstance(owner, Items) and not owner.open:
            return sequence(owner.kind, owner.items[start:stop:step], names=names)
        return lift(plain(owner)[start:stop:step], names)
    except (ValueError, TypeError):
        return Open("it is part of something unknown", names | names_of(owner))
