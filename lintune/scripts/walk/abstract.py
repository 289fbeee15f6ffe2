"""What an expression of a script may be worth during a walk: known data, something open, or an object that is followed.

Every value carries the options it was computed from (`names`), so that an end can say which options led there.
"""

import ast
from collections.abc import Iterable
from typing import Any, TypeAlias

from lintune.scripts.modules import Module
from lintune.source.record import dataclass, field

Names: TypeAlias = frozenset[str]
NONE: Names = frozenset()


@dataclass(slots=True, eq=False)
class Data:
    """A known constant: None, a bool, a number, text or bytes."""

    value: Any
    names: Names = NONE


@dataclass(slots=True, eq=False)
class Open:
    """Something that is not known."""

    reason: str = ""
    names: Names = NONE
    text: str = ""
    """For text of which some is known: with `...` for the rest."""
    unset: bool = False
    """Whether there may be nothing at all in its place."""
    truth: bool | None = None
    """Whether it counts as true, where that is known all the same."""
    there: Any = None
    """What it is where there is something in its place: reading it raises otherwise."""


MAYBE = Open("it may or may not be in the list")
"""Stands behind the items of a list that are not all certainly there."""


class Ways(tuple[Any, ...]):
    """The items of a list that is one of several, with each of them."""

    ways: tuple[tuple[Any, ...], ...]


@dataclass(slots=True, eq=False)
class Items:
    """A list, tuple, set, the keys of a dictionary, or a list in no known order (`bag`).

    `slots` holds `items` (a tuple of values), `open` (whether there may be others) and of a named tuple its `fields`.
    """

    kind: str
    slots: dict[Any, Any]
    names: Names = NONE

    @property
    def items(self) -> "tuple[Value, ...]":
        """The values that are there."""
        found: tuple[Value, ...] = self.slots["items"]
        return found

    @property
    def open(self) -> bool:
        """Whether there may be others, or others instead."""
        return bool(self.slots["open"]) or MAYBE in self.items


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary: `slots` by constant key; `state["open"]` tells whether there may be further keys."""

    slots: dict[Any, Any] = field(default_factory=dict)
    state: dict[Any, Any] = field(default_factory=lambda: {"open": False})
    names: Names = NONE
    options: "Parsed | None" = None
    """For `vars(options)`: the options, which change with it."""

    @property
    def open(self) -> bool:
        """Whether there may be further keys."""
        return bool(self.state["open"])


@dataclass(slots=True, eq=False)
class Function:
    """A function of the project."""

    node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
    module: Module
    scope: "Scope"
    owner: "Class | None" = None
    """The class whose body defines it."""
    plain: bool = False
    """Whether its decorators were applied already."""

    @property
    def name(self) -> str:
        """Its name; empty for a lambda."""
        return getattr(self.node, "name", "")


@dataclass(slots=True, eq=False)
class Class:
    """A class of the project."""

    node: ast.ClassDef
    module: Module
    bases: "tuple[Value, ...]"
    scope: "Scope"
    members: "dict[str, Function | ast.stmt]" = field(default_factory=dict)
    slots: dict[Any, Any] = field(default_factory=dict)
    """Its attributes that were evaluated or set."""
    members_of_enum: "dict[str, Instance] | None" = None
    """Of an enumeration its members by name."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name


@dataclass(slots=True, eq=False)
class Library:
    """Something of a library, by dotted name."""

    dotted: str

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.dotted.rpartition(".")[2]


@dataclass(slots=True, eq=False)
class Space:
    """A module of the project."""

    module: Module


@dataclass(slots=True, eq=False)
class Instance:
    """An object: of a class of the project, or of a library's."""

    made_by: "Class | Library"
    slots: dict[Any, Any] = field(default_factory=dict)
    """Its attributes, as far as the script sets them."""
    whole: bool = False
    """Whether every attribute is known, so that another one is certainly not there."""

    @property
    def name(self) -> str:
        """Its class."""
        return self.made_by.name if isinstance(self.made_by, Class) else self.made_by.last


@dataclass(slots=True, eq=False)
class Parsed:
    """Parsed options: a dataclass instance or a namespace. `slots` holds what the script sets."""

    fields: "frozenset[str] | None"
    """The options it has; None where it may have any."""
    made_by: "Class | None" = None
    whole: bool = False
    """Whether it has no attributes but its options and those of its class."""
    slots: dict[Any, Any] = field(default_factory=dict)
    library: bool = False
    """Whether a library's class lies below, which has properties of its own."""


@dataclass(slots=True, eq=False)
class Bound:
    """A method of an object."""

    owner: "Value"
    name: str
    function: Function | None = None


@dataclass(slots=True, eq=False)
class Super:
    """`super()` in a method."""

    owner: "Value"
    above: Class


@dataclass(slots=True, eq=False)
class Partial:
    """`functools.partial`."""

    function: "Value"
    args: "tuple[Value, ...]"
    keywords: "dict[str, Value]"


@dataclass(slots=True, eq=False)
class Weights:
    """A model, or a module of one."""

    root: "Root"
    path: str = ""
    each: bool = False
    """Whether it stands for every module below the path in turn."""


