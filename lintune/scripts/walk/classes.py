"""Making objects of the project's classes."""

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Class, Data, Function, Instance, Library, Open, Parsed, Value, Weights
from lintune.scripts.walk.scopes import ancestry, lookup, member

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

MODULES = ("Module", "Model", "ForCausalLM", "ForConditionalGeneration", "ForSequenceClassification", "LMHeadModel", "ModelMixin")
"""How the names of models and modules end."""
_TRAINERS = ("Trainer",)
UNBUILT = "?"
"""The slot of a module whose constructor was not followed."""


def is_module(made: Class) -> bool:
    """Whether a class is a model or a module of one."""
    return any(dotted.endswith(MODULES) for dotted in ancestry(made)[1])


def is_trainer(made: "Class | Library") -> bool:
    """Whether a class is a Trainer, of a library or made from one."""
    if isinstance(made, Library):
        return made.dotted.endswith(_TRAINERS)
    return any(dotted.endswith(_TRAINERS) for dotted in ancestry(made)[1])


def construct(walk: "Walk", made: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool) -> Value:
    """`Class(...)`."""
    from lintune.scripts.walk.calls import call_function

    outside = ancestry(made)[1]
    if made.members_of_enum is not None:
        from lintune.scripts.walk.objects import enum_member

        return enum_member(walk, made, args, node)
    if any(base.endswith(("HfArgumentParser", "ArgumentParser", "TrlParser")) for base in outside):
        from lintune.scripts.walk.libraries import call_library

        parser = next(base for base in outside if base.endswith(("HfArgumentParser", "ArgumentParser", "TrlParser")))
        return call_library(walk, parser, args, keywords, node, whole)
    if is_module(made):
        root = walk.new_root(made)
        own: Value = Weights(root)
        if is_empty(made):
            walk.operate(root, ("empty", ""))
    else:
        own = Instance(made)
    if is_trainer(made):
        from lintune.scripts.walk.libraries import note_trainer
        from lintune.scripts.walk.trainers import note_made

        note_made(walk, made, node)
        note_trainer(walk, made.name, args, keywords, node, whole)
    start = member(made, "__init__")
    if walk.building and isinstance(own, Weights) and not _switches(walk, made):
        own.root.slots[UNBUILT] = Data(True)
        walk.operate(own.root, ("holds", "", held_by(made)))
        return own
    if start is None and isinstance(own, Instance) and any(each.endswith("typing.NamedTuple") for each in outside):
        return _named_tuple(walk, made, own, args, keywords, whole)
    if isinstance(start, Function):
        call_function(walk, start, [own, *args], keywords, node, own=own, whole=whole)
    elif isinstance(own, Instance) and is_dataclass(made):
        _fill(walk, made, own, args, keywords, whole)
        after = member(made, "__post_init__")
        if isinstance(after, Function):
            call_function(walk, after, [own], {}, node, own=own)
    elif isinstance(own, Instance) and not args and not keywords and not outside:
        own.whole = False
    return own


def _switches(walk: "Walk", made: Class) -> bool:
    """Whether the text of a class, of a base in the project or of a class of which it makes modules speaks of gradients."""
    return any(
        "requires_grad" in each.module.source.text and "requires_grad" in text_of(each)
        for kind in (made, *modules_of(walk, made).values())
        for each in ancestry(kind)[0]
    )


def text_of(made: Class) -> str:
    """The text of a class."""
    source = made.module.source
    first, last = made.node.lineno, made.node.end_lineno or made.node.lineno
    return source.text[source.line_span(first).start : source.line_span(last).end]


def modules_of(walk: "Walk", made: Class) -> dict[str, Class]:
    """The classes of the project that a class's methods put into `self`, by attribute."""
    found: dict[str, Class] = {}
    for each in reversed(ancestry(made)[0]):
        for name, called in _made_in(each.node):
            kind = lookup(walk, called, each.scope)
            if isinstance(kind, Class):
                found[name] = kind
    return found


@lru_cache(maxsize=512)
def _made_in(node: ast.AST) -> tuple[tuple[str, str], ...]:
    """The attributes of `self` that a class fills by calls of a plain name, with these names."""
    found = []
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call(func=ast.Name(id=called))):
                found.append((name, called))
    return tuple(found)


