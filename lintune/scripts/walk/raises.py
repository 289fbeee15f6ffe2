"""What a `raise`, a failed `assert` or an exit says."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import expressions
from lintune.scripts.walk.abstract import NONE, Class, Data, Instance, Library, Names, Open, Test, Value, names_of, truth
from lintune.scripts.walk.trace import EndKind
from lintune.scripts.walk.walker import NEXT, RAISE

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LONGEST = 400


def exception_of(walk: "Walk", node: ast.expr) -> tuple[EndKind, str, str, Names]:
    """The kind of an end, the class that is raised, its message, and the options that the message reads."""
    if isinstance(node, ast.Call):
        exception = _name(node.func)
        _learn(walk, expressions.value(walk, node.func))
        return ("exit" if exception == "SystemExit" else "raise"), exception, _message(walk, node)[:_LONGEST], NONE
    found = expressions.value(walk, node)
    _learn(walk, found.made_by if isinstance(found, Instance) else found)
    if isinstance(found, Instance):
        return "raise", found.name, "", NONE
    if isinstance(found, Class | Library):
        return "raise", _name(node), "", NONE
    return "raise", _name(node) if isinstance(node, ast.Name | ast.Attribute) else "Exception", "", NONE


def _learn(walk: "Walk", made: Value) -> None:
    """Remember what an exception class of the project is made from, for the handlers that may catch it."""
    if isinstance(made, Class):
        from lintune.scripts.walk.scopes import ancestry

        classes, outside, known = ancestry(made)
        names = [each.name for each in classes] + [each.rpartition(".")[2] for each in outside]
        walk.kinds[made.name] = tuple(names) if known else None


def _message(walk: "Walk", node: ast.Call) -> str:
    """What `str()` of the exception gives: of a class of the project, what its constructor hands on."""
    from lintune.scripts.walk.methods import ARGUMENTS
    from lintune.scripts.walk.scopes import member

    if isinstance(expressions.value(walk, node.func), Class):
        made = expressions.value(walk, node)
        if isinstance(made, Instance) and isinstance(made.made_by, Class) and member(made.made_by, "__init__") is not None:
            given = made.slots.get(ARGUMENTS)
            return _joined(list(given)) if isinstance(given, tuple) and member(made.made_by, "__str__") is None else "..."
    return _joined([expressions.value(walk, each) for each in node.args if not isinstance(each, ast.Starred)])


def _joined(args: list[Value]) -> str:
    if len(args) == 1:
        return shown(args[0]) or ("" if isinstance(args[0], Data) else "...")
    if all(isinstance(each, Data) for each in args):
        return str(tuple(each.value for each in args if isinstance(each, Data))) if args else ""
    return "..."


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "Exception")


def shown(value: Value) -> str:
    """A value as text, with `...` where it is not known."""
    match value:
        case Data(value=found):
            return str(found)
        case Open(text=text):
            return text
    return ""


def run_assert(walk: "Walk", node: ast.Assert) -> int:
    """An `assert` statement."""
    found = expressions.condition(walk, node.test)
    names, holds = names_of(found), truth(found)
    if not isinstance(found, Test):
        walk.branch(node.test, holds, names)
    if holds:
        return NEXT
    message = shown(expressions.value(walk, node.msg)) if node.msg is not None else ""
    if not message:
        message = f"assert {' '.join(walk.site(node.test).text.split())}"[:_LONGEST]
    walk.unsure += holds is None
    walk.end("assert", message, "AssertionError", node, names)
    walk.unsure -= holds is None
    return RAISE if holds is False else NEXT
