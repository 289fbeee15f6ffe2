"""What the operations on a model tell as a whole: the paths they name, adapters, which modules are there."""

from collections.abc import Iterator
from typing import Any

from lintune.scripts.walk.abstract import Items, Ways
from lintune.scripts.walk.weights import OWN, Chain, Leaf, within


def operations_of(chain: Chain, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every operation on a model and on those that were put into it, on whatever way, with the path it is about."""
    chains = []
    while chain is not None:
        chains.append(chain[2])
        chain = chain[1]
    pending = chains[::-1]
    while pending:
        each = pending.pop(0)
        if each[0] == "either":
            pending[:0] = (*each[2], *each[3])
            continue
        path = f"{above}{each[1]}".rstrip(".") if len(each) > 1 else above.rstrip(".")
        yield path, each
        if each[0] == "graft":
            yield from operations_of(each[2].slots["ops"], f"{path}.")


def ways_of(chain: Chain) -> tuple[Ways, ...]:
    """The targets of adapters that are one list of several."""
    targets = [each[2].items for _, each in operations_of(chain) if each[0] == "peft" and isinstance(each[2], Items)]
    return tuple(items for items in targets if isinstance(items, Ways) and items.ways)


def is_wrapped(chain: Chain) -> bool:
    """Whether an adapter is put around the model or a part of it, on some way."""
    return any(each[0] == "peft" for _, each in operations_of(chain))


def by_names(chain: Chain) -> bool:
    """Whether weights are switched on by tests on their names, so that there may be any of them."""
    return any(each[0] == "set" and bool(each[2]) and each[3] is not False for _, each in operations_of(chain))


def places(chain: Chain) -> tuple[tuple[str, bool], ...]:
    """The module paths that operations name, each with whether weights there are switched (else a module is put there)."""
    found: dict[tuple[str, bool], None] = {}
    for path, each in operations_of(chain):
        if each[0] == "holds":
            found.update(dict.fromkeys((f"{path}.{name}".lstrip("."), False) for name in each[2]))
        elif each[0] not in ("own", "void", "empty"):
            found[path, each[0] in ("set", "peft", "lost")] = None
    return tuple(found)


def is_there(chain: Chain, leaf: Leaf) -> bool | None:
    """Whether a parameter is in the model when training starts; None where it depends on what is not known."""
    operations: list[Any] = []
    while chain is not None:
        operations.append(chain[2])
        chain = chain[1]
    operations.reverse()
    put = any(each[0] == "graft" and within(path, leaf) is not None for each in operations for path, each in _flat(each))
    return _there(operations, leaf, not (operations[:1] == [OWN] and put))


def _flat(operation: Any) -> Iterator[tuple[str, Any]]:
    if operation[0] == "either":
        for each in (*operation[2], *operation[3]):
            yield from _flat(each)
    elif operation[0] != "own":
        yield operation[1], operation


def _there(operations: Any, leaf: Leaf, there: bool | None) -> bool | None:
    for each in operations:
        match each:
            case ("either", _, first, second):
                one, two = _there(first, leaf, there), _there(second, leaf, there)
                there = one if one is two else None
            case ("graft", path, root) if (name := within(path, leaf)) is not None:
                there = is_there(root.slots["ops"], Leaf((name or leaf.names[0],), leaf.kind))
            case ("empty", path) if within(path, leaf) is not None:
                there = False
    return there
