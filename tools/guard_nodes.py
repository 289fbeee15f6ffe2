"""The expressions of guards while they are read: shared nodes, constants folded, and which can ever be true."""

from typing import Any, TypeAlias

from lintune.surfaces.guard_values import OPERATIONS, UNKNOWN, apply, constant

Key: TypeAlias = tuple[Any, ...]


def _frozen(value: Any) -> Any:
    """A hashable form that keeps `True` and `1` apart."""
    if isinstance(value, list | tuple):
        return ("list", *map(_frozen, value))
    if isinstance(value, dict):
        return ("dict", *((key, _frozen(each)) for key, each in value.items()))
    return (type(value).__name__, value)


class Nodes:
    """A table of nodes in which equal expressions are one."""

    def __init__(self) -> None:
        self.table: list[list[Any]] = []
        self._numbers: dict[Key, int] = {}
        self.unknown = self._add("?")
        self.true = self.constant(True)
        self.false = self.constant(False)
        self.none = self.constant(None)

    def _add(self, kind: str, *operands: Any) -> int:
        key = (kind, *map(_frozen, operands))
        if key not in self._numbers:
            self._numbers[key] = len(self.table)
            self.table.append([kind, *operands])
        return self._numbers[key]

    def constant(self, value: Any) -> int:
        """A constant."""
        return self._add("k", list(value) if isinstance(value, tuple) else value)

    def option(self, name: str) -> int:
        """The value of an option as it is given."""
        return self._add("f", name)

    def is_constant(self, number: int) -> bool:
        """Whether a node is a constant."""
        return bool(self.table[number][0] == "k")

    def value(self, number: int) -> Any:
        """The value of a constant."""
        return constant(self.table[number][1])

    def negation(self, number: int) -> int:
        """Not."""
        if self.is_constant(number):
            return self.constant(not self.value(number))
        if self.table[number][0] == "not":
            return int(self.table[number][1])
        return self.unknown if number == self.unknown else self._add("not", number)

    def both(self, *numbers: int) -> int:
        """`and` of conditions."""
        kept = [number for number in dict.fromkeys(numbers) if not (self.is_constant(number) and self.value(number))]
        if any(self.is_constant(number) for number in kept):
            return self.false
        return self.true if not kept else kept[0] if len(kept) == 1 else self._add("and", *kept)

    def chain(self, kind: str, numbers: list[int]) -> int:
        """`and` / `or` of values, which give the value that decides."""
        kept: list[int] = []
        for number in numbers:
            if self.is_constant(number) and number != numbers[-1]:
                if bool(self.value(number)) is (kind == "or"):
                    kept.append(number)
                    break
                continue
            kept.append(number)
        return kept[0] if len(kept) == 1 else self._add(kind, *kept)

    def choice(self, test: int, then: int, other: int) -> int:
        """One of two values."""
        if then == other:
            return then
        if self.is_constant(test):
            return then if self.value(test) else other
        return self._add("if", test, then, other)

    def operation(self, kind: str, *operands: int) -> int:
        """An operation on computed operands."""
        if kind not in OPERATIONS or any(number == self.unknown for number in operands):
            return self.unknown
        if all(map(self.is_constant, operands)):
            found = apply(kind, [self.value(number) for number in operands])
            return self.unknown if found is UNKNOWN else self.constant(found)
        return self._add(kind, *operands)

    def instance(self, number: int, types: list[str]) -> int:
        """Whether a value is of one of the types."""
        return self.unknown if number == self.unknown else self._add("isinstance", number, types)

    def can_be(self, number: int, wanted: bool) -> bool:
        """Whether options alone can make a node certainly true (or false)."""
        kind, *operands = self.table[number]
        match kind:
            case "k":
                return bool(self.value(number)) is wanted
            case "f":
                return True
            case "?":
                return False
            case "not":
                return self.can_be(operands[0], not wanted)
            case "and" | "or":
                every = (kind == "and") is wanted
                return (all if every else any)(self.can_be(each, wanted) for each in operands)
            case "if":
                test, then, other = operands
                taken = (self.can_be(test, True) and self.can_be(then, wanted)) or (self.can_be(test, False) and self.can_be(other, wanted))
                return taken or (self.can_be(then, wanted) and self.can_be(other, wanted))
            case "isinstance":
                return self.knowable(operands[0])
        return all(map(self.knowable, operands))

    def knowable(self, number: int) -> bool:
        """Whether options alone can make a node's value known."""
        kind, *operands = self.table[number]
        if kind in ("k", "f"):
            return True
        if kind == "if":
            test, then, other = operands
            return any(self.can_be(test, taken) and self.knowable(way) for taken, way in ((True, then), (False, other)))
        if kind == "isinstance":
            return self.knowable(operands[0])
        return kind != "?" and all(map(self.knowable, operands))

    def options_of(self, number: int) -> set[str]:
        """The options that a node reads."""
        found: set[str] = set()
        seen: set[int] = set()
        left = [number]
        while left:
            at = left.pop()
            if at in seen:
                continue
            seen.add(at)
            kind, *operands = self.table[at]
            if kind == "f":
                found.add(operands[0])
            elif kind == "isinstance":
                left.append(operands[0])
            elif kind not in ("k", "?"):
                left.extend(operands)
        return found
