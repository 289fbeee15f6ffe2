"""Statements: what running one does to the state, and how it may be left."""

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lintune.scripts.modules import Module
from lintune.scripts.walk import expressions, loops, matching, stores, tries
from lintune.scripts.walk.abstract import (
    NONE,
    UNSET,
    Bound,
    Class,
    Data,
    Function,
    Library,
    Names,
    Open,
    Partial,
    PartName,
    Scope,
    Test,
    Value,
    names_of,
    truth,
)
from lintune.scripts.walk.journal import Delta
from lintune.scripts.walk.raises import exception_of, run_assert
from lintune.scripts.walk.scopes import imported, make_class, member
from lintune.scripts.walk.walker import BREAK, CONTINUE, NEXT, RAISE, RETURN, Frame, Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LEAVING = (ast.Return, ast.Break, ast.Continue)


def run_module(walk: "Walk", module: Module) -> int:
    """Run a file's own statements."""
    return run(walk, module.tree.body)


def run(walk: "Walk", body: Iterable[ast.stmt]) -> int:
    """Run the statements of a block; returns how it may be left."""
    left = 0
    for node in body:
        try:
            how = run_one(walk, node)
        except Stopped:
            how = RAISE
        left |= how & ~NEXT
        if not how & NEXT:
            return left
        if how & (RETURN | BREAK | CONTINUE):
            _doubt(walk, how)
    return left | NEXT


def _doubt(walk: "Walk", how: int) -> None:
    """What follows may not be reached: the function or the loop may have been left."""
    loop = how & BREAK and len(walk.frames) > 1  # the turns after this one may not be reached either
    frame = walk.calls[-1] if how & RETURN else walk.frames[-2] if loop else walk.frames[-1]
    frame.doubt += 1
    walk.unsure += 1


def run_one(walk: "Walk", node: ast.stmt) -> int:
    """Run a statement."""
    walk.step()
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return NEXT
    return handler(walk, node)


def value_in(walk: "Walk", node: ast.expr, scope: Scope) -> Value:
    """The value of an expression of another scope: a default, a global of a module, a base of a class."""
    frame = Frame(walk.journal.mark(), scope)
    walk.frames.append(frame)
    walk.calls.append(frame)
    tests, walk.tests = walk.tests, []
    try:
        return expressions.value(walk, node)
    finally:
        walk.calls.pop()
        walk.frames.pop()
        walk.tests = tests


def _assign(walk: "Walk", node: ast.Assign) -> int:
    found = tinted(walk, expressions.value(walk, node.value))
    for target in node.targets:
        stores.store(walk, target, found, node)
    return NEXT


def tinted(walk: "Walk", value: Value) -> Value:
    """A constant that is set under a condition depends on the options of the condition."""
    if isinstance(value, Data) and not value.names and walk.path and (around := NONE.union(*walk.path)):
        return Data(value.value, around)
    return value


def _annotated(walk: "Walk", node: ast.AnnAssign) -> int:
    if node.value is not None:
        stores.store(walk, node.target, tinted(walk, expressions.value(walk, node.value)), node)
    return NEXT


def _augmented(walk: "Walk", node: ast.AugAssign) -> int:
    stores.augment(walk, node)
    return NEXT


def _expression(walk: "Walk", node: ast.Expr) -> int:
    if not isinstance(node.value, ast.Constant):
        expressions.value(walk, node.value)
    return NEXT


def _if(walk: "Walk", node: ast.If) -> int:
    found = expressions.condition(walk, node.test)
    names = names_of(found)
    decided = truth(found)
    if not isinstance(found, Test):
        walk.branch(node.test, decided, names)
    if decided is not None:
        return _known(walk, node, decided, names)
    return branch(walk, found, names, lambda: run(walk, node.body), lambda: run(walk, node.orelse))


