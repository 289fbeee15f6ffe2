"""Assignments: to names, attributes, items of containers, and to `requires_grad`."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import (
    MAYBE,
    Bound,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parameter,
    Parsed,
    PartName,
    Scope,
    Space,
    Table,
    Test,
    Value,
    Weights,
    names_of,
)
from lintune.scripts.walk.loops import elements, iterated
from lintune.scripts.walk.objects import key_of, value_of
from lintune.scripts.walk.options import doubt, set_option
from lintune.scripts.walk.weights_use import doubt_models, put_module, set_gradients

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


_MOST_ITEMS = 4096


def bind(walk: "Walk", name: str, value: Value) -> None:
    """Assign to a name of the present scope, or to a global one where it is declared so."""
    scope = walk.scope
    if name in scope.globals_:
        scope = _outer(scope, name)
    walk.journal.write(scope.slots, name, value)


def _outer(scope: Scope, name: str) -> Scope:
    current = scope.outer
    while current is not None and current.outer is not None and name not in current.slots:
        current = current.outer
    return current or scope


def store(walk: "Walk", target: ast.expr, value: Value, node: ast.AST) -> None:
    """Assign a value to a target."""
    from lintune.scripts.walk import expressions

    match target:
        case ast.Name(id=name):
            bind(walk, name, value)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(walk, targets, value, node)
        case ast.Starred(value=inner):
            store(walk, inner, value, node)
        case ast.Attribute(value=owner, attr=name):
            set_attribute(walk, expressions.value(walk, owner), name, value, node)
        case ast.Subscript(value=owner, slice=key):
            set_item(walk, expressions.value(walk, owner), expressions.value(walk, key), value)


def _unpack(walk: "Walk", targets: list[ast.expr], value: Value, node: ast.AST) -> None:
    unknown: list[Value] = [Open("it is unpacked from something unknown", names_of(value))] * len(targets)
    parts = unknown
    star = next((index for index, each in enumerate(targets) if isinstance(each, ast.Starred)), None)
    if isinstance(value, Instance):
        value = iterated(walk, value, node)
    known = elements(value)
    if known is not None:
        items = list(known)
        if star is None and len(items) == len(targets):
            parts = items
        elif star is not None and len(items) >= len(targets) - 1:
            after = len(targets) - star - 1
            middle = Items("list", {"items": tuple(items[star : len(items) - after]), "open": False})
            parts = [*items[:star], middle, *items[len(items) - after :]]
    if parts is unknown:
        walk.foreign += 1
    for target, part in zip(targets, parts, strict=True):
        store(walk, target, part, node)


def set_attribute(walk: "Walk", owner: Value, name: str, value: Value, node: ast.AST) -> None:
    """`owner.name = value`."""
    match owner:
        case Parameter() | Weights() if name == "requires_grad":
            set_gradients(walk, owner, value, node, method=False)
        case Parsed():
            set_option(walk, owner, name, value)
        case Instance():
            walk.journal.write(owner.slots, name, value)
        case Weights():
            put_module(walk, owner, name, value, node)
        case Space(module=module):
            from lintune.scripts.walk.scopes import open_module

            walk.journal.write(open_module(walk, module).slots, name, value)
        case Class(members=members):
            if isinstance(members.get(name), Function):
                members.pop(name)
            walk.journal.write(owner.slots, name, value)
        case Library(dotted="sys") if name == "argv":
            walk.noted.words_changed = True
        case Open() if name == "requires_grad":
            doubt_models(walk, node)


def set_item(walk: "Walk", owner: Value, key: Value, value: Value) -> None:
    """`owner[key] = value`."""
    spread(walk, owner)
    match owner:
        case Library(dotted="os.environ"):
            if isinstance(key, Data):
                walk.journal.write(walk.environment, str(key.value), value)
        case Library(dotted="sys.argv"):
            walk.noted.words_changed = True
        case Bound(owner=Parsed() as options, name="__dict__"):
            _set_by_name(walk, options, key, value)
        case Table():
            if owner.options is not None:
                _set_by_name(walk, owner.options, key, value)
            _set_key(walk, owner, key, value)
        case Items() if isinstance(key, Data) and isinstance(key.value, int) and not owner.open and abs(key.value) < len(owner.items):
            items = list(owner.items)
            items[key.value] = value
            walk.journal.write(owner.slots, "items", tuple(items))
        case _:
            forget(walk, owner)


def _set_by_name(walk: "Walk", options: Parsed, key: Value, value: Value) -> None:
    if isinstance(key, Data) and isinstance(key.value, str):
        set_option(walk, options, key.value, value)
    else:
        doubt(walk, options)


def _set_key(walk: "Walk", owner: Table, key: Value, value: Value) -> None:
    try:
        walk.journal.write(owner.slots, key_of(key), value)
    except ValueError:  # any of its keys may be that one
        forget(walk, owner)


def forget(walk: "Walk", owner: Value) -> None:
    """A container was changed in a way that is not followed."""
    if isinstance(owner, Items):
        walk.journal.write(owner.slots, "open", True)
    elif isinstance(owner, Table):
        if owner.options is not None:
            doubt(walk, owner.options)
        for key, old in list(owner.slots.items()):
            walk.journal.write(owner.slots, key, Open("it may have been changed", names_of(old), unset=True))
        walk.journal.write(owner.state, "open", True)


def spread(walk: "Walk", owner: Value) -> None:
    """A container that is one of several is changed in place: each of them may be the one."""
    kept = owner.slots if isinstance(owner, Items) else owner.state if isinstance(owner, Table) else {}
    for each in kept.get("of", ()):
        forget(walk, each)
        spread(walk, each)


def append(walk: "Walk", owner: Items, value: Value) -> None:
    """One more item; in a loop over parameters it stands for those that pass the tests around."""
    if isinstance(value, PartName) and walk.tests:
        value = PartName(value.root, value.path, value.how, (*value.where, *walk.tests))
    items = owner.items
    if len(items) >= _MOST_ITEMS:
        forget(walk, owner)
        return
    if owner.kind == "set":
        from lintune.scripts.walk.containers import unique

        items, fewer = unique((*items, value))
        walk.journal.write(owner.slots, "items", items)
        if fewer:
            walk.journal.write(owner.slots, "open", True)
        return
    walk.journal.write(owner.slots, "items", (*items, value))


def remove(walk: "Walk", owner: Items, value: Value) -> None:
    """Take a value out: by value where all are known, by a test on their names where they stand for modules."""
    items = owner.items
    if isinstance(value, Data) and any(isinstance(each, PartName) for each in items):
        without = Test("not", (Test("last", (value.value,)),))
        kept = tuple(
            PartName(each.root, each.path, each.how, (*each.where, Test("not", (Test("last", (value.value,), each.path),))))
            if isinstance(each, PartName)
            else each
            for each in items
        )
        walk.journal.write(owner.slots, "items", kept if without else items)
        return
    try:
        index = [key_of(each) for each in items].index(key_of(value)) if not owner.open else -1
    except ValueError:
        index = -1
    if index < 0:
        forget(walk, owner)
        return
    walk.journal.write(owner.slots, "items", items[:index] + items[index + 1 :])


def extend(walk: "Walk", owner: Items, more: Value) -> None:
    """Add the items of another value."""
    match more:
        case Items() if len(owner.items) + len(more.items) > _MOST_ITEMS:
            forget(walk, owner)
        case Items():
            for each in more.items:
                if each is not MAYBE:
                    append(walk, owner, each)
            if more.open or (owner.kind == "list" and elements(more) is None):
                walk.journal.write(owner.slots, "open", True)
        case Table() if not more.open:
            for key in more.slots:
                append(walk, owner, value_of(key))
        case PartName():
            append(walk, owner, more)
        case _:
            walk.journal.write(owner.slots, "open", True)


def augment(walk: "Walk", node: ast.AugAssign) -> None:
    """`target += value`: in place for lists."""
    from lintune.scripts.walk import expressions, operators

    target = node.target
    load = _as_load(target)
    before, more = expressions.value(walk, load), expressions.value(walk, node.value)
    spread(walk, before)
    if isinstance(before, Items) and before.kind == "list" and isinstance(node.op, ast.Add):
        extend(walk, before, more)
        return
    if isinstance(before, Table) and isinstance(node.op, ast.BitOr):
        if isinstance(more, Table) and not more.open:
            for key, value in more.slots.items():
                set_item(walk, before, value_of(key), value)
        else:
            forget(walk, before)
        return
    if isinstance(before, Items) and before.kind == "set":
        found = operators.binary(walk, node, node.op, before, more)
        if isinstance(found, Items):  # the set itself changes
            walk.journal.write(before.slots, "items", found.items)
        else:
            forget(walk, before)
        return
    store(walk, target, operators.binary(walk, node, node.op, before, more), node)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            made: ast.expr = ast.Name(id=name, ctx=ast.Load())
        case ast.Attribute(value=value, attr=attr):
            made = ast.Attribute(value=value, attr=attr, ctx=ast.Load())
        case ast.Subscript(value=value, slice=key):
            made = ast.Subscript(value=value, slice=key, ctx=ast.Load())
        case _:
            made = target
    return ast.copy_location(made, target)
