"""The walk itself: frames, budgets, conditions on the way, and what is written down."""

import ast
from collections.abc import Callable
from typing import Any

from lintune.scripts.entry import EntryScript
from lintune.scripts.modules import Module
from lintune.scripts.walk.abstract import NONE, Class, Data, Names, Open, Root, Scope, Test, Value, Weights, truth
from lintune.scripts.walk.journal import Delta, Journal
from lintune.scripts.walk.trace import Branch, Call, End, EndKind, Opened, Option, ScriptTrace, Stage, TrainerMade
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Problem, Site
from lintune.values.value import Known, Unknown
from lintune.values.value import Value as RunValue

MOST_STEPS = 60_000
MOST_DEPTH = 24
MOST_ENDS = 200
MOST_BRANCHES = 2000
NEXT, RETURN, BREAK, CONTINUE, RAISE = 1, 2, 4, 8, 16
"""How a statement may be left, as a set of bits. RAISE stands for exits too."""


class Stopped(Exception):
    """The script certainly ends in an expression; the end is written down already."""


class Exhausted(Exception):
    """The walk used up its steps."""


@dataclass(slots=True, eq=False)
class Frame:
    """A call of a function, a loop, or one turn of a loop: something that can be left early."""

    mark: int
    scope: Scope | None = None
    node: ast.AST | None = None
    owner: Class | None = None
    own: Value | None = None
    """`self` of a method."""
    unsure: int = 0
    """How many conditions around were not known when it was entered."""
    doubt: int = 0
    """How often it may have been left before now."""
    names: Names = NONE
    """The options that decided that it was not left."""
    give: "Callable[[Value], int] | None" = None
    """Of a generator: what is done with each of its values."""
    leaves: "list[tuple[Delta, Value | None, int, int]]" = field(default_factory=list)
    """The states in which it was left, with what was returned."""


@dataclass(slots=True, eq=False)
class Noted:
    """What a walk notes beside the way: files and Trainers, and what the script changes around itself."""

    trainers: list[TrainerMade] = field(default_factory=list)
    opened: dict[str, Opened] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    """The files that the script writes, perhaps."""
    moved: bool = False
    """Whether the script changes its working folder."""
    words_changed: bool = False
    """Whether the script may have changed `sys.argv`."""
    assigned: frozenset[str] | None = None
    """The options that some release of the library's classes sets itself, once they were looked up; empty where one is not known."""


