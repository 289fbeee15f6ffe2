"""Comprehensions: turn by turn over what is known, once for any parameter of a model, and in general otherwise."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from lintune.scripts.walk import expressions
from lintune.scripts.walk.abstract import NONE, UNSET, Data, Open, PartName, Table, Test, Value, names_of, sequence, truth
from lintune.scripts.walk.containers import set_of
from lintune.scripts.walk.iteration import combined
from lintune.scripts.walk.loops import MOST_TURNS, any_element, elements, iterated, unordered
from lintune.scripts.walk.objects import key_of
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def comprehension(walk: "Walk", node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    """A list, set or generator that a comprehension makes."""
    kind = "set" if isinstance(node, ast.SetComp) else "list"
    found: list[Value] = []
    mixed: list[bool] = []
    whole = _generated(walk, node.generators, lambda: found.append(_named_part(walk, expressions.value(walk, node.elt))), mixed)
    if kind == "set":
        return set_of(found, not whole)
    return sequence("bag" if mixed else kind, found, not whole)


class _Settled(Exception):
    """An item decides `any` or `all`."""


def quantified(walk: "Walk", node: ast.GeneratorExp, settles: bool) -> Value:
    """`any(... for ...)`, `all(... for ...)`: items behind the one that decides are not evaluated."""
    found: list[Value] = []
    count = len(walk.tests)

    def emit() -> None:
        open_ = any(truth(each) is None for each in found)  # one of them may have decided already
        walk.unsure += open_
        try:
            one = expressions.condition(walk, node.elt)
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
        whole = _generated(walk, node.generators, emit, [])
    except _Settled:
        if walk.unsure == unsure:
            return Data(settles, NONE.union(*(names_of(each) for each in found)))
        whole = False
    return combined([sequence("list", found, not whole)], NONE.union(*(names_of(each) for each in found)) if found else NONE, settles)


def _named_part(walk: "Walk", found: Value) -> Value:
    if isinstance(found, PartName) and walk.tests:
        return PartName(found.root, found.path, found.how, (*found.where, *walk.tests))
    return found


def mapping(walk: "Walk", node: ast.DictComp) -> Value:
    """A dictionary that a comprehension makes."""
    made = Table()
    whole = [True]

    def entry() -> None:
        key, each = expressions.value(walk, node.key), expressions.value(walk, node.value)
        try:
            made.slots[key_of(key)] = each
        except ValueError:
            whole[0] = False

    made.state["open"] = not _generated(walk, node.generators, entry, []) or not whole[0]
    return made


def _generated(walk: "Walk", generators: list[ast.comprehension], emit: Callable[[], None], mixed: list[bool]) -> bool:
    """Run a comprehension's clauses; its variables are its own."""
    slots = walk.scope.slots
    before = [(name, slots.get(name, UNSET)) for clause in generators for name in bound_names(clause.target)]
    try:
        return _generate(walk, generators, 0, emit, mixed)
    finally:
        for name, old in before:
            walk.journal.write(slots, name, old)


def bound_names(target: ast.expr) -> list[str]:
    """The names that an assignment to a target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    inner = target.elts if isinstance(target, ast.Tuple | ast.List) else [target.value] if isinstance(target, ast.Starred) else []
    return [name for each in inner for name in bound_names(each)]


def _generate(walk: "Walk", generators: list[ast.comprehension], depth: int, emit: Callable[[], None], mixed: list[bool]) -> bool:
    """Run a comprehension's clauses; False where not every item is known."""
    from lintune.scripts.walk.stores import store

    if depth == len(generators):
        emit()
        return True
    clause = generators[depth]
    over = iterated(walk, expressions.value(walk, clause.iter), clause.iter)
    known = unordered(over)
    if known is not None and len(known) <= MOST_TURNS:
        strange = elements(over) is None
        mixed += [True] if strange else []
        whole = True
        walk.unsure += strange
        try:
            for item in known:
                store(walk, clause.target, item, clause.target)
                whole = _filtered(walk, generators, depth, emit, mixed) and whole
        finally:
            walk.unsure -= strange
        return whole
    one = any_element(over)
    walk.foreign += 1
    store(walk, clause.target, one if one is not None else Open("it is one of several", names_of(over)), clause.target)
    walk.unsure += 1
    count = len(walk.tests)
    try:
        if one is not None:
            _filtered(walk, generators, depth, emit, mixed)
    finally:
        walk.unsure -= 1
        del walk.tests[count:]
    return False


def _filtered(walk: "Walk", generators: list[ast.comprehension], depth: int, emit: Callable[[], None], mixed: list[bool]) -> bool:
    count = len(walk.tests)
    try:
        for test in generators[depth].ifs:
            found = expressions.condition(walk, test)
            decided = truth(found)
            if decided is False:
                return True
            if isinstance(found, Test):
                walk.tests.append(found)
            elif decided is None:
                return False
        return _generate(walk, generators, depth + 1, emit, mixed)
    finally:
        del walk.tests[count:]
