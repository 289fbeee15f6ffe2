"""Loops: turn by turn over what is known, once for any parameter of a model, and in general otherwise."""

import ast
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import (
    NONE,
    Class,
    Data,
    Instance,
    Items,
    Open,
    Parameter,
    Parameters,
    PartName,
    Table,
    Value,
    Weights,
    names_of,
    sequence,
    truth,
)
from lintune.scripts.walk.generators import is_generator, items_of, leaves, loop
from lintune.scripts.walk.objects import special, value_of
from lintune.scripts.walk.walker import BREAK, CONTINUE, NEXT, RAISE, RETURN, Frame

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

MOST_TURNS = 64


def run_for(walk: "Walk", node: ast.For | ast.AsyncFor) -> int:
    """A `for` loop."""
    from lintune.scripts.walk import expressions, stores
    from lintune.scripts.walk.statements import run

    over = expressions.value(walk, node.iter)

    def turn(item: Value) -> int:
        stores.store(walk, node.target, item, node)
        return run(walk, node.body)

    if isinstance(over, Instance):
        made = special(walk, over, "__iter__", [], node) or over
        if is_generator(made) and (way := loop(walk, made, node.body, turn)) is not None:
            return _after(walk, node, way)
        over = iterated(walk, made, node, not leaves(node.body, (ast.Break, ast.Return)))
    known = elements(over)
    if known is not None and len(known) <= MOST_TURNS:
        left = _turns(walk, [partial(turn, item) for item in known], names_of(over))
    elif (items := unordered(over)) is not None and len(items) <= MOST_TURNS and any_element(over) is None:
        left = _in_some_order(walk, [partial(turn, item) for item in items], names_of(over))
    elif (one := any_element(over)) is not None:
        walk.foreign += 1
        left = any_turn(walk, lambda: turn(one))
    else:
        walk.foreign += 1
        left = _some_turns(walk, lambda: turn(Open("it is one of several", names_of(over))), names_of(over))
    return _after(walk, node, left)


def _after(walk: "Walk", node: ast.For | ast.AsyncFor | ast.While, left: int) -> int:
    from lintune.scripts.walk.statements import run

    broken, ended = left & BREAK, left & NEXT
    left &= ~(BREAK | CONTINUE)
    if not ended:  # left by `break`, or not at all
        return left | (NEXT if broken else 0)
    if node.orelse and not broken and left & NEXT:
        return (left & ~NEXT) | run(walk, node.orelse)
    if node.orelse and left & NEXT:
        return left | _maybe(walk, lambda: run(walk, node.orelse))
    return left


def elements(value: Value) -> tuple[Value, ...] | None:
    """What a loop over a value gets, in order; None where that is not known."""
    if isinstance(value, Items) and value.kind in ("set", "bag") and len(value.items) > 1:
        return unordered(value) if isinstance(value.items[0], PartName | Parameter | Weights) else None
    return unordered(value)


def unordered(value: Value) -> tuple[Value, ...] | None:
    """What a loop over a value gets, in whatever order; None where that is not known."""
    match value:
        case Items() if not value.open:
            return value.items
        case Table() if not value.open and not any(isinstance(each, Open) and each.unset for each in value.slots.values()):
            return tuple(value_of(key) for key in value.slots)
        case Class(members_of_enum=dict() as members):
            return tuple(dict.fromkeys(members.values()))
        case Data(value=str() as text, names=names) if len(text) <= MOST_TURNS:
            return tuple(Data(each, names) for each in text)
    return None


def iterated(walk: "Walk", value: Value, node: ast.AST, whole: bool = True) -> Value:
    """What a loop asks of an object of the project: what its `__iter__` gives; `whole`: whether all of it is asked for."""
    found = special(walk, value, "__iter__", [], node) if isinstance(value, Instance) else None
    made = value if found is None else found
    return items_of(walk, made, node, whole) if is_generator(made) else made


def any_element(value: Value) -> Value | None:
    """What stands for any parameter or module in a loop over them."""
    match value:
        case Parameters(root=root, path=path, kind="parameters"):
            return Parameter(root, path)
        case Parameters(root=root, path=path, kind="named_parameters"):
            return sequence("tuple", (PartName(root, path), Parameter(root, path)))
        case Parameters(root=root, path=path, kind="modules"):
            return Weights(root, path, each=True)
        case Parameters(root=root, path=path):
            return sequence("tuple", (PartName(root, path), Weights(root, path, each=True)))
        case Weights():
            return Weights(value.root, value.path, each=True)
        case Items(items=items) if items and isinstance(items[0], Parameter | PartName | Weights):
            return items[0]
    return None


def _turns(walk: "Walk", turns: list[Callable[[], int]], names: frozenset[str]) -> int:
    """Known turns, one after the other."""
    loop = Frame(walk.journal.mark())
    walk.frames.append(loop)
    walk.path.append(names)
    left = NEXT
    try:
        for each in turns:
            how = one_turn(walk, each)
            left |= how & ~NEXT
            if not how & (NEXT | CONTINUE):
                left &= ~NEXT
                break
    finally:
        walk.path.pop()
        close(walk, loop, bool(left & NEXT))
    return left


