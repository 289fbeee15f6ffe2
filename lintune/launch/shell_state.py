"""What a running shell knows: variables, functions, arguments, working folder; and two such states as one."""

from lintune.launch.shell_pieces import Pieces, known_text, same_text, shown_text, unknown_piece
from lintune.launch.word import Piece, Word
from lintune.source.record import dataclass, field
from lintune.source.text import Site
from lintune.syntax.shell.nodes import CommandNode


@dataclass(slots=True)
class Variable:
    """A shell variable; never changed in place, so that states may share it."""

    value: Pieces | None
    """A scalar's text; None for arrays and for declared names without a value."""
    site: Site
    """The assignment."""
    items: dict[str, Word] | None = None
    """An array's elements by index or key; the last may stand for many."""
    associative: bool = False
    exported: bool = False
    integer: bool = False
    fold: str = ""
    """`l` or `u` where the value is kept in lower or upper case."""

    def scalar(self) -> Pieces | None:
        """What `$name` gives: the text, or an array's element 0."""
        if self.items is None:
            return self.value
        first = self.items.get("0")
        return None if first is None else first.pieces


@dataclass(slots=True)
class FunctionBody:
    """A function and the text it stands in."""

    body: CommandNode
    frame: int
    """Index of the text (script, sourced file, `eval`) its spans belong to."""


@dataclass(slots=True)
class State:
    """One possible state of the shell."""

    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, FunctionBody] = field(default_factory=dict)
    arguments: tuple[Word, ...] | None = None
    """`$1` and so on; None where they are not known."""
    cwd: str | None = "."
    unset: set[str] = field(default_factory=set)
    """Names that `unset` removed: certainly unset."""
    opaque: str = ""
    """Why any variable might be set: a sourced file that could not be read."""

    on_exit: Pieces = ()
    """The text that `trap ... EXIT` runs at the end."""

    def copy(self) -> "State":
        """A state that can go its own way."""
        return State(dict(self.variables), dict(self.functions), self.arguments, self.cwd, set(self.unset), self.opaque, self.on_exit)


def merge(left: State, right: State, reason: str, prefer: frozenset[str] = frozenset()) -> State:
    """What is known after either of two ways was taken.

    `prefer`: names that the first way sets because they were unset; their value there is what runs unless the
    environment says otherwise, as with `${X:-default}`.
    """
    merged = left.copy()
    for name in left.variables.keys() | right.variables.keys():
        one, other = left.variables.get(name), right.variables.get(name)
        if one is other:
            continue
        if name in prefer and one is not None:
            continue
        joined = _merge_variable(name, one, other, reason)
        if joined is not None:
            merged.variables[name] = joined
    for name, body in right.functions.items():
        merged.functions.setdefault(name, body)
    if left.arguments is not None and right.arguments is not None and len(left.arguments) == len(right.arguments):
        pairs = zip(left.arguments, right.arguments, strict=True)
        same = all(a is b or same_text(a.pieces, b.pieces) for a, b in pairs)
        merged.arguments = left.arguments if same else None
    else:
        merged.arguments = None
    merged.cwd = left.cwd if left.cwd == right.cwd else None
    merged.unset = left.unset & right.unset
    merged.opaque = left.opaque or right.opaque
    merged.on_exit = left.on_exit if same_text(left.on_exit, right.on_exit) else ()
    return merged


def _merge_variable(name: str, one: Variable | None, other: Variable | None, reason: str) -> Variable | None:
    if one is None or other is None:
        present = one or other
        if present is None:
            return None
        other = Variable(None, present.site, None if present.items is None else {})
        one = present
    if one.items is not None or other.items is not None:
        return _merge_arrays(name, one, other, reason)
    exported = one.exported or other.exported
    if one.value is not None and other.value is not None and same_text(one.value, other.value):
        if one.exported == other.exported:
            return one
        return Variable(one.value, one.site, None, False, exported, one.integer, one.fold)
    return Variable(_either(name, one, other, reason), one.site, None, False, exported, one.integer, one.fold)


def _either(name: str, one: Variable, other: Variable, reason: str) -> Pieces:
    left, right = one.value or (), other.value or ()
    kept: list[Piece] = []
    for a, b in zip(left, right, strict=False):
        if a.text != b.text or a.site != b.site or a.reason != b.reason:
            break
        kept.append(a)
    rests = [rest for rest in (shown_text(left[len(kept) :]), shown_text(right[len(kept) :])) if rest]
    if kept and rests and all(rest[0].isspace() for rest in rests):
        kept.append(Piece(" ", one.site))
    shown = " or ".join(_shown(variable) for variable in (one, other))
    return (*kept, unknown_piece(one.site, f"`{name}` is {shown}, depending on {reason}"))


def _shown(variable: Variable) -> str:
    if variable.value is None:
        return "unset"
    text = known_text(variable.value)
    if text is None:
        return "something unknown"
    return f"`{text}`" if 0 < len(text) <= 40 else ("empty" if not text else f"`{text[:40]}...`")


def _merge_arrays(name: str, one: Variable, other: Variable, reason: str) -> Variable:
    left, right = one.items or {}, other.items or {}
    kept: dict[str, Word] = {}
    for (key, a), (other_key, b) in zip(left.items(), right.items(), strict=False):
        if key != other_key or a.many or b.many or not same_text(a.pieces, b.pieces):
            break
        kept[key] = a
    if len(kept) < max(len(left), len(right)):
        site = one.site
        piece = unknown_piece(site, f"the elements of `{name}` depend on {reason}")
        kept[str(len(kept))] = Word(site, (piece,), True)
    return Variable(None, one.site, kept, one.associative or other.associative, one.exported)
