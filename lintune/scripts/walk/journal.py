"""The state of a walk as a journal of writes, so that both ways of a branch can be walked and then joined.

Everything that a script can change lies in dictionaries (`slots` of scopes, objects, lists, models). Each write is noted
with what was there before; a branch is undone by its notes, and two ends of a branch are joined place by place.
"""

from typing import Any, TypeAlias

from lintune.scripts.walk.abstract import (
    MAYBE,
    UNSET,
    Class,
    Data,
    Function,
    Items,
    Library,
    Open,
    PartName,
    Root,
    Table,
    Test,
    Value,
    Ways,
    Weights,
    names_of,
    sequence,
)

Slots: TypeAlias = dict[Any, Any]
Delta: TypeAlias = dict[tuple[int, Any], tuple[Slots, Any]]
"""Places with the dictionary they are in and what is there."""


class Journal:
    """The writes of a walk so far."""

    __slots__ = ("_roots", "notes")

    def __init__(self) -> None:
        self.notes: list[tuple[Slots, Any, Any]] = []
        self._roots: dict[tuple[int, int], Weights] = {}

    def write(self, slots: Slots, key: Any, value: Any) -> None:
        """Put a value into a place; `UNSET` removes it."""
        self.notes.append((slots, key, slots.get(key, UNSET)))
        if value is UNSET:
            slots.pop(key, None)
        else:
            slots[key] = value

    def mark(self) -> int:
        """The present moment."""
        return len(self.notes)

    def since(self, mark: int) -> Delta:
        """What is now in every place that was written since a moment."""
        return {(id(slots), key): (slots, slots.get(key, UNSET)) for slots, key, _ in self.notes[mark:]}

    def before(self, mark: int) -> Delta:
        """What was, at that moment, in every place written since."""
        return {(id(slots), key): (slots, old) for slots, key, old in reversed(self.notes[mark:])}

    def undo(self, mark: int) -> Delta:
        """Go back to a moment; returns what was in the places written since."""
        after = self.since(mark)
        self.forget(mark)
        return after

    def forget(self, mark: int) -> None:
        """Go back to a moment for good."""
        for slots, key, old in reversed(self.notes[mark:]):
            if old is UNSET:
                slots.pop(key, None)
            else:
                slots[key] = old
        del self.notes[mark:]

    def join(self, mark: int, other: Delta, test: Any = None) -> None:
        """Let every place hold what the present state and another end of the same branch have in common.

        `test` is the condition under which the present state holds, where it is one on the model.
        """
        # Places that only the other end wrote hold at present what they held at the mark.
        objects = []
        for place, (slots, then) in {**self.before(mark), **other}.items():
            now = slots.get(place[1], UNSET)
            if now is not then:
                if isinstance(now, Items | Table) and isinstance(then, Items | Table):
                    objects.append((slots, place[1], now, then))
                else:
                    self.write(slots, place[1], self.joined(now, then, test))
        for slots, key, now, then in objects:  # now that what they hold is joined
            self.write(slots, key, self.joined(now, then, test))

    def redo(self, delta: Delta) -> None:
        """Make a state that was undone the present one."""
        for (_, key), (slots, value) in delta.items():
            self.write(slots, key, value)

    def joined(self, one: Any, two: Any, test: Any = None) -> Any:
        """What two values have in common."""
        if one is two:
            return one
        if isinstance(one, Data) and isinstance(two, Data) and type(one.value) is type(two.value) and one.value == two.value:
            return Data(one.value, one.names | two.names)
        if isinstance(one, tuple) and isinstance(two, tuple) and one and two and one[0] == "ops" == two[0]:
            return _joined_ops(one, two, test)
        if (one is None and _is_ops(two)) or (two is None and _is_ops(one)):
            return _joined_ops(one, two, test)
        if isinstance(one, tuple) and isinstance(two, tuple):
            if isinstance(test, Test) and (taken := _without(one, two, test)) is not None:
                return taken
            if len(one) == len(two) and all((left is MAYBE) is (right is MAYBE) for left, right in zip(one, two, strict=True)):
                return one_of(tuple(self.joined(left, right) for left, right in zip(one, two, strict=True)), one, two)
            return self._merged(one, two)
        if isinstance(one, bool) and isinstance(two, bool):
            return one or two
        if isinstance(one, Weights) and isinstance(two, Weights):
            return self._model(one, two, test)
        return _alike(self, one, two, test)

    def _merged(self, one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
        """The items of lists of different length: those of both, which the list then may or may not have."""
        return one_of((*dict.fromkeys((*_items(one), *_items(two))), MAYBE), one, two)

    def _model(self, one: Weights, two: Weights, test: Any) -> Value:
        if one.root is two.root:
            return one if one.path == two.path else Weights(one.root, min(one.path, two.path, key=len))
        for inner, outer in ((one, two), (two, one)):
            root, path = inner.root, inner.path
            while (put := root.put) is not None and root is not outer.root:
                root, path = put[0], f"{put[1]}.{path}".rstrip(".")
            if root is outer.root and path == outer.path:
                return outer  # made in one way and put where the other way found it
        key = (id(one.root), id(two.root))
        if key not in self._roots:
            made = Root(one.root.made_by, {"ops": _joined_ops(one.root.slots["ops"], two.root.slots["ops"], test)})
            made.classes = {**two.root.classes, **one.root.classes}
            self._roots[key] = Weights(made)
        return self._roots[key]


def _without(one: tuple[Any, ...], two: tuple[Any, ...], test: Test) -> "tuple[Any, ...] | None":
    """Names of modules after `if word in names: names.remove(word)`: without the word, whether it was there or not.

    `one` is what holds where the test does.
    """
    words = test.args[0].args if test.kind == "not" and test.args[0].kind == "among" else ()
    if not words or len(one) != len(two):
        return None
    for was, now in zip(one, two, strict=True):
        if was is now:
            continue
        if not (isinstance(was, PartName) and isinstance(now, PartName) and now.where[: len(was.where)] == was.where):
            return None
        more = now.where[len(was.where) :]
        if [(each.kind, each.args[0].kind, each.args[0].args) for each in more if each.kind == "not"] != [("not", "last", words)]:
            return None
    return two


_MOST_WAYS = 8


def one_of(items: tuple[Any, ...], *lists: tuple[Any, ...]) -> Ways:
    """The items of a list that is one of several."""
    made = Ways(items)
    ways = [way for each in lists for way in (each.ways if isinstance(each, Ways) else (each,))]
    made.ways = tuple(ways) if len(ways) <= _MOST_WAYS else ()
    return made


def _items(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each for each in items if each is not MAYBE)


def _is_ops(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and value[0] == "ops"


def _joined_ops(one: Any, two: Any, test: Any) -> Any:
    """`("ops", earlier, operation)` chains: what is common, then either of the rests."""
    seen = {}
    chain = one
    while chain is not None:
        seen[id(chain)] = chain
        chain = chain[1]
    common = two
    while common is not None and id(common) not in seen:
        common = common[1]
    return ("ops", common, ("either", test, _after(one, common), _after(two, common)))


def _after(chain: Any, common: Any) -> tuple[Any, ...]:
    found = []
    while chain is not None and chain is not common:
        found.append(chain[2])
        chain = chain[1]
    return tuple(reversed(found))


def _starts(made: Any) -> bool:
    """Whether a Trainer of the project has a constructor of its own."""
    from lintune.scripts.walk.scopes import member

    return isinstance(made, Class) and member(made, "__init__") is not None


def _alike(journal: Journal, one: Any, two: Any, test: Any = None) -> Any:
    """Values of different kinds."""
    from lintune.scripts.walk.classes import is_trainer

    names = names_of(one) | names_of(two)
    match one, two:
        case Items(kind=kind), Items(kind=other) if kind == other:
            found = sequence(kind, (), bool(one.slots["open"] or two.slots["open"]), names)
            found.slots["items"] = journal.joined(one.items, two.items, test)
            found.slots["of"] = (one, two)
            return found
        case Table(), Table():
            made = Table(names=names)
            made.state["open"] = True
            made.state["of"] = (one, two)
            for key in one.slots.keys() & two.slots.keys():
                made.slots[key] = journal.joined(one.slots[key], two.slots[key])
            return made
        case Library(dotted=first), Library(dotted=second) if first == second:
            return one
        case ((Class() | Library()), (Class() | Library())) if is_trainer(one) and is_trainer(two) and not any(map(_starts, (one, two))):
            return one if isinstance(one, Library) else two  # `try: from own import OwnTrainer as Trainer`
        case Function(node=first_node), Function(node=second_node) if first_node is second_node:
            return one
        case PartName(where=tests), PartName(where=others):
            if tests != others:
                return PartName(one.root, one.path, one.how or two.how, (Test("open"),))
            return one if one.how == "last" else two  # `parts[0] if len(parts) == 1 else parts[-1]`
        case Weights(), Data(value=None):
            return Open("it depends on conditions of the script", names)
    if one is UNSET or two is UNSET:
        there = two if one is UNSET else one
        return there if isinstance(there, Open) and there.unset else Open("it is set on some paths only", names, unset=True, there=there)
    for first, second in ((one, two), (two, one)):
        if isinstance(first, Open) and first.there is not None and first.there is second:
            return first
    return Open("it depends on conditions that are not known", names)
