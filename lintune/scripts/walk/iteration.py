"""Built-in functions over lists and other things that can be looped over."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk.abstract import (
    MAYBE,
    Data,
    Items,
    Names,
    Open,
    Parameters,
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
from lintune.scripts.walk.loops import any_element, elements, iterated, unordered

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_MOST = 512


def combined(args: list[Value], names: Names, settles: bool) -> Value:
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


def collected(kind: str) -> Callable[..., Value]:
    """`list`, `tuple`, `set` of something."""

    def collect(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
        from lintune.scripts.walk.containers import set_of

        if not args:
            return sequence(kind, ())
        if isinstance(args[0], Parameters | Weights | PartName):
            return args[0]
        over = iterated(walk, args[0], node)
        known = unordered(over)
        if known is None:
            left = over.items if isinstance(over, Items) else ()
            return sequence(kind, left, True, names)
        if kind == "set":
            return set_of(known, names=names)
        return sequence(kind if elements(over) is not None else "bag", known, names=names)

    return collect


def mapped(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`map(function, list)`."""
    from lintune.scripts.walk.calls import apply

    lists = [elements(iterated(walk, each, node)) for each in args[1:]]
    if not lists or any(each is None or len(each) > _MOST for each in lists):
        return Open("it is made from something unknown", names)
    return sequence("list", [apply(walk, args[0], list(each), {}, node) for each in zip(*[each or () for each in lists], strict=False)])


def filtered(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`filter(function or None, list)`."""
    from lintune.scripts.walk.calls import apply

    known = elements(iterated(walk, args[1], node)) if len(args) == 2 else None
    if known is None or len(known) > _MOST:
        return Open("it is filtered", names)
    none = isinstance(args[0], Data) and args[0].value is None
    answers = [truth(each if none else apply(walk, args[0], [each], {}, node)) for each in known]
    if None in answers:
        return Open("it is filtered", names)
    return sequence("list", [each for each, kept in zip(known, answers, strict=True) if kept], names=names)


def paired(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`zip`."""
    lists = [elements(iterated(walk, each, node, whole=False)) for each in args]
    if not lists or any(each is None for each in lists) or keywords:
        return Open("it is made from something unknown", names)
    return sequence("list", [sequence("tuple", pair) for pair in zip(*[each or () for each in lists], strict=False)])


def numbered(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`enumerate`."""
    over = iterated(walk, args[0], node) if args else None
    known = elements(over) if over is not None else None
    start = args[1] if len(args) > 1 else keywords.get("start", Data(0))
    if known is None or not isinstance(start, Data) or not isinstance(start.value, int):
        one = any_element(over) if over is not None else None
        if one is None:
            return Open("it is made from something unknown", names)
        return sequence("list", [sequence("tuple", (Open("a number"), one))], False)
    return sequence("list", [sequence("tuple", (Data(index), each)) for index, each in enumerate(known, start.value)])


def backwards(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`reversed`."""
    known = elements(args[0]) if args else None
    return sequence("list", known[::-1], names=names) if known is not None else Open("it is made from something unknown", names)


def in_order(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`sorted`."""
    return ordered(walk, iterated(walk, args[0], node), keywords, names, node) if args else Open()


def ordered(walk: "Walk", over: Value, keywords: dict[str, Value], names: Names, node: ast.AST) -> Items:
    """The items in order; an open list where the order is not known."""
    known = unordered(over)
    left = over.items if isinstance(over, Items) else ()
    back = keywords.get("reverse", Data(False))
    if known is None or not isinstance(back, Data) or len(known) > _MOST:
        return sequence("list", left, True, names)
    try:
        keys = keys_by(walk, known, keywords.get("key"), node)
        if isinstance(over, Items) and over.kind in ("set", "bag") and len(set(map(repr, keys))) < len(keys):
            return sequence("list", left, True, names)
        places = sorted(range(len(known)), key=lambda index: keys[index], reverse=bool(back.value))
    except (ValueError, TypeError):
        return sequence("list", left, True, names)
    return sequence("list", [known[index] for index in places], names=names)


def keys_by(walk: "Walk", items: tuple[Value, ...], key: Value | None, node: ast.AST) -> list[Any]:
    """What the items are sorted by; raises `ValueError` where that is not known."""
    from lintune.scripts.walk.calls import apply

    if key is None or (isinstance(key, Data) and key.value is None):
        return [plain(each) for each in items]
    return [plain(apply(walk, key, [each], {}, node)) for each in items]


def extreme(walk: "Walk", name: str, args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`min`, `max` of arguments or of one list, with `key` and `default`."""
    known = unordered(iterated(walk, args[0], node)) if len(args) == 1 else tuple(args)
    if known is None or keywords.keys() - {"key", "default"}:
        return Open("it is computed from something unknown", names)
    if not known:
        return keywords.get("default", Open("there is nothing to choose from", names))
    try:
        keys = keys_by(walk, known, keywords.get("key"), node)
        chosen = (min if name == "min" else max)(range(len(known)), key=lambda index: keys[index])
    except (ValueError, TypeError):
        return Open("it is computed from something unknown", names)
    found = known[chosen]
    return Data(found.value, found.names | names) if isinstance(found, Data) else found


def summed(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`sum(list, start)`."""
    known = unordered(iterated(walk, args[0], node)) if args else None
    start = args[1] if len(args) > 1 else keywords.get("start", Data(0))
    try:
        numbers = [plain(each) for each in known or ()]
        first = plain(start)
    except ValueError:
        known = None
    if known is None or not all(isinstance(each, int | float) and abs(each) < 10**300 for each in (*numbers, first)):
        return Open("it is computed from something unknown", names)
    return lift(sum(numbers, first), names)


def first_of(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`next(iterator, default)` of an iterator that was just made."""
    made = isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.GeneratorExp | ast.Call)
    known = elements(iterated(walk, args[0], node, whole=False)) if args and made else None
    if known is None:
        for each in args[:1]:
            walk.foreign += 1
            if isinstance(each, Items | Table):
                from lintune.scripts.walk.stores import forget

                forget(walk, each)
        return Open("it comes from an iterator", names)
    if known:
        return known[0]
    return args[1] if len(args) > 1 else Open("the iterator is at its end", names)


def dictionary(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`dict(...)`."""
    from lintune.scripts.walk.containers import pairs_of

    made = Table()
    for each in args:
        pairs = pairs_of(iterated(walk, each, node) if not isinstance(each, Table) else each)
        made.slots.update(pairs or {})
        made.state["open"] = pairs is None or (isinstance(each, Table) and each.open)
    made.slots.update(keywords)
    return made


def numbers_to(walk: "Walk", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST) -> Value:
    """`range`."""
    try:
        found = range(*[plain(each) for each in args])
        return sequence("list", [Data(each, names) for each in found], names=names) if len(found) <= _MOST else Open("a long range", names)
    except (ValueError, TypeError, OverflowError):
        return Open("it is a range of unknown length", names)


__all__ = ["combined", "extreme", "in_order", "names_of", "numbered", "ordered", "paired", "summed"]
