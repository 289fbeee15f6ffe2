"""Expressions: what one is worth in the present state."""

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk import attributes, calls, operators
from lintune.scripts.walk.abstract import (
    NONE,
    Data,
    Function,
    Items,
    Library,
    Open,
    Partial,
    PartName,
    Table,
    Test,
    Value,
    lift,
    names_of,
    sequence,
    truth,
)
from lintune.scripts.walk.loops import MOST_TURNS, any_element, elements
from lintune.scripts.walk.scopes import lookup
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LONGEST_TEXT = 20_000


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
    return value(walk, node)


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
    return Open(f"`{node.id}` is set elsewhere")


def _attribute(walk: "Walk", node: ast.Attribute) -> Value:
    return attributes.read(walk, value(walk, node.value), node.attr, node)


def _list(walk: "Walk", node: ast.List | ast.Tuple | ast.Set) -> Value:
    kind = "list" if isinstance(node, ast.List) else "tuple" if isinstance(node, ast.Tuple) else "set"
    made = sequence(kind, ())
    items: list[Value] = []
    open_ = False
    for each in node.elts:
        if isinstance(each, ast.Starred):
            inner = elements(value(walk, each.value))
            items.extend(inner or ())
            open_ = open_ or inner is None
        else:
            items.append(value(walk, each))
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
        if isinstance(name, Data) and isinstance(name.value, str | int | float | bytes | None):
            made.slots[name.value] = found
        else:
            made.state["open"] = True
    return made


def _joined(walk: "Walk", node: ast.JoinedStr) -> Value:
    texts: list[str] = []
    names = NONE
    known = True
    for part in node.values:
        found = value(walk, part.value if isinstance(part, ast.FormattedValue) else part)
        names |= names_of(found)
        plain = isinstance(part, ast.FormattedValue) and part.format_spec is None and part.conversion == -1
        if isinstance(found, Data) and (plain or not isinstance(part, ast.FormattedValue)):
            texts.append(str(found.value))
        else:
            texts.append(found.text or "..." if isinstance(found, Open) else "...")
            known = False
    text = "".join(texts)
    if len(text) > _LONGEST_TEXT:
        return Open("it is long text", names, text[:_LONGEST_TEXT])
    return Data(text, names) if known else Open("it is text with unknown parts", names, text)


def _unary(walk: "Walk", node: ast.UnaryOp) -> Value:
    return operators.unary(node.op, value(walk, node.operand))


def _binary(walk: "Walk", node: ast.BinOp) -> Value:
    return operators.binary(walk, node, node.op, value(walk, node.left), value(walk, node.right))


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
            decided = truth(found)
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
        answer = operators.compared(walk, node, op, left, right)
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
    return attributes.item(walk, value(walk, node.value), node.slice, node)


def _call(walk: "Walk", node: ast.Call) -> Value:
    return calls.call(walk, node)


def _lambda(walk: "Walk", node: ast.Lambda) -> Value:
    return Function(node, walk.module, walk.scope)


def _comprehension(walk: "Walk", node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    kind = "set" if isinstance(node, ast.SetComp) else "list"
    found: list[Value] = []
    whole = _generate(walk, node.generators, 0, lambda: found.append(_named_part(walk, value(walk, node.elt))))
    return sequence(kind, found, not whole)


class _Settled(Exception):
    """An item decides `any` or `all`."""


def quantified(walk: "Walk", node: ast.GeneratorExp, settles: bool) -> Value:
    """`any(... for ...)`, `all(... for ...)`: items behind the one that decides are not evaluated."""
    from lintune.scripts.walk.builtin import combined

    found: list[Value] = []
    count = len(walk.tests)

    def emit() -> None:
        open_ = any(truth(each) is None for each in found)  # one of them may have decided already
        walk.unsure += open_
        try:
            one = value(walk, node.elt)
        except Stopped:
            if not open_:
                raise
            one = Open("it may raise")
        finally:
            walk.unsure -= open_
        found.append(one)
        if truth(one) is settles and not any(truth(each) is None for each in found) and len(walk.tests) == count:
            raise _Settled

    unsure = walk.unsure
    try:
        whole = _generate(walk, node.generators, 0, emit)
    except _Settled:
        if walk.unsure == unsure:
            return Data(settles, NONE.union(*(names_of(each) for each in found)))
        whole = False
    return combined([sequence("list", found, not whole)], NONE.union(*(names_of(each) for each in found)) if found else NONE, settles)


def _named_part(walk: "Walk", found: Value) -> Value:
    if isinstance(found, PartName) and walk.tests:
        return PartName(found.root, found.path, found.how, (*found.where, *walk.tests))
    return found


def _mapping(walk: "Walk", node: ast.DictComp) -> Value:
    made = Table()
    whole = [True]

    def entry() -> None:
        key, each = value(walk, node.key), value(walk, node.value)
        if isinstance(key, Data) and isinstance(key.value, str | int | float | bytes | None):
            made.slots[key.value] = each
        else:
            whole[0] = False

    made.state["open"] = not _generate(walk, node.generators, 0, entry) or not whole[0]
    return made


def _generate(walk: "Walk", generators: list[ast.comprehension], depth: int, emit: Callable[[], None]) -> bool:
    """Run a comprehension's clauses; False where not every item is known."""
    from lintune.scripts.walk.stores import store

    if depth == len(generators):
        emit()
        return True
    clause = generators[depth]
    over = value(walk, clause.iter)
    known = elements(over)
    if known is not None and len(known) <= MOST_TURNS:
        whole = True
        for item in known:
            store(walk, clause.target, item, clause.target)
            whole = _filtered(walk, generators, depth, emit) and whole
        return whole
    one = any_element(over)
    store(walk, clause.target, one if one is not None else Open("it is one of several", names_of(over)), clause.target)
    walk.unsure += 1
    count = len(walk.tests)
    try:
        if one is not None:
            _filtered(walk, generators, depth, emit)
    finally:
        walk.unsure -= 1
        del walk.tests[count:]
    return False


def _filtered(walk: "Walk", generators: list[ast.comprehension], depth: int, emit: Callable[[], None]) -> bool:
    count = len(walk.tests)
    try:
        for test in generators[depth].ifs:
            found = condition(walk, test)
            decided = truth(found)
            if decided is False:
                return True
            if isinstance(found, Test):
                walk.tests.append(found)
            elif decided is None:
                return False
        return _generate(walk, generators, depth + 1, emit)
    finally:
        del walk.tests[count:]


def _formatted(walk: "Walk", node: ast.FormattedValue) -> Value:
    return value(walk, node.value)


def _starred(walk: "Walk", node: ast.Starred) -> Value:
    return value(walk, node.value)


def _await(walk: "Walk", node: ast.Await) -> Value:
    return value(walk, node.value)


_HANDLERS: dict[type[ast.expr], Callable[["Walk", Any], Value]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
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
    ast.DictComp: _mapping,
    ast.Starred: _starred,
    ast.Await: _await,
}

__all__ = ["Items", "Partial", "condition", "lift", "value"]