class Walk:
    """One walk through one script."""

    def __init__(
        self,
        script: EntryScript,
        option: Option,
        environment: Option | None,
        exists: Callable[[str], bool | None] | None,
        word: Option | None = None,
    ) -> None:
        """The walk of `script`; see `walk_script`."""
        self.script = script
        self.asked: dict[tuple[str, str], RunValue] = {}
        self._option = option
        self._environment = environment
        self._exists = exists
        self._word = word
        self.noted = Noted(words_changed="sys.argv" in script.unread)
        self.project = script.project
        self.journal = Journal()
        self.ends: dict[tuple[int, int, str], End] = {}
        self.branches: dict[tuple[int, int, str], Branch] = {}
        self.loads: dict[tuple[int, str], Call] = {}
        self.reads: set[str] = set()
        self.skipped: list[tuple[Module, list[ast.stmt], ast.expr | None]] = []
        """The blocks that were not entered, with the tests in front of them."""
        self.notes: dict[str, Problem] = {}
        self.steps = 0
        self.undone = 0
        self.unsure = 0
        """How many conditions around the present statement are not known."""
        self.building = 0
        """How many models are being made: modules in them are not looked into, unless they switch gradients."""
        self.path: list[Names] = []
        self.tests: list[Test] = []
        """The tests on parameter names around the present statement, in a loop over parameters."""
        self.frames: list[Frame] = []
        self.calls: list[Frame] = []
        """The frames that are calls of functions."""
        self.tries: list[list[End]] = []
        self.caught: list[tuple[End | None, ...]] = []
        """What the handlers around the present statement may have caught; None for anything else."""
        self.flags: dict[str, Any] = {"stage": Data("start"), "reached": Data(False)}
        self.trained: Weights | None = None
        """The model that is given to the trainer."""
        self.roots: list[Root] = []
        self.environment: dict[str, Any] = {}
        """The environment variables that the script sets."""
        self.defaults: dict[tuple[int, str], tuple[Any, Value]] = {}
        """The defaults of parameters, which are evaluated once, with their functions."""
        self.kinds: dict[str, tuple[str, ...] | None] = {}
        """The exception classes of the project that were raised, with the names of their bases; None where some are unknown."""
        self.strayed: list[tuple[Module, int, int]] = []
        """The functions of the project that were called and not followed: file, first and last line."""
        self.thrown: list[Delta] = []
        """Below a `try`: the states in which ways of branches were left by a raise."""
        self.foreign = 0
        """How often something was computed or called that is not known, and so may raise."""
        self.lost = False
        """Whether something was called that may be code of the project."""
        self.asking: set[tuple[int, str]] = set()
        """The names of modules that are being found, so that imports in a circle end."""
        self.spaces: dict[str, Scope] = {}
        self.parsed: dict[int, Value] = {}
        self.option_names = frozenset(
            [option.name for option in (*script.arguments, *script.positionals)]
            + [name for found in script.dataclasses for name in found.options]
        )

    # what the launch says

    def option(self, name: str) -> RunValue:
        """The value of a parsed option."""
        key = ("option", name)
        if key not in self.asked:
            self.asked[key] = self._option(name)
        return self.asked[key]

    def variable(self, name: str) -> RunValue:
        """An environment variable."""
        key = ("variable", name)
        if key not in self.asked:
            unknown = Unknown(f"`{name}` is read from the environment")
            self.asked[key] = self._environment(name) if self._environment is not None else unknown
        return self.asked[key]

    def word(self, which: str) -> RunValue:
        """A word of `sys.argv` by its index, or `count` for their number."""
        key = ("word", which)
        if self._word is None or self.noted.words_changed:
            return Unknown("the command line")
        if key not in self.asked:
            self.asked[key] = self._word(which)
        return self.asked[key]

    def exists(self, path: str) -> bool | None:
        """Whether a path is there; None where that is not certain."""
        key = ("exists", path)
        if self._exists is None or not path or self.noted.moved:
            return None
        if key not in self.asked:
            found = self._exists(path)
            self.asked[key] = Known(found) if found is not None else Unknown("whether it is there is not known")
        answer = self.asked[key]
        return bool(answer.value) if isinstance(answer, Known) else None

    # where the walk is

    @property
    def scope(self) -> Scope:
        """The names of the present function."""
        found = self.calls[-1].scope
        assert found is not None
        return found

    @property
    def module(self) -> Module:
        """The file of the present statement."""
        return self.scope.module

    def site(self, node: ast.AST) -> Site:
        """Where a node of the present file is written."""
        return self.module.site(node)

    @property
    def names(self) -> Names:
        """The options behind the conditions around the present statement."""
        return NONE.union(*self.path, *(frame.names for frame in self.frames))

    def step(self) -> None:
        """Counts one step; raises `Exhausted` beyond the budget."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Exhausted

    @property
    def stage(self) -> Stage:
        """How far the script has come."""
        found = self.flags["stage"]
        stage: Stage = found.value if isinstance(found, Data) else "after-weights"
        return stage

    @property
    def reached(self) -> bool | None:
        """Whether training was started; None where it perhaps was."""
        return truth(self.flags["reached"])

    def come_to(self, stage: Stage) -> None:
        """The script has come to a stage."""
        self.journal.write(self.flags, "stage", Data(stage))

    # what is written down

    def note(self, kind: str, message: str, node: ast.AST | None = None) -> None:
        """Something could not be followed; one note of a kind is enough."""
        if kind not in self.notes and self.calls:
            site = self.site(node) if node is not None else Site(self.module.source, self.module.source.line_span(1))
            self.notes[kind] = Problem(kind, message, site)

    def end(self, kind: EndKind, message: str, exception: str, node: ast.AST, names: Names = NONE, success: bool = False) -> None:
        """The script ends here, unless a `try` around it goes on."""
        made = End(
            kind,
            message,
            exception,
            self.site(node),
            not self.unsure and not self.tests,
            self.names | names,
            self.stage,
            "success" if success else "failure",
        )
        if self.tries:
            self.tries[-1].append(made)
        else:
            self.keep(made)

    def keep(self, made: End) -> None:
        """Write an end down; a certain one replaces a possible one of the same statement."""
        key = (id(made.site.source), made.site.span.start, made.kind)
        old = self.ends.get(key)
        if old is None:
            if len(self.ends) < MOST_ENDS:
                self.ends[key] = made
        elif not old.certain:  # what is said of the statement must hold for each time
            kept = made if made.certain else old
            self.ends[key] = kept if old.message == made.message else replace(kept, message="...")

    def branch(self, test: ast.expr, taken: bool | None, names: Names) -> None:
        """Write a condition down; where it comes out differently from one time to the next, it is not known."""
        key = (id(self.module), test.lineno, str(test.col_offset))
        old = self.branches.get(key)
        if old is not None:
            if old.taken is not taken and old.taken is not None:
                self.branches[key] = Branch(old.site, old.text, None, old.names | names)
            return
        if len(self.branches) < MOST_BRANCHES:
            site = self.site(test)
            self.branches[key] = Branch(site, " ".join(site.text.split()), taken, names)

    def call_made(self, call: Call) -> None:
        """Write a call of a library down."""
        key = (id(call.site.source), f"{call.site.span.start} {call.name}")
        old = self.loads.get(key)
        if old is None or (call.certain and not old.certain):
            self.loads[key] = call

    # weights

    def operate(self, root: Root, operation: tuple[Any, ...]) -> None:
        """Add an operation to a model's weights; one under a condition on names that it cannot be tied to is doubted."""
        while root.home is not None:
            root, path = root.home
            operation = _moved(operation, path)
        self.journal.write(root.slots, "ops", ("ops", root.slots["ops"], operation))

    def new_root(self, made_by: Any) -> Root:
        """A model that was just made or loaded."""
        root = Root(made_by, {"ops": ("ops", None, ("own",))}) if isinstance(made_by, Class) else Root(made_by)
        self.roots.append(root)
        return root


