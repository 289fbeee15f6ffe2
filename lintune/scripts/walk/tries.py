"""`try`: a raise inside that a handler catches is no end."""

import ast
import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lintune.scripts.walk import stores
from lintune.scripts.walk.abstract import UNSET, Open
from lintune.scripts.walk.trace import End
from lintune.scripts.walk.walker import NEXT, RAISE
from lintune.source.record import replace

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_ALL = frozenset(("Exception", "BaseException"))


def run_try(walk: "Walk", node: ast.Try) -> int:
    """A `try` statement with its handlers, `else` and `finally`: what leaves in `finally` swallows what was raised."""
    from lintune.scripts.walk.statements import branch, run

    if not node.finalbody:
        return _run_guarded(walk, node)
    mark, foreign, thrown = walk.journal.mark(), walk.foreign, len(walk.thrown)
    walk.tries.append([])
    try:
        left = _run_guarded(walk, node)
    finally:
        pending = walk.tries.pop()
    ways: list[int] = []

    def early() -> int:
        """The block after something was raised on the way; where it falls through, that is raised on."""
        _blur(walk, mark, thrown)
        ways.append(run(walk, node.finalbody))
        return ways[0] & ~NEXT | (RAISE if ways[0] & NEXT else 0)

    def late() -> int:
        ways.append(run(walk, node.finalbody))
        return ways[-1]

    if walk.foreign == foreign and len(walk.thrown) == thrown and all(each.certain for each in pending):
        after = run(walk, node.finalbody)
    elif left & NEXT:
        branch(walk, Open(), frozenset(), early, late)
        after = ways[0] | ways[-1]
    else:
        early()
        after = ways[0]
    for each in pending:
        if after & NEXT:
            pass_on(walk, each, after == NEXT)
    return (left | after) & ~NEXT | (left & after & NEXT) if after & NEXT else after


def _run_guarded(walk: "Walk", node: ast.Try) -> int:
    from lintune.scripts.walk.statements import run

    mark, foreign, thrown = walk.journal.mark(), walk.foreign, len(walk.thrown)
    walk.tries.append([])
    try:
        left = run(walk, node.body)
    finally:
        raised = walk.tries.pop()
    if not left & NEXT and left & RAISE:
        left = _handled(walk, node, raised, left & ~RAISE, mark, foreign, thrown)
    else:
        caught = _sorted_out(walk, node, raised)
        if caught or walk.foreign != foreign:
            left = _perhaps_handled(walk, node, mark, left, thrown, caught, node.orelse)
        elif node.orelse and left & NEXT:
            left = (left & ~NEXT) | run(walk, node.orelse)
    return left


def pass_on(walk: "Walk", end: End, as_it_is: bool) -> None:
    """Hand an end on to what lies around."""
    made = end if as_it_is else replace(end, certain=False)
    if walk.tries:
        walk.tries[-1].append(made)
    else:
        walk.keep(made)


def _sorted_out(walk: "Walk", node: ast.Try, raised: list[End]) -> list[End]:
    """Hand on the ends that no handler certainly catches; returns those that one may catch."""
    caught = []
    for each in raised:
        found = _catcher(walk, node, each)
        if found is not True:
            pass_on(walk, each, found is False)
        if found is not False:
            caught.append(each)
    return caught


def _handled(walk: "Walk", node: ast.Try, raised: list[End], left: int, mark: int, foreign: int, thrown: int) -> int:
    """The body certainly raises: the handler that catches it runs, unless another raise came before."""
    from lintune.scripts.walk.statements import run

    if not raised:
        return left | RAISE
    before, last = _sorted_out(walk, node, raised[:-1]), raised[-1]
    caught = _catcher(walk, node, last)
    if caught is False:
        strict = not before and (walk.foreign == foreign or _only_outside(node))
        pass_on(walk, last, strict)
        # what went before in the body may have raised what a handler catches
        return left | RAISE if strict else _perhaps_handled(walk, node, mark, left | RAISE | NEXT, thrown, before)
    handler = next((each for each in node.handlers if _catches(walk, each, last.exception) is not False), None)
    if caught is None:
        pass_on(walk, last, False)
    if handler is None:
        return left | NEXT
    strange = walk.foreign != foreign and not _only_outside(node)  # something before may have raised, and be caught as well
    if before or (strange and len(node.handlers) > 1):
        return _perhaps_handled(walk, node, mark, left | NEXT, thrown, [*before, last])
    if strange:
        _blur(walk, mark, thrown)
    walk.unsure += caught is None
    walk.caught.append((last,))
    try:
        _bind(walk, handler, () if strange else (last,))
        return left | run(walk, handler.body)
    finally:
        walk.caught.pop()
        walk.unsure -= caught is None


