"""Methods of plain data, and of objects that libraries make."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import stores
from lintune.scripts.walk.abstract import (
    NONE,
    Class,
    Data,
    Instance,
    Items,
    Library,
    Open,
    Parameter,
    Parsed,
    PartName,
    Table,
    Test,
    Value,
    Weights,
    lift,
    names_of,
    plain,
    sequence,
)
from lintune.scripts.walk.classes import is_trainer
from lintune.scripts.walk.containers import READING, of_items, of_table
from lintune.scripts.walk.formatting import formatted
from lintune.scripts.walk.loops import elements, iterated
from lintune.scripts.walk.objects import key_of
from lintune.scripts.walk.weights_use import call_module, set_gradients

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_TEXT_WORDS = """
    lower upper strip lstrip rstrip startswith endswith split rsplit replace title capitalize join isdigit isnumeric isalpha
    isalnum isidentifier find rfind count format partition rpartition splitlines removeprefix removesuffix casefold zfill
    index encode swapcase islower isupper isdecimal isspace istitle isprintable isascii
    """
_TEXT = frozenset(_TEXT_WORDS.split())
_LONGEST = 20_000
ARGUMENTS = ("arguments",)
"""The slot of an object with what its library's constructor was given."""
_TRAINING = frozenset(("backward", "train_batch", "training_step"))


def call_method(
    walk: "Walk", owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool = True
) -> Value:
    """`owner.name(...)`, where the project does not define it."""
    match owner:
        case Data(value=str() as text):
            return _of_text(walk, owner, text, name, args, keywords, node, whole)
        case Data(value=data) if data is not None and not isinstance(data, int | float | bytes):
            from lintune.scripts.walk import texts

            return texts.method(walk, owner, name, args, keywords, node)
        case Items():
            if name not in READING:
                stores.spread(walk, owner)
            return of_items(walk, owner, name, args, keywords, node)
        case Table():
            if name not in READING:
                stores.spread(walk, owner)
            return of_table(walk, owner, name, args, keywords, node)
        case PartName():
            return _of_name(owner, name, args)
        case Weights():
            return call_module(walk, owner, name, args, keywords, node)
        case Parameter() if name == "requires_grad_":
            set_gradients(walk, owner, args[0] if args else Data(True), node, method=True)
            return owner
        case Parsed():
            return Open(f"`{name}()` of the options")
        case Instance():
            return _of_instance(walk, owner, name, args, keywords, node, whole)
        case Class() if name.startswith("from_") or name in ("_from_config", "load"):
            from lintune.scripts.walk.libraries import load_model

            return load_model(walk, owner, name, args, keywords, node, whole)
        case Library(dotted=dotted):
            from lintune.scripts.walk.libraries import call_library

            return call_library(walk, f"{dotted}.{name}", args, keywords, node, whole)
    return _of_unknown(walk, owner, name, args, keywords, node)


def _of_text(
    walk: "Walk", owner: Data, text: str, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool
) -> Value:
    names = owner.names.union(*(names_of(each) for each in (*args, *keywords.values())))
    if name == "format" and len(text) < _LONGEST:
        return formatted(walk, text, args, keywords, names, node, whole)
    if name == "join" and len(args) == 1:
        return _together(walk, text, iterated(walk, args[0], node), names)
    if name not in _TEXT or len(text) > _LONGEST or keywords.keys() - _WORDS:
        return Open("it is computed", names)
    try:
        given = [plain(each) for each in args]
        words = {key: plain(each) for key, each in keywords.items()}
        if name == "zfill" or any(len(each) > 500 for each in given if isinstance(each, str)):
            return Open("it is long text", names)
        return lift(getattr(text, name)(*given, **words), names)
    except Exception:  # whatever a method refuses
        return Open("it is computed", names)


_WORDS = frozenset(("sep", "maxsplit", "keepends"))


def _together(walk: "Walk", text: str, over: Value, names: frozenset[str]) -> Value:
    """`text.join(list)`."""
    known = elements(over)
    if known is None:
        return Open("it is text with unknown parts", names)
    names = names.union(*(names_of(each) for each in known))
    parts = [_piece(each) for each in known]
    if None in parts:
        return Open("it is text with unknown parts", names, text.join("..." if each is None else each for each in parts)[:400])
    whole = text.join(each for each in parts if each is not None)
    return Data(whole[:_LONGEST], names)


def _piece(value: Value) -> str | None:
    """A part of joined text; None where it is not known, or is no text."""
    try:
        found = key_of(value)
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _of_name(owner: PartName, name: str, args: list[Value]) -> Value:
    """What is asked of the name of any one parameter."""
    kinds = {"startswith": "starts", "endswith": "ends", "__contains__": "in"}
    if name in kinds and args:
        words = args[0].items if isinstance(args[0], Items) else (args[0],)
        if all(isinstance(each, Data) and isinstance(each.value, str) for each in words):
            tests = tuple(Test(kinds[name], (each.value,), owner.path) for each in words if isinstance(each, Data))
            return tests[0] if len(tests) == 1 else Test("or", tests)
        return Test("open")
    if name == "split":
        return PartName(owner.root, owner.path, "parts", owner.where)
    if name in ("lower", "strip", "replace"):
        return owner
    return Open("it is made from a name")


def _of_instance(
    walk: "Walk", owner: Instance, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool
) -> Value:
    from lintune.scripts.walk.libraries import parser_method

    parsed = parser_method(walk, owner, name, args, keywords, node)
    if parsed is not None:
        return parsed
    if name == "__init__":
        _started(walk, owner, args, keywords)
        return Data(None)
    if name == "train" and is_trainer(owner.made_by):
        from lintune.scripts.walk.summary import start_training

        start_training(walk)
        train(walk)
        return Open("what training gives")
    return _of_unknown(walk, owner, name, args, keywords, node)


def _started(walk: "Walk", owner: Instance, args: list[Value], keywords: dict[str, Value]) -> None:
    """The constructor of the library's class below one of the project: an exception's text, a Trainer's parts."""
    walk.journal.write(owner.slots, ARGUMENTS, tuple(args))
    if is_trainer(owner.made_by):
        given = {**dict(zip(("model", "args"), args, strict=False)), **keywords}
        for name, value in given.items():
            walk.journal.write(owner.slots, name, value)


def train(walk: "Walk") -> None:
    """Training starts."""
    walk.journal.write(walk.flags, "reached", Data(True))
    walk.come_to("last-save")


def _of_unknown(walk: "Walk", owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    walk.foreign += 1
    if name in _TRAINING or (name == "train" and isinstance(owner, Open) and not args and not keywords):
        train(walk)
    if name == "prepare" and args:  # accelerate gives back what it gets
        return args[0] if len(args) == 1 else sequence("tuple", args)
    if name == "unwrap_model" and args:
        return args[0]
    return Open(f"`{name}()` of something unknown", names_of(owner).union(NONE, *(names_of(each) for each in args)))