def _in_some_order(walk: "Walk", turns: list[Callable[[], int]], names: frozenset[str]) -> int:
    """The turns over a set: nobody knows which comes first, so only what is the same from both ends is known afterwards."""
    from lintune.scripts.walk.statements import branch

    def way(some: list[Callable[[], int]]) -> int:
        left = _turns(walk, some, names)
        return left | NEXT if left & BREAK else left

    return branch(walk, Open(), names, lambda: way(turns), lambda: way(turns[::-1]))


def one_turn(walk: "Walk", turn: Callable[[], int]) -> int:
    """One turn, which `continue` may leave early."""
    frame = Frame(walk.journal.mark())
    walk.frames.append(frame)
    count = len(walk.tests)
    how = 0
    try:
        how = turn()
    finally:
        del walk.tests[count:]
        close(walk, frame, bool(how & NEXT))
    return how


def close(walk: "Walk", frame: Frame, goes_on: bool) -> None:
    """Leave a frame: join the states in which it was left early with the present one."""
    walk.frames.remove(frame)
    walk.unsure -= frame.doubt
    join_leaves(walk, frame, goes_on)


def join_leaves(walk: "Walk", frame: Frame, goes_on: bool) -> None:
    """The state after a frame: that of each way out of it."""
    journal = walk.journal
    leaves = frame.leaves
    if not leaves:
        return
    if len(leaves) == 1 and not goes_on and leaves[0][2] == journal.mark() and leaves[0][3] == walk.undone:
        return
    states = [state for state, *_ in leaves]
    if goes_on:
        states.append(journal.since(frame.mark))
    journal.forget(frame.mark)
    walk.undone += 1
    journal.redo(states[0])
    for state in states[1:]:
        journal.join(frame.mark, state)


def any_turn(walk: "Walk", turn: Callable[[], int]) -> int:
    """A loop over the parameters or modules of a model, in one turn that stands for all."""
    from lintune.scripts.walk.statements import blend

    loop = Frame(walk.journal.mark())
    walk.frames.append(loop)
    walk.unsure += 1
    left = 0
    try:
        left = one_turn(walk, turn)
    finally:
        walk.unsure -= 1
        blend(walk, loop.mark)
        close(walk, loop, True)
    return (left & ~RAISE) | NEXT


def _some_turns(walk: "Walk", turn: Callable[[], int], names: frozenset[str], once: bool = False) -> int:
    """A loop whose turns are not known: none, one or many. `once`: one at least."""
    left = one_turn_certain(walk, turn) if once else NEXT
    if not left & (NEXT | CONTINUE):
        return left
    for _ in range(2):
        mark = walk.journal.mark()
        left |= _maybe(walk, lambda: _whole_turn(walk, turn), names)
        if walk.journal.mark() == mark:
            break
    return left | NEXT


def one_turn_certain(walk: "Walk", turn: Callable[[], int]) -> int:
    """The first turn of a loop that certainly has one."""
    loop = Frame(walk.journal.mark())
    walk.frames.append(loop)
    left = 0
    try:
        left = one_turn(walk, turn)
    finally:
        close(walk, loop, bool(left & (NEXT | CONTINUE)))
    return left


def _whole_turn(walk: "Walk", turn: Callable[[], int]) -> int:
    left = one_turn_certain(walk, turn)
    return left | NEXT if left & (BREAK | CONTINUE) else left


def _maybe(walk: "Walk", way: Callable[[], int], names: frozenset[str] = NONE) -> int:
    """Something that may happen or not."""
    from lintune.scripts.walk.statements import branch

    return branch(walk, Open(), names, way, lambda: NEXT)


def run_while(walk: "Walk", node: ast.While) -> int:
    """A `while` loop: turn by turn as long as its condition is known, then any number of turns."""
    from lintune.scripts.walk import expressions

    loop = Frame(walk.journal.mark())
    walk.frames.append(loop)
    left = 0
    try:
        for _ in range(_MOST_WHILE):
            found = expressions.condition(walk, node.test)
            decided = truth(found)
            walk.branch(node.test, decided, names_of(found))
            if decided is not True:
                break
            how = one_turn(walk, lambda: _body(walk, node))
            left |= how & ~NEXT
            if not how & (NEXT | CONTINUE):
                close(walk, loop, False)
                return _after(walk, node, left)
        if decided is False:
            walk.skipped += [] if left else [(walk.module, node.body, node.test)]
            left |= NEXT
        else:
            left |= _endless(walk, node, found) if decided else _some_turns(walk, lambda: _tested(walk, node), names_of(found))
    finally:
        if loop in walk.frames:
            close(walk, loop, bool(left & NEXT))
    return _after(walk, node, left)


_MOST_WHILE = 64


def _body(walk: "Walk", node: ast.While) -> int:
    from lintune.scripts.walk.statements import run

    return run(walk, node.body)


def _tested(walk: "Walk", node: ast.While) -> int:
    """One of many turns: the condition is asked again after it."""
    from lintune.scripts.walk import expressions

    how = _body(walk, node)
    if how & NEXT:
        expressions.condition(walk, node.test)
    return how


def _endless(walk: "Walk", node: ast.While, found: Value) -> int:
    """A condition that holds after many turns still."""
    left = _some_turns(walk, lambda: _tested(walk, node), names_of(found))
    constant = isinstance(node.test, ast.Constant)
    return left & ~NEXT if constant and not left & BREAK and left & (RETURN | RAISE) else left
