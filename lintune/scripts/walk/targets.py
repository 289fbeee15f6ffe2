"""Whether an adapter lies around a module: by what `target_modules` holds."""

from collections.abc import Iterable

from lintune.scripts.walk.abstract import MAYBE, Data, Items, PartName, Test, Value, Ways
from lintune.scripts.walk.weights import Leaf, holds


def by_suffix(targets: Value, leaf: Leaf, others: Iterable[Leaf] = (), way: int | None = None) -> bool | None:
    """Whether LoRA lies around a module: by `target_modules` as names, names found by a loop, or `all-linear`.

    `others`: the parameters of the model. A loop over its modules that keeps their last names means all that are called so.
    `way`: of targets that are one list of several, the one that is supposed.
    """
    module = leaf.module
    if leaf.kind == "any" and not (isinstance(targets, Items) and all(isinstance(each, PartName) for each in targets.items)):
        return True if isinstance(targets, Data) and targets.value == "all-linear" else None
    match targets:
        case Data(value="all-linear"):
            return leaf.kind == "linear" and not module.endswith("lm_head")
        case Data(value=str() as text) if text.isidentifier():
            return module == text or module.endswith(f".{text}")
        case Items(items=Ways(ways=ways)) if ways and way is not None:
            return _in_list(ways[way % len(ways)], bool(targets.slots["open"]), leaf, others)
        case Items():
            return _in_list(targets.items, bool(targets.slots["open"]), leaf, others)
    return None


def _in_list(items: tuple[Value, ...], open_: bool, leaf: Leaf, others: Iterable[Leaf]) -> bool | None:
    if isinstance(items, Ways) and items.ways:
        each_way = {_in_list(way, open_, leaf, others) for way in items.ways}
        return each_way.pop() if len(each_way) == 1 else None
    found = [_target(each, leaf, others) for each in items if each is not MAYBE]
    if True in found:
        return True if MAYBE not in items else None
    return None if None in found or open_ else False


def _target(item: Value, leaf: Leaf, others: Iterable[Leaf]) -> bool | None:
    match item:
        case Data(value=str() as text):
            return leaf.module == text or leaf.module.endswith(f".{text}")
        case PartName(where=tests, how="last"):
            called = leaf.module.rpartition(".")[2]
            alike = [_all_hold(tests, each) for each in others if each.module.rpartition(".")[2] == called and each is not leaf]
            found = [_all_hold(tests, leaf), *alike]
            return True if True in found else None if None in found else False
        case PartName(where=tests):
            return _all_hold(tests, leaf)
    return None


def _all_hold(tests: tuple[Test, ...], leaf: Leaf) -> bool | None:
    found = [holds(test, leaf) for test in tests]
    return False if False in found else None if None in found else True
