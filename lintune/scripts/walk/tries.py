"""`try`: a raise inside that a handler catches is no end."""

import ast
import builtins
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
    from lintune.scripts.walk.statements import run

    if not node.finalbody:
        return _run_guarded(walk, node)
    walk.tries.append([])
    try:
        left = _run_guarded(walk, node)
    finally:
        pending = walk.tries.pop()
    after = run(walk, node.finalbody)
    for each in pending:
        if after & NEXT:
            _pass_on(walk, each, after == NEXT)
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
        left = _handled(walk, node, raised, left & ~RAISE, mark, foreign)
    else:
        for each in raised:
            if _catcher(walk, node, each) is not True:
                _pass_on(walk, each, _catcher(walk, node, each) is False)
        left = _perhaps_handled(walk, node, mark, left, thrown)
        if node.orelse and left & NEXT:
            left = (left & ~NEXT) | run(walk, node.orelse)
    return left


def _pass_on(walk: "Walk", end: End, as_it_is: bool) -> None:
    made = end if as_it_is else replace(end, certain=False)
    if walk.tries:
        walk.tries[-1].append(made)
    else:
        walk.keep(made)


def _handled(walk: "Walk", node: ast.Try, raised: list[End], left: int, mark: int, foreign: int) -> int:
    """The body certainly raises: the handler that catches it runs."""
    from lintune.scripts.walk.statements import run

    last = raised[-1] if raised else None
    for each in raised[:-1]:
        if _catcher(walk, node, each) is not True:
            _pass_on(walk, each, _catcher(walk, node, each) is False)
    if last is None:
        return left | RAISE
    caught = _catcher(walk, node, last)
    if caught is False:
        strict = walk.foreign == foreign or _only_outside(node)
        _pass_on(walk, last, strict)
        # what went before in the body may have raised what a handler catches
        return left | RAISE if strict else _perhaps_handled(walk, node, mark, left | RAISE | NEXT, len(walk.thrown))
    handler = next((each for each in node.handlers if _catches(walk, each, last.exception) is not False), None)
    if handler is None:
        _pass_on(walk, last, False)
        return left | NEXT
    if caught is None:
        _pass_on(walk, last, False)
        walk.unsure += 1
    try:
        _bind(walk, handler)
        walk.caught.append(last)
        return left | run(walk, handler.body)
    finally:
        walk.caught.pop()
        if caught is None:
            walk.unsure -= 1


_OUTSIDE = frozenset(("KeyboardInterrupt", "ImportError", "ModuleNotFoundError", "GeneratorExit", "SystemExit"))


def _only_outside(node: ast.Try) -> bool:
    """Whether the handlers catch only what plain operations do not raise."""
    types = [each for handler in node.handlers for each in (handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type])]
    return all(isinstance(each, ast.Name | ast.Attribute) and getattr(each, "attr", getattr(each, "id", "")) in _OUTSIDE for each in types)


def _bind(walk: "Walk", handler: ast.ExceptHandler) -> None:
    if handler.name:
        stores.bind(walk, handler.name, Open("it is an exception"))


def _perhaps_handled(walk: "Walk", node: ast.Try, mark: int, left: int, thrown: int) -> int:
    """Anything in the body may raise: each handler may run, in a state between that before and that after it."""
    from lintune.scripts.walk.statements import branch, run

    for handler in node.handlers:

        def handle(handler: ast.ExceptHandler = handler) -> int:
            for (_, key), (slots, old) in walk.journal.before(mark).items():
                walk.journal.write(slots, key, walk.journal.joined(slots.get(key, UNSET), old))
            for state in walk.thrown[thrown:]:
                for (_, key), (slots, value) in state.items():
                    walk.journal.write(slots, key, walk.journal.joined(slots.get(key, UNSET), value))
            _bind(walk, handler)
            walk.caught.append(None)
            try:
                return run(walk, handler.body)
            finally:
                walk.caught.pop()

        left |= branch(walk, Open(), frozenset(), handle, lambda: NEXT)
    return left


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
    """A bare `raise` in a handler."""
    last = walk.caught[-1] if walk.caught else None
    if last is None:
        walk.end("raise", "", "Exception", node)
    elif not walk.unsure:
        _pass_on(walk, last, True)
    else:
        _pass_on(walk, last, False)


def run_quietly(walk: "Walk", body: list[ast.stmt]) -> int:
    """A block below `contextlib.suppress`: what it raises is no certain end."""
    from lintune.scripts.walk.statements import run

    walk.tries.append([])
    try:
        left = run(walk, body)
    finally:
        for each in walk.tries.pop():
            _pass_on(walk, each, False)
    return left | NEXT
