"""Calls: functions and classes of the project are followed, methods of plain data computed, libraries known by name."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import libraries, methods
from lintune.scripts.walk.abstract import (
    NONE,
    Bound,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parsed,
    Partial,
    Scope,
    Super,
    Table,
    Value,
    Weights,
    names_of,
    sequence,
    truth,
)
from lintune.scripts.walk.classes import construct
from lintune.scripts.walk.generators import generator, yields
from lintune.scripts.walk.loops import elements, join_leaves
from lintune.scripts.walk.options import doubt
from lintune.scripts.walk.scopes import member
from lintune.scripts.walk.walker import MOST_DEPTH, NEXT, RAISE, Frame, Stopped
from lintune.scripts.walk.weights_use import call_module, doubt_model

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

SEEN_THROUGH_WORDS = """
    record no_grad inference_mode enable_grad lru_cache cache wraps contextmanager classmethod staticmethod property
    cached_property command group option argument main rank_zero_only override abstractmethod dataclass timer profile jit
    typechecked beartype version_option pass_context setter overload
    """
SEEN_THROUGH = frozenset(SEEN_THROUGH_WORDS.split())
"""Decorators that leave what a function does, and when, as it is."""


def call(walk: "Walk", node: ast.Call) -> Value:
    """The value of a call."""
    from lintune.scripts.walk import expressions

    function = node.func
    if isinstance(function, ast.Name) and function.id == "super" and not node.args:
        return _super(walk)
    if (
        isinstance(function, ast.Name)
        and function.id in ("any", "all")
        and len(node.args) == 1
        and isinstance(node.args[0], ast.GeneratorExp)
    ):
        from lintune.scripts.walk.comprehensions import quantified

        return quantified(walk, node.args[0], function.id == "any")
    called = expressions.value(walk, function)
    args, whole = _positional(walk, node)
    keywords: dict[str, Value] = {}
    for word in node.keywords:
        found = expressions.value(walk, word.value)
        if word.arg is not None:
            keywords[word.arg] = found
        elif isinstance(found, Table):
            keywords.update((key, each) for key, each in found.slots.items() if isinstance(key, str))
            whole = whole and not found.open
        else:
            whole = False
    return apply(walk, called, args, keywords, node, whole)


def _positional(walk: "Walk", node: ast.Call) -> tuple[list[Value], bool]:
    from lintune.scripts.walk import expressions

    args: list[Value] = []
    whole = True
    for each in node.args:
        found = expressions.value(walk, each)
        if isinstance(each, ast.Starred):
            items = elements(found)
            whole = whole and items is not None
            args.extend(items or ())
        else:
            args.append(found)
    return args, whole


def _super(walk: "Walk") -> Value:
    frame = walk.calls[-1]
    if frame.owner is None or frame.own is None:
        return Open("`super()` of something unknown")
    return Super(frame.own, frame.owner)


def apply(walk: "Walk", called: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool = True) -> Value:
    """Call a value."""
    match called:
        case Function():
            return call_function(walk, called, args, keywords, node, whole=whole)
        case Class():
            return construct(walk, called, args, keywords, node, whole)
        case Bound(owner=owner, name=name, function=Function() as function):
            first = owner if not _is_class_method(function) or isinstance(owner, Class) else _made_by(owner)
            return call_function(walk, function, [first, *args], keywords, node, own=owner, whole=whole)
        case Bound(owner=owner, name=name):
            return methods.call_method(walk, owner, name, args, keywords, node, whole)
        case Library(dotted=dotted):
            return libraries.call_library(walk, dotted, args, keywords, node, whole)
        case Partial(function=inner, args=first_args, keywords=first_words):
            return apply(walk, inner, [*first_args, *args], {**first_words, **keywords}, node, whole)
        case Weights(root=root, path=path, each=each):
            above, _, method = path.rpartition(".")
            return call_module(walk, Weights(root, above, each), method, args, keywords, node)
        case Super(owner=owner):
            return Open("it is `super()` itself")
        case Instance(made_by=Class() as made) if isinstance(own := member(made, "__call__"), Function):
            return call_function(walk, own, [called, *args], keywords, node, own=called, whole=whole)
    walk.lost = True
    walk.foreign += 1
    return unknown_call(walk, args, keywords, node)


def unknown_call(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """Something unknown is called: what it is given may be changed."""
    from lintune.scripts.walk.stores import forget

    given = [*args, *keywords.values()]
    for each in given:
        if isinstance(each, Parsed):
            doubt(walk, each)
        elif isinstance(each, Items | Table):
            forget(walk, each)
        elif isinstance(each, Weights):
            doubt_model(walk, each, node)
    return Open("it is what an unknown call returns", NONE.union(*(names_of(each) for each in given)))


def _is_class_method(function: Function) -> bool:
    return any(getattr(each, "id", "") == "classmethod" for each in getattr(function.node, "decorator_list", ()))


def _made_by(owner: Value) -> Value:
    return owner.made_by if isinstance(owner, Instance) else owner


def call_function(
    walk: "Walk",
    function: Function,
    args: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    own: Value | None = None,
    whole: bool = True,
) -> Value:
    """Follow a call into a function of the project."""
    body = function.node
    names = NONE.union(*(names_of(each) for each in (*args, *keywords.values()))) if args or keywords else NONE
    if _is_not_followed(walk, function):
        walk.strayed.append((function.module, body.lineno, body.end_lineno or body.lineno))
        for each in (*args, *keywords.values()):
            if isinstance(each, Parsed):
                doubt(walk, each)
            elif isinstance(each, Weights):
                doubt_model(walk, each, node)
        return Open(f"`{function.name}()` is not followed", names)
    scope = Scope({}, function.scope, function.module)
    bind_parameters(walk, function, scope, args, keywords, whole)
    if "yield" in function.module.source.text and yields(body):
        return generator(function, scope, own)
    frame = Frame(walk.journal.mark(), scope, body, function.owner, own, unsure=walk.unsure)
    strange = not function.plain and _strange_decorators(body)
    walk.lost = walk.lost or strange
    walk.frames.append(frame)
    walk.calls.append(frame)
    tests, walk.tests = walk.tests, list(walk.tests)
    walk.unsure += strange
    try:
        return _run_body(walk, function, frame, node)
    finally:
        walk.unsure -= strange
        walk.tests = tests
        if walk.calls and walk.calls[-1] is frame:
            walk.calls.pop()


def _run_body(walk: "Walk", function: Function, frame: Frame, node: ast.AST) -> Value:
    from lintune.scripts.walk import expressions
    from lintune.scripts.walk.statements import run

    body = function.node
    if isinstance(body, ast.Lambda):
        try:
            return expressions.value(walk, body.body)
        finally:
            walk.frames.remove(frame)
    left = 0
    try:
        left = run(walk, body.body)
    finally:
        walk.frames.remove(frame)
        walk.unsure -= frame.doubt
        join_leaves(walk, frame, bool(left & NEXT))
    values = [found for _, found, *_ in frame.leaves if found is not None]
    if left & NEXT:
        values.append(Data(None))
    if not values:
        raise Stopped
    result = values[0]
    for each in values[1:]:
        result = walk.journal.joined(result, each)
    if left & RAISE and isinstance(result, Open):
        return Open(result.reason, result.names)
    return result


def _is_not_followed(walk: "Walk", function: Function) -> bool:
    """Whether a function is too deep, or calls itself."""
    if len(walk.calls) > MOST_DEPTH:
        walk.note("calls-too-deep", "functions that call each other too deeply are not followed")
        return True
    again = [frame for frame in walk.calls if frame.node is function.node]
    return len(again) > 1 and walk.unsure != again[0].unsure  # exact as long as nothing on the way is unknown


def _strange_decorators(node: ast.AST) -> bool:
    for each in getattr(node, "decorator_list", ()):
        inner = each.func if isinstance(each, ast.Call) else each
        name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
        if name not in SEEN_THROUGH:
            return True
    return False


def bind_parameters(walk: "Walk", function: Function, scope: Scope, args: list[Value], keywords: dict[str, Value], whole: bool) -> None:
    """Give the parameters of a function their values."""
    from lintune.scripts.walk.statements import value_in

    spec = function.node.args
    places = [*spec.posonlyargs, *spec.args]
    given = dict(zip((each.arg for each in places), args, strict=False))
    names = {each.arg for each in (*places, *spec.kwonlyargs)}
    given.update((key, each) for key, each in keywords.items() if key in names)
    defaults = dict(zip((each.arg for each in places[len(places) - len(spec.defaults) :]), spec.defaults, strict=True))
    defaults.update((each.arg, default) for each, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is not None)
    for each in (*places, *spec.kwonlyargs):
        if each.arg in given:
            scope.slots[each.arg] = given[each.arg]
        elif not whole:
            scope.slots[each.arg] = Open("it is given by `*` or `**`")
        elif each.arg in defaults:
            key = (id(function), each.arg)
            if key not in walk.defaults:
                walk.defaults[key] = (function, value_in(walk, defaults[each.arg], function.scope))
            scope.slots[each.arg] = walk.defaults[key][1]
        else:
            scope.slots[each.arg] = _of_command_line(walk, function, each.arg)
    if spec.vararg is not None:
        scope.slots[spec.vararg.arg] = sequence("tuple", args[len(places) :], not whole)
    if spec.kwarg is not None:
        rest = Table({key: each for key, each in keywords.items() if key not in names})
        rest.state["open"] = not whole
        scope.slots[spec.kwarg.arg] = rest


def _of_command_line(walk: "Walk", function: Function, name: str) -> Value:
    """A parameter that nothing is given for: click's and typer's come from the command line."""
    from lintune.scripts.walk.options import lifted

    if getattr(function.node, "decorator_list", None) and name in walk.option_names:
        walk.reads.add(name)
        return lifted(walk.option(name), name)
    return Open(f"`{name}` is not given")


__all__ = ["apply", "bind_parameters", "call", "call_function", "truth", "unknown_call"]