_OUTSIDE = frozenset(("KeyboardInterrupt", "ImportError", "ModuleNotFoundError", "GeneratorExit", "SystemExit"))


def _only_outside(node: ast.Try) -> bool:
    """Whether the handlers catch only what plain operations do not raise."""
    types = [each for handler in node.handlers for each in (handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type])]
    return all(isinstance(each, ast.Name | ast.Attribute) and getattr(each, "attr", getattr(each, "id", "")) in _OUTSIDE for each in types)


def _bind(walk: "Walk", handler: ast.ExceptHandler, caught: tuple[End, ...]) -> None:
    if handler.name:
        stores.bind(walk, handler.name, Open("it is an exception", text=_text(caught)))


def _text(caught: tuple[End, ...]) -> str:
    """What `str()` of a caught exception gives, where that is known; of a `KeyError` it is the key as written."""
    if len(caught) != 1 or "Key" in caught[0].exception:
        return ""
    return caught[0].message if caught[0].kind == "raise" else ""


def _perhaps_handled(
    walk: "Walk",
    node: ast.Try,
    mark: int,
    left: int,
    thrown: int,
    raised: list[End],
    otherwise: Sequence[ast.stmt] = (),
) -> int:
    """Anything in the body may raise: each handler may run, in a state between that before and that after it; else `otherwise`."""
    from lintune.scripts.walk.statements import branch, run

    def handle(handler: ast.ExceptHandler) -> int:
        _blur(walk, mark, thrown)
        caught = tuple(each for each in raised if _catches(walk, handler, each.exception) is not False)
        _bind(walk, handler, ())
        walk.caught.append((*caught, None))
        try:
            return run(walk, handler.body)
        finally:
            walk.caught.pop()

    def way(index: int) -> int:
        if index < len(node.handlers):
            return branch(walk, Open(), frozenset(), lambda: handle(node.handlers[index]), lambda: way(index + 1))
        return run(walk, otherwise) if left & NEXT else 0

    return left & ~NEXT | way(0)


def _blur(walk: "Walk", mark: int, thrown: int) -> None:
    """The state where a block was left somewhere: between that before it and the present one, or one in which it was left."""
    for (_, key), (slots, old) in walk.journal.before(mark).items():
        walk.journal.write(slots, key, walk.journal.joined(slots.get(key, UNSET), old))
    for state in walk.thrown[thrown:]:
        for (_, key), (slots, value) in state.items():
            walk.journal.write(slots, key, walk.journal.joined(slots.get(key, UNSET), value))


def _catcher(walk: "Walk", node: ast.Try, end: End) -> bool | None:
    """Whether some handler catches an end."""
    found = [_catches(walk, handler, end.exception) for handler in node.handlers]
    decided = next((each for each in found if each is not False), False)
    return decided


def _catches(walk: "Walk", handler: ast.ExceptHandler, exception: str) -> bool | None:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    found = [_is_a(walk, exception, node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) for node in types]
    return True if True in found else None if None in found else False


def _is_a(walk: "Walk", exception: str, caught: str) -> bool | None:
    """Whether an exception of that name is caught by a handler for a class of another."""
    if caught == _SOME:
        return None
    if exception == caught:
        return True
    names = walk.kinds.get(exception, (exception,))
    if names is None:
        return None
    if caught in names:
        return True
    kind = getattr(builtins, caught, None)
    bases = [each for each in (getattr(builtins, name, None) for name in names) if isinstance(each, type)]
    if isinstance(kind, type):
        if any(issubclass(each, kind) for each in bases):
            return True
        return False if bases else (True if caught in _ALL else None)
    return (
        False
        if bases and caught not in walk.kinds and caught.isidentifier() and exception not in walk.kinds
        else None
        if not bases
        else False
    )


def raise_again(walk: "Walk", node: ast.Raise) -> None:
    """A bare `raise` in a handler: what it caught goes on, with its class, message and place."""
    for each in walk.caught[-1] if walk.caught else (None,):
        if each is None:
            walk.end("raise", "", "Exception", node)
        else:
            pass_on(walk, each, not walk.unsure)


_SOME = "?"
"""Stands in a handler for a class that is not known."""


def run_quietly(walk: "Walk", body: list[ast.stmt], node: ast.stmt, caught: list[ast.expr] | None = None) -> int:
    """A block below `contextlib.suppress(*caught)`, or below something that may swallow what is raised (None)."""
    kinds: ast.expr = ast.Name(_SOME, ast.Load()) if caught is None else ast.Tuple(caught, ast.Load())
    handler = ast.ExceptHandler(kinds, None, [])
    return _run_guarded(walk, ast.copy_location(ast.Try(body, [handler], [], []), node))
