"""Expressions: what one is worth in the present state."""

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk import attributes, calls, formatting, generators, operators
from lintune.scripts.walk.abstract import (
    NONE,
    Bound,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Partial,
    Table,
    Test,
    Value,
    lift,
    names_of,
    sequence,
    truth,
)
from lintune.scripts.walk.containers import set_of
from lintune.scripts.walk.loops import elements, iterated
from lintune.scripts.walk.objects import as_condition, key_of
from lintune.scripts.walk.scopes import lookup
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def value(walk: "Walk", node: ast.expr) -> Value:
    """The value of an expression; raises `Stopped` where it certainly raises."""
    if isinstance(node, ast.Constant):
        return Data(node.value)
    walk.step()
    handler = _HANDLERS.get(type(node))
    if handler is None:
        _look_inside(walk, node)
        return Open("it is computed")
    return handler(walk, node)


def condition(walk: "Walk", node: ast.expr) -> Value:
    """The value of a test."""
    found = value(walk, node)
    return as_condition(walk, found, node) if isinstance(found, Instance) else found


def _look_inside(walk: "Walk", node: ast.expr) -> None:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.expr):
            value(walk, inner)


def _name(walk: "Walk", node: ast.Name) -> Value:
    slots = walk.calls[-1].scope.slots if walk.calls[-1].scope is not None else {}
    found = slots.get(node.id)
    if found is None:
        found = lookup(walk, node.id, walk.scope)
    if found is not None:
        return found
    if hasattr(builtins, node.id):
        return Library(f"builtins.{node.id}")
    walk.foreign += 1
    return Open(f"`{node.id}` is set elsewhere")


def _attribute(walk: "Walk", node: ast.Attribute) -> Value:
    found = attributes.read(walk, value(walk, node.value), node.attr, node)
    if isinstance(found, Open) or (isinstance(found, Bound) and found.function is None and not isinstance(found.owner, _PLAIN)):
        walk.foreign += 1
    return found


_PLAIN = (Data, Items, Table)


def _noted(walk: "Walk", found: Value) -> Value:
    """What is not known may have raised: a `try` around it has to know."""
    if isinstance(found, Open):
        walk.foreign += 1
    return found


def _list(walk: "Walk", node: ast.List | ast.Tuple | ast.Set) -> Value:
    kind = "list" if isinstance(node, ast.List) else "tuple" if isinstance(node, ast.Tuple) else "set"
    made = sequence(kind, ())
    items: list[Value] = []
    open_ = False
    for each in node.elts:
        if isinstance(each, ast.Starred):
            inner = elements(iterated(walk, value(walk, each.value), each))
            items.extend(inner or ())
            open_ = open_ or inner is None
        else:
            items.append(value(walk, each))
    if kind == "set":
        return set_of(items, open_)
    made.slots["items"], made.slots["open"] = tuple(items), open_
    return made


def _dict(walk: "Walk", node: ast.Dict) -> Value:
    made = Table()
    for key, each in zip(node.keys, node.values, strict=True):
        found = value(walk, each)
        if key is None:
            if isinstance(found, Table):
                made.slots.update(found.slots)
                made.state["open"] = made.state["open"] or found.open
            else:
                made.state["open"] = True
            continue
        name = value(walk, key)
        try:
            made.slots[key_of(name)] = found
        except ValueError:
            made.state["open"] = True
    return made


def _unary(walk: "Walk", node: ast.UnaryOp) -> Value:
    found = condition(walk, node.operand) if isinstance(node.op, ast.Not) else value(walk, node.operand)
    return _noted(walk, operators.unary(node.op, found))


def _binary(walk: "Walk", node: ast.BinOp) -> Value:
    return _noted(walk, operators.binary(walk, node, node.op, value(walk, node.left), value(walk, node.right)))


