"""What a rule's condition sees of a run: values by name, the item at hand, guards and lists."""

from lintune.engine.kleene import ABSENT, Operand, Truth, Undecided
from lintune.run.run import Item, Run
from lintune.values.value import Absent, Known, Unknown, Value

_NOT_WRITTEN = ("default", "derived", "model", "script", "pin")
"""Steps of an origin chain that are not the user's own word."""


class Scope:
    """A run, and optionally one of its items, as operands of conditions."""

    __slots__ = ("_operands", "item", "run")

    def __init__(self, run: Run, item: Item | None = None) -> None:
        self.run = run
        self.item = item
        self._operands: dict[str, Operand] = {"framework": run.framework, "path": run.path}

    def with_item(self, item: Item) -> "Scope":
        """The same run, seen with one of its items."""
        scope = Scope(self.run, item)
        scope._operands = self._operands
        return scope

    def value(self, name: str) -> Value:
        """The value of a dotted name; `item.NAME` is a field of the item."""
        if name.startswith("item."):
            return self.item.fields.get(name[5:], Absent()) if self.item is not None else Absent()
        if name in ("framework", "path"):
            return Known(getattr(self.run, name))
        return self.run.get(name)

    def read(self, name: str) -> Operand:
        """A name of the run as an operand."""
        operand = self._operands.get(name)
        if operand is None:
            operand = self._operands[name] = operand_of(name, self.run.get(name))
        return operand

    def field(self, name: str) -> Operand:
        """A field of the item as an operand; `name` is the whole `item.NAME`."""
        return operand_of(name, self.value(name))

    def given(self, name: str) -> Truth:
        """given(x): whether the user wrote x, in whatever file; its value may be unknown."""
        value = self.value(name)
        if value.origin:
            return value.origin[0].kind not in _NOT_WRITTEN
        return Undecided(name) if isinstance(value, Unknown) else False

    def default(self, name: str) -> Truth:
        """default(x): whether x has a value only because some release or script defines it."""
        value = self.value(name)
        if value.origin:
            return value.origin[0].kind == "default"
        return Undecided(name) if isinstance(value, Unknown) else False

    def guarded(self, *names: str) -> Truth:
        """guarded(a, b): whether a guard of the entry script reads all of the options named."""
        wanted = set(names)
        return any(wanted <= guard.names for guard in self.run.guards)

    def unguarded(self, *names: str) -> Truth:
        """unguarded(a, b): whether the script was read and no guard in it reads all of the options named."""
        return self.run.script_read and not self.guarded(*names)

    def any_item(self, name: str) -> Truth:
        """any_item(list): whether a list of the run has an entry."""
        return bool(self.run.items.get(name))

    def count_items(self, name: str) -> Operand:
        """count_items(list): how many entries a list of the run has."""
        return len(self.run.items.get(name, ()))


def operand_of(name: str, value: Value) -> Operand:
    """A value as an operand; a known `None` counts as absent."""
    if isinstance(value, Known):
        return ABSENT if value.value is None else value.value
    return Undecided(name) if isinstance(value, Unknown) else ABSENT
