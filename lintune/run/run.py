"""A run in the common vocabulary: every setting by dotted name, with its origin; lists of items; guards of the script."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source
from lintune.values.value import Absent, Data, Origin, Unknown, Value
from lintune.values.version import Pin


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list in a run (an unknown flag, a shell problem, a referenced file), with its place."""

    fields: Mapping[str, Value]
    site: Site | None


Condition: TypeAlias = tuple[object, ...] | None
"""A condition of a script over options: an operator with its operands, `("option", name)` or `("literal", value)`.

None: it cannot be decided. See `lintune.scripts.conditions`.
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """A `raise` (or failing `assert`) of the entry script whose conditions read parsed options."""

    names: frozenset[str]
    """The options that the enclosing conditions read."""
    site: Site
    """The raise statement."""
    message: str = ""
    condition: Condition = None
    """What must hold for it to raise; None where that cannot be told from options."""


@dataclass(slots=True)
class Run:
    """What is known of one launch (`subject` "launch") or of one file as such (`subject` "file").

    Names: the common vocabulary (`tune.llm.mode`, `optim.lr`), `flag.NAME` for the framework's own options with their
    defaults, `ds.KEY.KEY` for the DeepSpeed file, `env.NAME`, `gpu.*`, and `derived.*`.
    """

    framework: str
    path: str
    """The file that holds the launch, as reports show it."""
    site: Site
    """Where a finding about the launch as a whole points: the launcher and entry words of the command."""
    subject: Literal["launch", "file"] = "launch"
    values: dict[str, Value] = field(default_factory=dict)
    items: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    pending: dict[str, Callable[[], Value]] = field(default_factory=dict)
    """Values that take work to find, by name: found when they are first asked for."""
    unread: dict[str, Unknown] = field(default_factory=dict)
    """By dotted prefix: what could not be read, so that nothing below it is taken for absent."""
    guards: tuple[Guard, ...] = ()
    script_read: bool = False
    """Whether the entry script was found and read, so that a guard that is not in `guards` is not there."""
    versions: dict[str, Pin] = field(default_factory=dict)
    """The pin in force by package name (lower case, dashes)."""
    what_if: Callable[[Mapping[str, Data]], "Run"] | None = None
    """The same launch with some flags set otherwise (`{"flag.use_lora": False}`), for what each way out costs."""
    walk: Callable[[], object] | None = None
    """Walks through the entry script with these options (`lintune.frameworks.script_walk`); None where no script was read."""
    file_of: Callable[[str, Origin], Item] | None = None
    """A path that the script opens, as an item like those of `files`; None where no script was read."""
    config_of: Callable[[str], Source | Problem | None] | None = None
    """The config.json of a model by its name or path, where one is at hand; read by `lintune.models.at_hand`."""

    def get(self, name: str) -> Value:
        """The value of a dotted name; `Unknown` below what could not be read, else `Absent`."""
        found = self.values.get(name)
        if found is not None:
            return found
        if name in self.pending:
            found = self.values[name] = self.pending.pop(name)()
            return found
        prefix = name
        while prefix:
            unread = self.unread.get(prefix)
            if unread is not None:
                return unread
            prefix = prefix.rpartition(".")[0]
        return Absent()