def _boolean(walk: "Walk", node: ast.BoolOp) -> Value:
    """`and`, `or`: what decides ends it; after something that is not known, the rest may not be evaluated."""
    settles = isinstance(node.op, ast.Or)
    seen: list[Value] = []
    names = NONE
    unsure = 0
    try:
        for index, each in enumerate(node.values):
            try:
                found = value(walk, each)
            except Stopped:
                if not unsure:
                    raise
                return Open("its condition is not known", names)
            names |= names_of(found)
            decided = truth(as_condition(walk, found, each) if isinstance(found, Instance) else found)
            if decided is settles:
                return _settled(found, names, unsure)
            if decided is None:
                seen.append(found)
                unsure += 1
                walk.unsure += 1
            elif index == len(node.values) - 1 and not seen:
                return _named(found, names)
    finally:
        walk.unsure -= unsure
    if settles and len(seen) == 1 and not isinstance(seen[0], Test) and truth(found) is False and found is not seen[0]:
        return Open("one of its parts is not known", names)
    return operators.either(walk, seen, settles)


def _settled(found: Value, names: frozenset[str], unsure: int) -> Value:
    if not unsure:
        return _named(found, names)
    return Open("which of its parts it is, is not known", names, truth=truth(found))


def _named(found: Value, names: frozenset[str]) -> Value:
    return Data(found.value, names) if isinstance(found, Data) else found


def _compare(walk: "Walk", node: ast.Compare) -> Value:
    left = value(walk, node.left)
    answers: list[Value] = []
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = value(walk, right_node)
        answer = _noted(walk, operators.compared(walk, node, op, left, right))
        if len(node.ops) == 1:
            return answer
        if truth(answer) is False:
            return answer
        answers.append(answer)
        left = right
    if all(truth(each) for each in answers):
        return Data(True, NONE.union(*(names_of(each) for each in answers)))
    return operators.either(walk, [each for each in answers if truth(each) is None], False)


def _choice(walk: "Walk", node: ast.IfExp) -> Value:
    from lintune.scripts.walk.statements import branch, tinted
    from lintune.scripts.walk.walker import NEXT

    test = condition(walk, node.test)
    names, decided = names_of(test), truth(test)
    if decided is not None:
        walk.path.append(names)
        try:
            return tinted(walk, value(walk, node.body if decided else node.orelse))
        finally:
            walk.path.pop()
    found: list[Value] = []

    def way(each: ast.expr) -> int:
        found.append(value(walk, each))
        return NEXT

    if isinstance(test, Test) and test.kind not in ("exists", "among"):
        one, two = value(walk, node.body), value(walk, node.orelse)
        if isinstance(one, Data) and isinstance(two, Data) and {one.value, two.value} == {True, False}:
            return test if one.value is True else Test("not", (test,))
        return walk.journal.joined(one, two)  # type: ignore[no-any-return]
    branch(walk, test, names, lambda: way(node.body), lambda: way(node.orelse))
    if not found:
        raise Stopped
    joined: Value = walk.journal.joined(found[0], found[-1])
    return Open(joined.reason, joined.names | names) if isinstance(joined, Open) else joined


def _walrus(walk: "Walk", node: ast.NamedExpr) -> Value:
    from lintune.scripts.walk.stores import store

    found = value(walk, node.value)
    store(walk, node.target, found, node)
    return found


def _subscript(walk: "Walk", node: ast.Subscript) -> Value:
    return _noted(walk, attributes.item(walk, value(walk, node.value), node.slice, node))


def _call(walk: "Walk", node: ast.Call) -> Value:
    return _noted(walk, calls.call(walk, node))


def _lambda(walk: "Walk", node: ast.Lambda) -> Value:
    return Function(node, walk.module, walk.scope)


def _formatted(walk: "Walk", node: ast.FormattedValue) -> Value:
    return value(walk, node.value)


def _starred(walk: "Walk", node: ast.Starred) -> Value:
    return value(walk, node.value)


def _await(walk: "Walk", node: ast.Await) -> Value:
    return value(walk, node.value)


def _comprehension(walk: "Walk", node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    from lintune.scripts.walk import comprehensions

    return comprehensions.mapping(walk, node) if isinstance(node, ast.DictComp) else comprehensions.comprehension(walk, node)


_HANDLERS: dict[type[ast.expr], Callable[["Walk", Any], Value]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.JoinedStr: formatting.joined,
    ast.FormattedValue: _formatted,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _choice,
    ast.NamedExpr: _walrus,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Starred: _starred,
    ast.Yield: generators.run_yield,
    ast.YieldFrom: generators.run_yield,
    ast.Await: _await,
}

__all__ = ["Items", "Partial", "condition", "lift", "value"]