def _moved(operation: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    """An operation on a module, seen from the model that it was put into."""
    match operation:
        case (kind, inner, *rest) if kind in ("set", "peft", "fresh", "graft", "void", "lost", "holds", "empty"):
            return (kind, f"{path}.{inner}" if inner else path, *rest)
    return operation


def walk(
    script: EntryScript,
    option: Option,
    environment: Option | None,
    exists: Callable[[str], bool | None] | None,
    word: Option | None = None,
) -> ScriptTrace:
    """See `walk_script`."""
    from lintune.scripts.walk.scopes import open_module
    from lintune.scripts.walk.statements import run_module
    from lintune.scripts.walk.summary import summary

    walking = Walk(script, option, environment, exists, word)
    if walking.project is None or walking.project.entry is None:
        return ScriptTrace(notes=script.problems)
    scope = open_module(walking, walking.project.entry)
    frame = Frame(0, scope)
    walking.frames.append(frame)
    walking.calls.append(frame)
    try:
        run_module(walking, walking.project.entry)
    except (Exhausted, RecursionError):
        walking.calls[:] = walking.calls[:1]
        walking.note("walk-too-long", "the script is too long or too deep to be followed to its end")
        if not walking.reached:
            walking.flags["reached"] = Open("the walk did not come to the end")
    except Stopped:
        pass
    return summary(walking)
