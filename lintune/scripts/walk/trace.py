"""What a walk through a training script found: where it ends, which branches it takes, what it freezes and loads."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from lintune.scripts.entry import EntryScript
from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site
from lintune.values.value import Known, Unknown, Value

EndKind: TypeAlias = Literal[
    "raise", "assert", "exit", "parser-error", "key-error", "attribute-error", "missing-file", "type-error", "value-error"
]
Stage: TypeAlias = Literal["parsing", "start", "after-weights", "last-save"]
Option: TypeAlias = Callable[[str], Value]
"""The launch's value of a parsed option: flags over defaults."""


@dataclass(frozen=True, slots=True)
class End:
    """A statement at which the script stops."""

    kind: EndKind
    message: str
    """What it says, with known values filled in and `...` for others."""
    exception: str
    """The class that is raised: `ValueError`; `SystemExit` for an exit."""
    site: Site
    certain: bool
    """Whether it is reached whenever library calls return. False: on a condition that is not known."""
    names: frozenset[str] = frozenset()
    """The options that the conditions around it read."""
    stage: Stage = "start"
    """When it is reached: while options are parsed, before or after a model was loaded, or after training."""
    status: Literal["failure", "success"] = "failure"
    """`success` for an exit with status 0."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition that the walk came to."""

    site: Site
    text: str
    taken: bool | None
    """What it is; None where it is not known, so that both ways were walked."""
    names: frozenset[str] = frozenset()
    """The options that it reads."""


@dataclass(frozen=True, slots=True)
class PartState:
    """Whether the weights below a module path are trained when training starts."""

    path: str
    """From the model's root: `llm`, `model.vision_tower`; empty for the whole model; with `*` where names are tested."""
    trained: bool | None
    """Of the original weights; None where it is not known."""
    lora: bool | None = False
    """Whether an adapter lies around modules below it."""
    targets: Value = Unknown("no adapter")
    """The adapter's `target_modules`."""
    modules_to_save: Value = Unknown("no adapter")
    site: Site | None = None
    """The statement that decided last."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a training library, with its arguments."""

    name: str
    """The dotted name as far as it is known: `transformers.AutoModel.from_pretrained`, `peft.LoraConfig`."""
    site: Site
    certain: bool
    keywords: Mapping[str, Value] = field(default_factory=dict)
    """By keyword; positional arguments of well-known calls under their names."""
    complete: bool = True
    """Whether these are all keywords."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By keyword: the options that its value was computed from."""

    @property
    def last(self) -> str:
        """The called name: `from_pretrained`."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class TrainerMade:
    """A Trainer that is made."""

    name: str
    """The class's, or its dotted name where it is a library's."""
    site: Site
    certain: bool
    groups: bool | None
    """Whether the project builds its optimizer's groups (`create_optimizer`); None where a base is not known."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that the script reads itself."""

    path: str
    """As the script gives it, relative to the working folder."""
    site: Site
    certain: bool
    """Whether it is read whenever library calls return, and nothing around it catches that it is not there."""
    names: frozenset[str] = frozenset()
    """The options that the path was computed from."""
    stage: Stage = "start"


@dataclass(frozen=True, slots=True)
class Void:
    """`module.requires_grad = value`: an attribute of the module, which switches none of its weights."""

    path: str
    value: bool | None
    site: Site
    trained: bool | None
    """Whether the weights below it are trained when training starts; None where it is not known."""
    names: frozenset[str] = frozenset()
    """The options that led there."""


@dataclass(frozen=True, slots=True)
class ScriptTrace:
    """One walk."""

    ends: tuple[End, ...] = ()
    branches: tuple[Branch, ...] = ()
    parts: Mapping[str, PartState] = field(default_factory=dict)
    """By path, of the model that is trained."""
    loads: tuple[Call, ...] = ()
    voids: tuple[Void, ...] = ()
    """Attributes set on modules instead of their weights, where that is certain."""
    reads: frozenset[str] = frozenset()
    """Options that are read on the way."""
    reads_open: frozenset[str] = frozenset()
    """Options that are read only where these options do not lead."""
    excluded: Mapping[str, Site] = field(default_factory=dict)
    """Of those the options whose every mention in the project lies in a block that was not entered, with the test in front of it."""
    reaches_training: bool | None = None
    """Whether a `trainer.train()` or a backward pass was reached; None where only perhaps."""
    notes: tuple[Problem, ...] = ()
    """What the walk could not follow."""
    paths_read: tuple[str, ...] = ()
    """The files it rests on."""
    asked: Mapping[tuple[str, str], object] = field(default_factory=dict)
    """What was asked of the launch, ("option", "variable", "word" or "exists", name), with the answer: one that has the same
    answers is the same."""
    model_class: str = ""
    """The class that loads or makes the model that is trained."""
    reaches_model: bool = False
    """Whether a model was loaded or made."""
    operations: object = None
    """What was done to the weights of the model that is trained, in order (see `lintune.scripts.walk.weights`)."""
    opened: tuple[Opened, ...] = ()
    """Files that are read on the way and may be there, in order."""
    trainers: tuple[TrainerMade, ...] = ()
    speaks_of_images: bool = False
    """Whether the model is made by a class of the project that speaks of images."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The module paths that the script names."""
        return tuple(self.parts)

    @property
    def frozen(self) -> Mapping[str, PartState]:
        """The parts whose own weights are certainly not trained."""
        return {path: state for path, state in self.parts.items() if state.trained is False}


def answer(value: Value) -> object:
    """What a walk makes of a value, to be compared: origins do not count."""
    return ("known", type(value.value), value.value) if isinstance(value, Known) else type(value)


def walk_script(
    script: EntryScript,
    option: Option,
    environment: Option | None = None,
    exists: Callable[[str], bool | None] | None = None,
    word: Option | None = None,
) -> ScriptTrace:
    """Walks through a script with the options of a launch.

    `environment` gives environment variables (`Absent`: certainly not set), `exists` whether a path is there,
    `word` the words of `sys.argv` by index and their `count`; without them all are unknown. Bounded in steps, depth and
    files; never raises for what a script holds.
    """
    from lintune.scripts.walk.walker import walk

    try:
        return walk(script, option, environment, exists, word)
    except Exception as error:  # a fault of the walk must not hide what the rest of the check finds
        site = Site(script.source, script.source.line_span(1))
        return ScriptTrace(notes=(Problem("walk-failed", f"the walk through the script failed: {type(error).__name__}: {error}", site),))