def held_by(made: Class) -> tuple[str, ...]:
    """The attributes of `self` that a class, or a base in the project, fills by calls: modules, most of them."""
    return tuple(dict.fromkeys(name for each in ancestry(made)[0] for name in _filled_in(each.node)))


def is_empty(made: Class) -> bool:
    """Whether a module certainly has no weights: made from `torch.nn.Module` alone, it sets nothing and registers nothing."""
    classes, outside, known = ancestry(made)
    words = ("self.__", "setattr", "add_module", "register", "Parameter", "exec(")
    texts = [text_of(each) for each in classes]
    return known and outside == ["torch.nn.Module"] and not any(_SETS.search(text) or any(word in text for word in words) for text in texts)


_SETS = re.compile(r"self\.\w+\s*(?::[^=\n]+)?=(?!=)")


@lru_cache(maxsize=512)
def _filled_in(node: ast.AST) -> tuple[str, ...]:
    """The attributes of `self` that a class fills by calls of anything."""
    found = []
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call()):
                found.append(name)
    return tuple(found)


def _named_tuple(walk: "Walk", made: Class, own: Instance, args: list[Value], keywords: dict[str, Value], whole: bool) -> Value:
    """`Point(1, 2)` of a class made from `typing.NamedTuple`."""
    from lintune.scripts.walk.standard import named_tuple

    _fill(walk, made, own, args, keywords, whole)
    plain = not any(isinstance(each, Function) for each in made.members.values())
    return named_tuple(own.slots) if plain and whole else own


def is_dataclass(made: Class) -> bool:
    """Whether a class, or a base of it in the project, is decorated as a dataclass."""
    return any("dataclass" in ast.unparse(each) for kind in ancestry(made)[0] for each in kind.node.decorator_list)


def fields_of(made: Class) -> list[tuple[str, ast.AnnAssign, Class]]:
    """The fields of a dataclass, those of its bases first."""
    found: dict[str, tuple[str, ast.AnnAssign, Class]] = {}
    for each in reversed(ancestry(made)[0]):
        for item in each.node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and "ClassVar" not in ast.unparse(item.annotation):
                found[item.target.id] = (item.target.id, item, each)
    return list(found.values())


def _fill(walk: "Walk", made: Class, own: Instance, args: list[Value], keywords: dict[str, Value], whole: bool) -> None:
    fields = fields_of(made)
    given = dict(zip((name for name, *_ in fields), args, strict=False))
    given.update(keywords)
    for name, item, home in fields:
        if name in given:
            own.slots[name] = given[name]
        elif not whole:
            own.slots[name] = Open("it is given by `*` or `**`")
        else:
            own.slots[name] = default_of(walk, item, home)


def default_of(walk: "Walk", item: ast.AnnAssign, home: Class) -> Value:
    """The default of a field of a dataclass."""
    from lintune.scripts.walk.statements import value_in

    match item.value:
        case ast.Call(func=ast.Name(id="field") | ast.Attribute(attr="field"), keywords=words):
            for word in words:
                if word.arg == "default":
                    return value_in(walk, word.value, home.scope)
                if word.arg == "default_factory":
                    made = ast.copy_location(ast.Call(func=word.value, args=[], keywords=[]), word.value)
                    return value_in(walk, made, home.scope)
        case ast.expr() as expression:
            return value_in(walk, expression, home.scope)
    return Open("it is not given")


def run_post_init(walk: "Walk", parsed: Parsed, node: ast.AST) -> None:
    """The script's own `__post_init__` of an options class, while options are parsed."""
    from lintune.scripts.walk.calls import call_function

    if parsed.made_by is None:
        return
    found = member(parsed.made_by, "__post_init__")
    if isinstance(found, Function):
        before = walk.stage
        walk.come_to("parsing")
        call_function(walk, found, [parsed], {}, node, own=parsed)
        walk.come_to(before)


__all__ = ["Data", "construct", "fields_of", "is_module", "is_trainer", "run_post_init"]
