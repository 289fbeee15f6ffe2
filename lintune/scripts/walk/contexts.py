"""`with`: what context managers do before, after and around a block."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import expressions, generators, stores, tries
from lintune.scripts.walk.abstract import Class, Data, Function, Instance, Library, Open, Value, truth
from lintune.scripts.walk.objects import special
from lintune.scripts.walk.scopes import member
from lintune.scripts.walk.walker import NEXT, RAISE

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LEAVING = (ast.Return, ast.Break, ast.Continue)
_QUIET = frozenset(("suppress", "ExitStack", "AsyncExitStack"))


def run_with(walk: "Walk", node: ast.With | ast.AsyncWith) -> int:
    """A `with` statement: its managers from left to right, each around those after it."""
    return _around(walk, node, 0)


def _around(walk: "Walk", node: ast.With | ast.AsyncWith, index: int) -> int:
    from lintune.scripts.walk.statements import run

    if index == len(node.items):
        return run(walk, node.body)
    item = node.items[index]
    expression = item.context_expr
    found = expressions.value(walk, expression)
    called = expression.func if isinstance(expression, ast.Call) else expression
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")

    def inside(entered: Value) -> int:
        if item.optional_vars is not None:
            stores.store(walk, item.optional_vars, entered, node)
        return _around(walk, node, index + 1)

    if generators.is_manager(found) and not generators.leaves(node.body, _LEAVING):
        return generators.around(walk, found, inside)
    if isinstance(found, Instance) and isinstance(found.made_by, Class) and member(found.made_by, "__exit__") is not None:
        return _of_object(walk, node, index, found)
    if generators.is_manager(found):
        generators.may_raise(walk, found.slots[generators.MADE][0])
    if index == len(node.items) - 1 and (name in _QUIET or generators.is_generator(found)):
        if item.optional_vars is not None:
            stores.store(walk, item.optional_vars, Open("what a context manager gives"), node)
        kinds = expression.args if name == "suppress" and isinstance(expression, ast.Call) else None
        return tries.run_quietly(walk, node.body, node, kinds)
    if name in _QUIET or generators.is_generator(found):
        return _quietly(walk, node, index, found if name == "ExitStack" else Open("what a context manager gives"))
    return inside(found)


def _quietly(walk: "Walk", node: ast.With | ast.AsyncWith, index: int, entered: Value) -> int:
    """The rest of a `with` below something that may swallow what is raised."""
    item = node.items[index]
    if item.optional_vars is not None:
        stores.store(walk, item.optional_vars, entered, node)
    rest = ast.copy_location(ast.With(node.items[index + 1 :], node.body), node) if index + 1 < len(node.items) else None
    return tries.run_quietly(walk, [rest] if rest is not None else node.body, node)


def _of_object(walk: "Walk", node: ast.With | ast.AsyncWith, index: int, made: Instance) -> int:
    """An object of the project: `__enter__`, the block, `__exit__`, which may swallow what was raised."""
    item = node.items[index]
    entered = special(walk, made, "__enter__", [], node) or Open("what a context manager gives")
    if item.optional_vars is not None:
        stores.store(walk, item.optional_vars, entered, node)
    if not _may_swallow(made):
        left = _around(walk, node, index + 1)
        if left & NEXT:
            special(walk, made, "__exit__", [Data(None), Data(None), Data(None)], node)
        else:
            _may_raise(walk, made)
        return left
    mark, foreign = walk.journal.mark(), walk.foreign
    walk.tries.append([])
    try:
        left = _around(walk, node, index + 1)
    finally:
        raised = walk.tries.pop()
    if not raised and left == NEXT and walk.foreign == foreign:
        special(walk, made, "__exit__", [Data(None), Data(None), Data(None)], node)
        return left
    if left == RAISE and len(raised) == 1 and walk.foreign == foreign:
        kind = Library(f"builtins.{raised[0].exception}")
        answer = special(walk, made, "__exit__", [kind, Open("an exception"), Open("a traceback")], node) or Open()
        if truth(answer) is not True:
            tries.pass_on(walk, raised[0], truth(answer) is False)
        return NEXT if truth(answer) else RAISE if truth(answer) is False else NEXT | RAISE
    walk.journal.undo(mark)
    walk.undone += 1
    _may_raise(walk, made)
    return _quietly(walk, node, index, entered)


def _may_raise(walk: "Walk", made: Instance) -> None:
    assert isinstance(made.made_by, Class)
    leave = member(made.made_by, "__exit__")
    if isinstance(leave, Function):
        generators.may_raise(walk, leave)


def _may_swallow(made: Instance) -> bool:
    """Whether `__exit__` returns something."""
    assert isinstance(made.made_by, Class)
    leave = member(made.made_by, "__exit__")
    return not isinstance(leave, Function) or any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(leave.node))