def _known(walk: "Walk", node: ast.If, decided: bool, names: Names) -> int:
    taken, other = (node.body, node.orelse) if decided else (node.orelse, node.body)
    if other:
        walk.skipped.append((walk.module, other, node.test))
    if names and any(isinstance(each, _LEAVING) for each in other):
        walk.calls[-1].names |= names
    walk.path.append(names)
    try:
        return run(walk, taken)
    finally:
        walk.path.pop()


def branch(walk: "Walk", test: Value, names: Names, first: Callable[[], int], second: Callable[[], int]) -> int:
    """Walk both ways of a condition that is not known, and join them."""
    if isinstance(test, Test) and test.kind not in ("exists", "among"):
        return _by_name(walk, test, first, second)
    walk.path.append(names)
    walk.unsure += 1
    try:
        mark = walk.journal.mark()
        one = _way(first)
        after = walk.journal.undo(mark)
        walk.undone += 1
        two = _way(second)
        if one & NEXT and two & NEXT:
            walk.journal.join(mark, after, Test("not", (test,)) if isinstance(test, Test) else None)
        elif one & NEXT:
            _throw(walk, two, walk.journal.undo(mark))
            walk.undone += 1
            walk.journal.redo(after)
        else:
            _throw(walk, one, after)
    finally:
        walk.unsure -= 1
        walk.path.pop()
    return one | two


def _throw(walk: "Walk", how: int, state: Delta) -> None:
    """A way was left by a raise in this state, which a handler around may find."""
    if walk.tries and how & RAISE and state:
        walk.thrown.append(state)


def _way(way: Callable[[], int]) -> int:
    try:
        return way()
    except Stopped:
        return RAISE


def _by_name(walk: "Walk", test: Test, first: Callable[[], int], second: Callable[[], int]) -> int:
    """A condition on the name of a parameter, in a loop over them: some take one way and some the other."""
    left = 0
    ways = ((first, test), (second, Test("not", (test,))))
    for way, filter_ in ways:
        walk.tests.append(filter_)
        mark = walk.journal.mark()
        left |= way()
        walk.tests.pop()
        blend(walk, mark)
        if not left & NEXT and way is first and left & CONTINUE:
            # `if "lora" in name: continue`: what follows is for the others
            walk.tests.append(ways[1][1])
            return left | second() | NEXT
    return left | NEXT


def blend(walk: "Walk", mark: int) -> None:
    """What was written may have been written or not; weights are switched for those that pass the tests."""
    before = walk.journal.before(mark)
    for (_, key), (slots, old) in before.items():
        now = slots.get(key, UNSET)
        if key != "ops" and now is not old and not _more_names(old, now):
            walk.journal.write(slots, key, walk.journal.joined(now, old))


def _more_names(old: object, now: object) -> bool:
    """Whether items of a list were added that stand for all names that pass the tests around, for none perhaps."""
    if not isinstance(old, tuple) or not isinstance(now, tuple) or now[: len(old)] != old:
        return False
    return len(now) > len(old) and all(isinstance(each, PartName) for each in now[len(old) :])


def _return(walk: "Walk", node: ast.Return) -> int:
    found = tinted(walk, expressions.value(walk, node.value)) if node.value is not None else Data(None)
    frame = walk.calls[-1]
    frame.leaves.append((walk.journal.since(frame.mark), found, walk.journal.mark(), walk.undone))
    return RETURN


def _raise(walk: "Walk", node: ast.Raise) -> int:
    if node.exc is None:
        tries.raise_again(walk, node)
        return RAISE
    kind, exception, message, names = exception_of(walk, node.exc)
    walk.end(kind, message, exception, node, names)
    return RAISE


