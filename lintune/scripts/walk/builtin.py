"""Built-in functions."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk.abstract import (
    MAYBE,
    NONE,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parameters,
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
    truth,
)
from lintune.scripts.walk.files import open_file
from lintune.scripts.walk.loops import any_element, elements
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_PURE: dict[str, Callable[..., Any]] = {
    "int": int, "float": float, "str": str, "abs": abs, "round": round, "min": min, "max": max, "sum": sum, "ord": ord, "chr": chr,
    "divmod": divmod, "pow": lambda one, two: one**two if 0 <= two <= 64 and abs(one) <= 1024 else None, "repr": repr,
}  # fmt: skip
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes}
_MOST = 512
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
        case [Library(dotted="sys.argv")]:
            from lintune.scripts.walk.options import lifted

            return lifted(walk.word("count"), "")
    return Open("its length is not known", names)


def _bool(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    if not args:
        return Data(False)
    if isinstance(args[0], Test):
        return args[0]
    found = truth(args[0])
    return Open("it is not known", names) if found is None else Data(found, names)


def _any(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    return combined(args, names, True)


def _all(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    return combined(args, names, False)


def combined(args: list[Value], names: frozenset[str], settles: bool) -> Value:
    """`any` (settles) or `all` of one list."""
    if len(args) != 1 or not isinstance(args[0], Items):
        return Open("it is not known", names)
    found = args[0]
    truths = [truth(each) for each in found.items if each is not MAYBE]
    tests = tuple(each for each in found.items if isinstance(each, Test))
    if settles in truths and not found.open:
        return Data(settles, names)
    if tests and len(tests) == truths.count(None) and not found.open:
        return Test("or" if settles else "and", tests)
    if tests:
        return Test("open")
    return Open("it is not known", names) if None in truths or found.open else Data(not settles, names)


def _collected(kind: str) -> Callable[..., Value]:
    def collect(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
        if not args:
            return sequence(kind, ())
        if isinstance(args[0], Parameters | Weights):
            return args[0]
        if isinstance(args[0], PartName):
            return args[0]
        known = elements(args[0])
        if known is None:
            left = args[0].items if isinstance(args[0], Items) else ()
            return sequence(kind, left, True, names)
        return sequence(kind, known, names=names)

    return collect


def _dict(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    made = Table()
    for each in args:
        if isinstance(each, Table):
            made.slots.update(each.slots)
            made.state["open"] = each.open
        else:
            made.state["open"] = True
    made.slots.update(keywords)
    return made


def _range(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    try:
        found = range(*[plain(each) for each in args])
        return sequence("list", [Data(each, names) for each in found], names=names) if len(found) <= _MOST else Open("a long range", names)
    except (ValueError, TypeError, OverflowError):
        return Open("it is a range of unknown length", names)


def _paired(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    """`zip`."""
    lists = [elements(each) for each in args]
    if not lists or any(each is None for each in lists):
        return Open("it is made from something unknown", names)
    return sequence("list", [sequence("tuple", pair) for pair in zip(*[each or () for each in lists], strict=False)])


def _numbered(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    """`enumerate`."""
    known = elements(args[0]) if args else None
    if known is None:
        one = any_element(args[0]) if args else None
        if one is None:
            return Open("it is made from something unknown", names)
        return sequence("list", [sequence("tuple", (Open("a number"), one))], False)
    return sequence("list", [sequence("tuple", (Data(index), each)) for index, each in enumerate(known)])


def _sorted(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    try:
        return lift(sorted(plain(args[0])), names) if not keywords else sequence("list", (), True, names)
    except (ValueError, TypeError, IndexError):
        return sequence("list", args[0].items if args and isinstance(args[0], Items) else (), True, names)


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
    found = [_is_a(args[0], each) for each in types]
    if True in found:
        return Data(True, names)
    return Open("it is not known", names) if None in found else Data(False, names)


def _is_a(value: Value, kind: Value) -> bool | None:
    from lintune.scripts.walk.scopes import ancestry

    if isinstance(kind, Library) and kind.dotted.startswith("builtins."):
        name = kind.last
        match value:
            case Data(value=found):
                return isinstance(found, _TYPES[name]) if name in _TYPES else False if name in ("list", "tuple", "set", "dict") else None
            case Items(kind=sort):
                return sort == name
            case Table():
                return name == "dict"
            case Instance() | Parsed() | Weights() | Function():
                return False if name in (*_TYPES, "list", "tuple", "set", "dict") else None
        return None
    match value, kind:
        case Instance(made_by=Class() as made), Class():
            return kind in ancestry(made)[0] or (None if ancestry(made)[1] else False)
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
    return args[0].made_by if args and isinstance(args[0], Instance) else Open("a class", names)


def _filter(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: frozenset[str], node: ast.AST) -> Value:
    return Open("it is filtered", names)


_HANDLERS: dict[str, Callable[..., Value]] = {
    "len": _length, "bool": _bool, "any": _any, "all": _all, "list": _collected("list"), "tuple": _collected("tuple"),
    "set": _collected("set"), "frozenset": _collected("set"), "dict": _dict, "range": _range, "zip": _paired, "enumerate": _numbered,
    "sorted": _sorted, "getattr": _getattr, "hasattr": _hasattr, "setattr": _setattr, "isinstance": _isinstance, "vars": _vars,
    "super": _super, "type": _type, "filter": _filter, "iter": _collected("list"), "print": lambda *_: Data(None),
}  # fmt: skip
