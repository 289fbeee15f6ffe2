"""What a walk knows of the arguments of a call, as values of a run."""

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Data, Instance, Items, Library, Open, Table, Value
from lintune.values.value import Absent, Known, Step, Unknown
from lintune.values.value import Data as Plain
from lintune.values.value import Value as RunValue

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def keyword_values(walk: "Walk", given: Mapping[str, Value], node: ast.AST) -> dict[str, RunValue]:
    """The keywords of a call; an object of a library is its class's name."""
    words = {word.arg: word for word in node.keywords} if isinstance(node, ast.Call) else {}
    return {name: run_value(walk, value, words.get(name, node)) for name, value in given.items()}


def run_value(walk: "Walk", value: Value, node: ast.AST) -> RunValue:
    """A value with the place where it is given."""
    origin = (Step("script", walk.site(node)),)
    try:
        found = _plain(value)
    except ValueError:
        reason = value.reason if isinstance(value, Open) and value.reason else "it is computed"
        return Unknown(reason, origin)
    return Absent(origin) if found is None else Known(found, origin)


def _plain(value: Value, depth: int = 6) -> Plain:
    match value:
        case Data(value=found) if found is None or isinstance(found, bool | int | float | str):
            return found
        case Items() if not value.open and depth:
            return tuple(_plain(each, depth - 1) for each in value.items)
        case Table(slots=slots) if not value.open and depth:
            return {str(key): _plain(each, depth - 1) for key, each in slots.items()}
        case Library(dotted=dotted):
            return dotted.rpartition(".")[2] if dotted.startswith("torch.") else dotted
        case Instance(made_by=Library(dotted=dotted)):
            return dotted
    raise ValueError