@dataclass(slots=True, eq=False)
class Root:
    """A model; `slots` holds `ops` (see `lintune.scripts.walk.weights`) and the attributes that the script sets, by path."""

    made_by: "Class | Library"
    slots: dict[Any, Any] = field(default_factory=lambda: {"ops": None})
    classes: "dict[str, Class]" = field(default_factory=dict)
    """The project's class of a module by path, where it is known."""
    put: "tuple[Root, str] | None" = None
    """Where it was put, on some path through the script."""
    loaded: bool = False
    """Whether it was made by `from_pretrained` or `from_config`."""

    @property
    def home(self) -> "tuple[Root, str] | None":
        """Where it was put into another model."""
        found = self.slots.get(HOME)
        found = found.there if isinstance(found, Open) else found
        return found if isinstance(found, tuple) else None


HOME = ("home",)
"""The slot of a root that holds the model and the path that it was put into."""


@dataclass(slots=True, eq=False)
class Parameters:
    """`module.parameters()`, `named_parameters()`, `named_modules()` ... to be looped over."""

    root: Root
    path: str
    kind: str


@dataclass(slots=True, eq=False)
class Parameter:
    """Any one parameter below a path, in a loop over them."""

    root: Root
    path: str


@dataclass(slots=True, eq=False)
class PartName:
    """The name of any one parameter or module below a path, relative to it."""

    root: Root
    path: str
    how: str = ""
    """`parts` for the list of its components, `last` for the last of them."""
    where: "tuple[Test, ...]" = ()
    """What the names are like."""


@dataclass(slots=True, eq=False)
class Test:
    """A condition on parameter names: it holds for some and not for others."""

    __test__ = False
    kind: str
    """in, starts, ends, equals, isa, exists, open; among, for a word in names of modules; and, or, not."""
    args: tuple[Any, ...] = ()
    path: str = ""
    """The path below which the names start."""


Value: TypeAlias = (
    Data | Open | Items | Table | Function | Class | Library | Space | Instance | Parsed | Bound | Super | Partial | Weights
    | Parameters | Parameter | PartName | Test
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Scope:
    """The names of a function call or of a module."""

    slots: dict[Any, Any]
    outer: "Scope | None"
    module: Module
    globals_: set[str] = field(default_factory=set)
    """Names declared `global` or `nonlocal`."""


UNSET = object()
"""Stands in a joined slot for a name that is not bound."""


def sequence(kind: str, items: "Iterable[Value]", open_: bool = False, names: Names = NONE) -> Items:
    """A list, tuple or set."""
    return Items(kind, {"items": items if isinstance(items, Ways) else tuple(items), "open": open_}, names)


def names_of(value: object, depth: int = 2) -> Names:
    """The options that a value was computed from."""
    if isinstance(value, Data | Open):
        return value.names
    if isinstance(value, Bound) and isinstance(value.owner, Open | Bound):
        return names_of(value.owner)
    if isinstance(value, Items):
        return value.names.union(*(names_of(each, depth - 1) for each in value.items)) if depth and value.items else value.names
    if isinstance(value, Table):
        return value.names.union(*(names_of(each, depth - 1) for each in value.slots.values())) if depth and value.slots else value.names
    return NONE


def truth(value: "Value") -> "bool | None":
    """Whether a value counts as true; None where that is not known."""
    match value:
        case Data():
            return bool(value.value)
        case Open() | Bound(function=None):
            return value.truth if isinstance(value, Open) else None
        case Items():
            return True if value.items and not value.open else None if value.open else False
        case Table():
            return True if value.slots else None if value.open else False
        case Function() | Class() | Weights(path="") | Partial() | Bound() | Parsed() | Space() | Parameter():
            return True
        case Instance(made_by=Library(dotted="builtins.object")):
            return True
        case Instance(made_by=Class(members=members, bases=bases)):
            plain = not bases and "__len__" not in members and "__bool__" not in members
            return True if plain else None
    return None


def plain(value: "Value", depth: int = 8) -> Any:
    """The Python object that a value is; raises `ValueError` where it is not wholly known."""
    match value:
        case Data(value=found):
            return found
        case Items(kind=kind) if not value.open and depth:
            items = [plain(each, depth - 1) for each in value.items]
            if kind == "bag":
                raise ValueError("in no known order")
            return tuple(items) if kind == "tuple" else frozenset(items) if kind in ("set", "keys") else items
        case Table(slots=slots) if not value.open and depth:
            return {key: plain(each, depth - 1) for key, each in slots.items()}
    raise ValueError("not known")


def lift(value: Any, names: Names = NONE, depth: int = 8) -> "Value":
    """The value that a Python object is."""
    if isinstance(value, list | tuple | set | frozenset) and depth:
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        items = sorted(value, key=repr) if kind == "set" else value
        return sequence(kind, (lift(each, names, depth - 1) for each in items), names=names)
    if hasattr(value, "items") and depth:
        return Table({key: lift(each, names, depth - 1) for key, each in value.items()}, names=names)
    if value is None or isinstance(value, bool | int | float | str | bytes | complex) or value is Ellipsis:
        return Data(value, names)
    if type(value).__module__.partition(".")[0] in ("pathlib", "re"):
        return Data(value, names)
    return Open("it is computed", names)