def _assert(walk: "Walk", node: ast.Assert) -> int:
    return run_assert(walk, node)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _define(walk: "Walk", node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    stores.bind(walk, node.name, _decorated(walk, node, Function(node, walk.module, walk.scope)))
    return NEXT


def _decorated(walk: "Walk", node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, made: Function | Class) -> Value:
    """A function or a class after the project's decorators, which may enter it somewhere or put another in its place."""
    from lintune.scripts.walk.calls import SEEN_THROUGH, apply

    found: Value = made
    unknown = False
    for each in reversed(node.decorator_list):
        if _last(each.func if isinstance(each, ast.Call) else each) in SEEN_THROUGH:
            continue
        decorator = expressions.value(walk, each)
        if isinstance(decorator, Function | Class | Partial) or (isinstance(decorator, Bound) and decorator.function is not None):
            found = apply(walk, decorator, [found], {}, each)
        else:
            unknown = True
    if isinstance(made, Function):
        made.plain = not unknown
    return found


def _class(walk: "Walk", node: ast.ClassDef) -> int:
    made = make_class(walk, node, walk.scope)
    _subclassed(walk, made)
    stores.bind(walk, node.name, _decorated(walk, node, made))
    return NEXT


def _subclassed(walk: "Walk", made: Class) -> None:
    """What a base of the project does when a class is derived from it."""
    from lintune.scripts.walk.calls import call_function

    words = {word.arg: word.value for word in made.node.keywords if word.arg is not None}
    kind = expressions.value(walk, words.pop("metaclass")) if "metaclass" in words else None
    walk.lost = walk.lost or isinstance(kind, Class)
    above = member(made, "__init_subclass__", made)
    if isinstance(above, Function):
        given = {name: expressions.value(walk, each) for name, each in words.items()}
        call_function(walk, above, [made], given, made.node, own=made)


def _import(walk: "Walk", node: ast.Import | ast.ImportFrom) -> int:
    from lintune.scripts.modules import Import

    module = walk.module
    for alias in node.names:
        if alias.name == "*":
            continue
        if isinstance(node, ast.ImportFrom):
            bound, name = Import(node.module or "", alias.name, node.level), alias.asname or alias.name
        else:
            top = alias.name.partition(".")[0]
            bound, name = Import(alias.name if alias.asname else top), alias.asname or top
        if walk.scope.outer is None and module.imports.get(name) == bound and not (walk.tries or walk.unsure):
            walk.scope.slots.pop(name, None)  # found when it is asked for
        else:
            stores.bind(walk, name, imported(walk, bound, module))
        if walk.tries and isinstance(imported(walk, bound, module), Library | Open):
            walk.foreign += 1  # it may not be installed
    return NEXT


def _global(walk: "Walk", node: ast.Global | ast.Nonlocal) -> int:
    walk.scope.globals_.update(node.names)
    return NEXT


def _delete(walk: "Walk", node: ast.Delete) -> int:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id in walk.scope.slots:
            walk.journal.write(walk.scope.slots, target.id, UNSET)
        elif isinstance(target, ast.Subscript):
            stores.forget(walk, expressions.value(walk, target.value))
    return NEXT


def _break(walk: "Walk", node: ast.Break) -> int:
    _leave(walk, 2)
    return BREAK


def _continue(walk: "Walk", node: ast.Continue) -> int:
    _leave(walk, 1)
    return CONTINUE


def _leave(walk: "Walk", depth: int) -> None:
    """Leave a turn of a loop (1) or the loop (2); in a loop over parameters the tests say for which of them."""
    if not walk.tests and len(walk.frames) >= depth and walk.frames[-depth] is not walk.calls[-1]:
        frame = walk.frames[-depth]
        frame.leaves.append((walk.journal.since(frame.mark), None, walk.journal.mark(), walk.undone))


def _with(walk: "Walk", node: ast.With | ast.AsyncWith) -> int:
    from lintune.scripts.walk.contexts import run_with

    return run_with(walk, node)


_HANDLERS: dict[type[ast.stmt], Callable[["Walk", Any], int]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.If: _if,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.Delete: _delete,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.For: loops.run_for,
    ast.AsyncFor: loops.run_for,
    ast.While: loops.run_while,
    ast.Try: tries.run_try,
    ast.Match: matching.run_match,
}
