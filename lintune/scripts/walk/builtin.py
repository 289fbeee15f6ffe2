"""Built-in functions."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk import iteration
from lintune.scripts.walk.abstract import (
    NONE,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parsed,
    Partial,
    Table,
    Test,
    Value,
    Weights,
    lift,
    names_of,
    plain,
    sequence,
    truth,
)
from lintune.scripts.walk.files import open_file
from lintune.scripts.walk.iteration import collected
from lintune.scripts.walk.loops import iterated, unordered
from lintune.scripts.walk.objects import as_condition, mixin, special
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_PURE: dict[str, Callable[..., Any]] = {
    "int": int, "float": float, "abs": abs, "round": round, "ord": ord, "chr": chr,
    "divmod": divmod, "pow": lambda one, two: one**two if 0 <= two <= 64 and abs(one) <= 1024 else None,
}  # fmt: skip
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes}
_KINDS = frozenset(("list", "tuple", "set", "frozenset", "dict", *_TYPES))
_LONGEST = 20_000


def call_builtin(walk: "Walk", name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """The value of a call of a built-in function."""
    names = NONE.union(*(names_of(each) for each in (*args, *keywords.values()))) if args or keywords else NONE
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(walk, args, keywords, names, node)
    if name in _PURE and not keywords:
        return _pure(walk, name, args, names, node)
    if name == "open":
        return open_file(walk, args, keywords, node)
    kind, _, method = name.partition(".")
    if method and args and isinstance(args[0], Data) and kind in _TYPES and isinstance(args[0].value, _TYPES[kind]):
        from lintune.scripts.walk.methods import call_method

        return call_method(walk, args[0], method, args[1:], keywords, node)
    if name[:1].isupper():
        return Instance(Library(f"builtins.{name}"))
    return Open(f"`{name}()`", names)


def _pure(walk: "Walk", name: str, args: list[Value], names: frozenset[str], node: ast.AST) -> Value:
    try:
        given = [plain(each) for each in args]
    except ValueError:
        walk.foreign += 1
        return Open("it is computed from something unknown", names)
    try:
        if not _is_small(given):
            return Open("it is too long", names)
        return lift(_PURE[name](*given), names)
    except (ValueError, TypeError) as error:
        if name in ("int", "float") and len(given) == 1 and (given[0] is None or isinstance(given[0], str)):
            kind = "value-error" if isinstance(error, ValueError) else "type-error"
            walk.end(kind, str(error), type(error).__name__, node, names)  # type: ignore[arg-type]
            raise Stopped from None
    except Exception:  # whatever a built-in function refuses
        return Open("it is refused", names)
    return Open("it cannot be computed without running the script", names)


def _is_small(given: list[Any]) -> bool:
    return all(len(each) <= _LONGEST for each in given if isinstance(each, str | bytes | list | tuple | dict | frozenset)) and all(
        abs(each) < 10**300 for each in given if isinstance(each, int)
    )


def _length(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    match args:
        case [Items() as found] if not found.open:
            return Data(len(found.items), names)
        case [Table() as found] if not found.open:
            return Data(len(found.slots), names)
        case [Data(value=str() as text)]:
            return Data(len(text), names)
        case [Class(members_of_enum=dict() as members)]:
            return Data(len({id(each) for each in members.values()}))
        case [Instance() as own] if (asked := special(walk, own, "__len__", [], node)) is not None:
            return asked
        case [Library(dotted="sys.argv")]:
            from lintune.scripts.walk.options import lifted

            return lifted(walk.word("count"), "")
    return Open("its length is not known", names)


def _text(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    """`str(value)`, `repr(value)`, `format(value, spec)`."""
    from lintune.scripts.walk.formatting import filled, shown

    called = getattr(getattr(node, "func", None), "id", "str")
    if not args:
        return Data("")
    if called == "format" and len(args) == 2:
        spec = args[1].value if isinstance(args[1], Data) and isinstance(args[1].value, str) else None
        text = filled(walk, args[0], "", spec, node)
    else:
        text = shown(walk, args[0], called == "repr", node) if len(args) == 1 else None
    if text is None or len(text) > _LONGEST:
        return Open("it is text with unknown parts", names, args[0].text if isinstance(args[0], Open) and called == "str" else "")
    return Data(text, names)


def _callable(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    known = len(args) == 1 and isinstance(args[0], Function | Class | Partial)
    if known or (len(args) == 1 and isinstance(args[0], Data | Items | Table)):
        return Data(known, names)
    return Open("it is not known", names)


def _bool(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    if not args:
        return Data(False)
    if isinstance(args[0], Test):
        return args[0]
    found = truth(as_condition(walk, args[0], node) if isinstance(args[0], Instance) else args[0])
    return Open("it is not known", names) if found is None else Data(found, names)


def _getattr(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    from lintune.scripts.walk import attributes

    if len(args) < 2 or not isinstance(args[1], Data) or not isinstance(args[1].value, str):
        if args and isinstance(args[0], Parsed):
            return Open("an option by a computed name", names)
        return Open("an attribute by a computed name", names)
    if len(args) > 2 and _has(walk, args[0], args[1].value) is False:
        return args[2]
    found = attributes.read(walk, args[0], args[1].value, node)
    if len(args) > 2 and _has(walk, args[0], args[1].value) is None and isinstance(found, Open):
        return Open("it may not be there", names_of(found))
    return found


def _has(walk: "Walk", owner: Value, name: str) -> bool | None:
    from lintune.scripts.walk.scopes import member

    match owner:
        case Parsed():
            if name in owner.slots or (owner.fields is not None and name in owner.fields):
                return True
            if owner.made_by is not None and member(owner.made_by, name) is not None:
                return True
            return False if owner.whole else None
        case Instance(made_by=Class() as made):
            return True if name in owner.slots or member(made, name) is not None else False if owner.whole else None
        case Instance() if name in owner.slots:
            return None if isinstance(owner.slots[name], Open) else True
        case Weights():
            from lintune.scripts.walk.weights_use import has_module

            return has_module(walk, owner, name)
        case Data(value=value):
            return hasattr(value, name)
    return None


def _hasattr(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    if len(args) != 2 or not isinstance(args[1], Data) or not isinstance(args[1].value, str):
        return Open("it is not known", names)
    name = args[1].value
    if isinstance(args[0], Parsed) and name in walk.option_names:
        walk.reads.add(name)
    found = _has(walk, args[0], name)
    if found is not None:
        return Data(found, names)
    if isinstance(args[0], Weights) and not args[0].each:
        return Test("exists", (f"{args[0].path}.{name}".strip("."),))
    return Open("whether it has that attribute is not known", names)


def _setattr(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    from lintune.scripts.walk.options import doubt
    from lintune.scripts.walk.stores import set_attribute

    if len(args) == 3 and isinstance(args[1], Data) and isinstance(args[1].value, str):
        set_attribute(walk, args[0], args[1].value, args[2], node)
    elif args and isinstance(args[0], Parsed):
        doubt(walk, args[0])
    return Data(None)


def _isinstance(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    if len(args) != 2:
        return Open("it is not known", names)
    types = args[1].items if isinstance(args[1], Items) else (args[1],)
    if isinstance(args[0], Weights) and args[0].each:
        known = tuple(each.dotted for each in types if isinstance(each, Library))
        return Test("isa", known) if len(known) == len(types) else Test("open")
    found = [is_a(args[0], each) for each in types]
    if True in found:
        return Data(True, names)
    return Open("it is not known", names) if None in found else Data(False, names)


def is_a(value: Value, kind: Value) -> bool | None:
    """Whether a value is of a class."""
    from lintune.scripts.walk.scopes import ancestry

    if isinstance(kind, Library) and kind.dotted.startswith("builtins."):
        name = kind.last
        match value:
            case Data(value=found):
                return isinstance(found, _TYPES[name]) if name in _TYPES else False if name in ("list", "tuple", "set", "dict") else None
            case Items(kind=sort):
                return {"bag": "list", "keys": ""}.get(sort, sort) == name if name in _KINDS else None
            case Table():
                return name == "dict" if name in _KINDS else None
            case Instance(made_by=Class() as made) if ancestry(made)[1]:
                return (
                    True if f"builtins.{name}" in ancestry(made)[1] or (made.members_of_enum is not None and mixin(made) == name) else None
                )
            case Instance() | Parsed() | Weights() | Function():
                return False if name in (*_TYPES, "list", "tuple", "set", "dict") else None
        return None
    match value, kind:
        case Instance(made_by=Class() as made), Class():
            return kind in ancestry(made)[0] or (None if ancestry(made)[1] else False)
        case Data(names=names), Class(members_of_enum=dict()) if names:
            return None  # the default of an option may be a member
        case ((Data() | Items() | Table()), (Class() | Library())):
            return False if isinstance(kind, Class) else None
    return None


def _vars(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    """`vars(options)`: every option by name."""
    made = Table(state={"open": True})
    if args and isinstance(args[0], Parsed):
        from lintune.scripts.walk.options import read_option

        for name in sorted((args[0].fields or frozenset()) | args[0].slots.keys()):
            value = read_option(walk, args[0], name)
            if value is not None:
                made.slots[name] = value
        made.state["open"] = not args[0].whole
        made.options = args[0]
    elif args and isinstance(args[0], Instance):
        made.slots.update(args[0].slots)
        made.state["open"] = not args[0].whole
    return made


def _super(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    """`super(Class, self)`."""
    from lintune.scripts.walk.abstract import Super

    match args:
        case [Class() as above, owner]:
            return Super(owner, above)
    return Open("`super()` of something unknown")


def _type(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    match args:
        case [Instance(made_by=made)]:
            return made
        case [Data(value=value)] if type(value).__name__ in _TYPES:
            return Library(f"builtins.{type(value).__name__}")
        case [Items(kind="list" | "tuple" | "set" as kind)]:
            return Library(f"builtins.{kind}")
    return Open("a class", names)


_HANDLERS: dict[str, Callable[..., Value]] = {
    "len": _length, "bool": _bool, "list": collected("list"), "tuple": collected("tuple"), "set": collected("set"),
    "frozenset": collected("set"), "dict": iteration.dictionary, "range": iteration.numbers_to, "zip": iteration.paired,
    "enumerate": iteration.numbered, "sorted": iteration.in_order, "getattr": _getattr, "hasattr": _hasattr, "setattr": _setattr,
    "isinstance": _isinstance, "vars": _vars, "super": _super, "type": _type, "filter": iteration.filtered, "map": iteration.mapped,
    "iter": collected("list"), "print": lambda *_: Data(None), "reversed": iteration.backwards, "next": iteration.first_of,
    "sum": iteration.summed, "str": _text, "repr": _text, "format": _text, "callable": _callable,
    "any": lambda walk, args, keywords, names, node: iteration.combined(_looped(walk, args, node), names, True),
    "all": lambda walk, args, keywords, names, node: iteration.combined(_looped(walk, args, node), names, False),
    "min": lambda *given: iteration.extreme(given[0], "min", *given[1:]),
    "max": lambda *given: iteration.extreme(given[0], "max", *given[1:]),
}  # fmt: skip


def _looped(walk: "Walk", args: list[Value], node: ast.AST) -> list[Value]:
    """The list of `any` and `all`; of a dictionary its keys, of objects what they count as."""
    known = unordered(iterated(walk, args[0], node, whole=False)) if len(args) == 1 else None
    if known is None:
        return args
    return [sequence("list", [as_condition(walk, each, node) if isinstance(each, Instance) else each for each in known])]
