"""Functions that give their values one by one: run where they are looped over, or around the block of a `with`."""

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard

from lintune.scripts.walk.abstract import NONE, Data, Function, Instance, Library, Open, Scope, Value, sequence
from lintune.scripts.walk.walker import CONTINUE, NEXT, RAISE, RETURN, Frame, Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

MADE = ("made",)
"""The slot of a generator with its function, the function's names, and the `self` of a method; None after it was used."""
_MOST = 512
_KIND = "builtins.generator"


def generator(function: Function, scope: Scope, own: Value | None) -> Instance:
    """What a call of such a function gives: nothing was run yet."""
    return Instance(Library(_KIND), {MADE: (function, scope, own)})


def is_generator(value: Value) -> TypeGuard[Instance]:
    """Whether a value is what such a function gives."""
    return isinstance(value, Instance) and isinstance(value.made_by, Library) and value.made_by.dotted == _KIND


def is_manager(value: Value) -> TypeGuard[Instance]:
    """Whether it comes from a function below `@contextmanager`."""
    if not is_generator(value) or value.slots[MADE] is None:
        return False
    function: Function = value.slots[MADE][0]
    return any("contextmanager" in ast.unparse(each) for each in getattr(function.node, "decorator_list", ()))


@lru_cache(maxsize=4096)
def yields(node: ast.AST) -> bool:
    """Whether a function gives its values one by one; asked at every call of it."""
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in _within(node))


@lru_cache(maxsize=1024)
def _can_wait(node: ast.AST) -> bool:
    """Whether nothing in a generator notices what happens between two of its values."""
    return not any(isinstance(each, ast.Try | ast.With) for each in _within(node))


def leaves(body: list[ast.stmt], kinds: "tuple[type[ast.stmt], ...]") -> bool:
    """Whether statements of these kinds leave a block; `break` and `continue` of loops in it do not."""
    inner = tuple(kind for kind in kinds if kind is ast.Return)
    for statement in body:
        loops = isinstance(statement, ast.For | ast.AsyncFor | ast.While)
        if isinstance(statement, kinds) or (loops and inner and any(isinstance(each, inner) for each in _within(statement))):
            return True
        if loops and leaves(getattr(statement, "orelse", []), kinds):
            return True
        if not loops and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            parts = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
            parts += [each.body for name in ("handlers", "cases") for each in getattr(statement, name, [])]
            if any(leaves(part, kinds) for part in parts):
                return True
    return False


def may_raise(walk: "Walk", function: Function) -> None:
    """Code around a block that is not followed: what it raises itself may be how the script ends."""
    from lintune.scripts.walk.raises import exception_of

    frame = Frame(walk.journal.mark(), Scope({}, function.scope, function.module))
    walk.calls.append(frame)
    walk.unsure += 1
    try:
        for each in _within(function.node):
            if isinstance(each, ast.Raise) and each.exc is not None:
                kind, exception, _, names = exception_of(walk, each.exc)
                walk.end(kind, "...", exception, each, names)
    finally:
        walk.unsure -= 1
        walk.calls.pop()


def _within(node: ast.AST) -> list[ast.AST]:
    """What stands below a node, without the bodies of functions and classes in it."""
    found: list[ast.AST] = []
    pending = list(ast.iter_child_nodes(node))
    while pending:
        each = pending.pop()
        found.append(each)
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(each))
    return found


def run_yield(walk: "Walk", node: ast.Yield | ast.YieldFrom) -> Value:
    """`yield value`: what is looped over or lies in the `with` comes now."""
    from lintune.scripts.walk import expressions
    from lintune.scripts.walk.loops import elements, iterated

    frame = walk.calls[-1]
    found = expressions.value(walk, node.value) if node.value is not None else Data(None)
    if frame.give is None:
        return Open("what a generator is sent")
    items: tuple[Value, ...] | None = (found,)
    if isinstance(node, ast.YieldFrom):
        items = elements(iterated(walk, found, node))
    if items is None:
        walk.foreign += 1
        walk.unsure += 1
        try:
            frame.give(Open("it is one of several"))
        finally:
            walk.unsure -= 1
        return Data(None)
    for each in items:
        if not frame.give(each) & NEXT:
            raise Stopped
    return Data(None)


def _driven(walk: "Walk", made: Instance, give: Callable[[Value], int]) -> int:
    """Run a generator to its end; returns how it was left."""
    from lintune.scripts.walk.loops import join_leaves
    from lintune.scripts.walk.statements import run

    function, scope, own = made.slots[MADE]
    walk.journal.write(made.slots, MADE, None)
    frame = Frame(walk.journal.mark(), scope, function.node, function.owner, own, unsure=walk.unsure, give=give)
    walk.frames.append(frame)
    walk.calls.append(frame)
    tests, walk.tests = walk.tests, list(walk.tests)
    left = 0
    try:
        left = run(walk, function.node.body)
    finally:
        walk.tests = tests
        walk.frames.remove(frame)
        walk.unsure -= frame.doubt
        join_leaves(walk, frame, bool(left & NEXT))
        if walk.calls[-1] is frame:
            walk.calls.pop()
    return (left & RAISE) | (NEXT if left & (NEXT | RETURN) else 0)


def _in_caller(walk: "Walk", way: Callable[[Value], int]) -> Callable[[Value], int]:
    """A part of the present function, to be run while a generator is."""
    caller = walk.calls[-1]

    def give(value: Value) -> int:
        walk.calls.append(caller)
        try:
            return way(value)
        finally:
            walk.calls.pop()

    return give


def items_of(walk: "Walk", made: Instance, node: ast.AST, whole: bool = True) -> Value:
    """All values of a generator at once; `whole`: whether whoever asks takes all of them."""
    from lintune.scripts.walk.statements import branch

    found: list[Value] = []
    open_ = made.slots[MADE] is None or len(walk.calls) > _MOST_CALLS
    if open_:
        walk.foreign += 1
        return sequence("list", (), True)
    unsure = walk.unsure + (not whole)

    def give(value: Value) -> int:
        nonlocal open_
        open_ = open_ or walk.unsure > unsure or bool(walk.tests) or len(found) > _MOST
        found.append(value)
        return NEXT

    if whole:
        if not _driven(walk, made, give) & NEXT:
            raise Stopped
    else:
        ways = branch(walk, Open(), NONE, lambda: _driven(walk, made, give), lambda: NEXT)
        open_ = open_ or bool(ways & RAISE)
    return sequence("list", found, open_)


_MOST_CALLS = 24


def loop(walk: "Walk", made: Instance, body: list[ast.stmt], turn: Callable[[Value], int]) -> int | None:
    """A `for` loop over a generator, value by value; None where its values have to be known before."""
    from lintune.scripts.walk.loops import one_turn

    if made.slots[MADE] is None or not _can_wait(made.slots[MADE][0].node) or leaves(body, (ast.Break, ast.Return)):
        return None

    def one(value: Value) -> int:
        how = one_turn(walk, lambda: turn(value))
        return how | NEXT if how & CONTINUE else how

    return _driven(walk, made, _in_caller(walk, one))


def around(walk: "Walk", made: Instance, body: Callable[[Value], int]) -> int:
    """A `with` over a function below `@contextmanager`: the block is run where it yields."""
    return _driven(walk, made, _in_caller(walk, body))
