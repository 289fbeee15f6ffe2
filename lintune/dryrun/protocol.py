"""What the parent asks a dry run's child process (`Request`) and what it answers (`Result`), as JSON. Imports no torch.

Values are those of the common vocabulary as plain JSON: texts, numbers, switches, lists, mappings.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

from lintune.source.record import dataclass, field

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
Action = Literal["count", "trace", "step", "script"]
ACTIONS: tuple[Action, ...] = ("count", "trace", "step", "script")
"""From the quickest to the one that runs the launch's own script."""
PROTOCOL = 1
"""Changes when a request or a result is read otherwise."""


class ProtocolError(ValueError):
    """A request or a result that cannot be read; the text says why."""


@dataclass(slots=True)
class Launch:
    """How the launch starts, for `script`."""

    entry: str = ""
    """The entry script as a path from the working folder, or a module's name."""
    args: list[str] = field(default_factory=list)
    """What the entry script receives; words that are not known are left out and counted in `unknown_args`."""
    cwd: str = ""
    """The folder in which the launch is started."""
    module: bool = False
    """Whether the entry is a module (`-m`)."""
    launcher: str = ""
    """torchrun, deepspeed, accelerate, python ..."""
    unknown_args: int = 0


@dataclass(slots=True)
class Options:
    """What the user allows."""

    trust_remote_code: bool = False
    """Whether Python code of the model's folder or cache may run."""
    weights: bool = False
    """Whether `step` loads the real weights."""
    memory_limit_bytes: int = 0
    """Of host memory for the child and what it starts; 0: none."""
    time_limit_s: float = 0.0
    """0: none."""
    device: str = ""
    """`cpu`, `cuda`, `cuda:0` ...; empty: the child chooses."""


@dataclass(slots=True)
class Request:
    """What is asked of the child."""

    action: Action = "count"
    values: dict[str, Json] = field(default_factory=dict)
    """The run's known values by dotted name; what is not in it is absent or unknown."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Why values are unknown, by dotted name."""
    model_config: dict[str, Json] | None = None
    """A config.json that was given, which wins over every other source."""
    model_folder: str = ""
    """The local folder of the model, where it exists."""
    framework: str = ""
    """The framework that the launch was recognised as."""
    launch: Launch = field(default_factory=Launch)
    options: Options = field(default_factory=Options)


@dataclass(slots=True)
class Trouble:
    """Why there is no result."""

    kind: str
    """`no-config`, `unknown-architecture`, `bad-config`, `remote-code`, `bad-adapter`, `out-of-memory`, `extra-missing`,
    `crash`, `time-limit`, `memory-limit`, `not-built` ..."""
    message: str
    """One sentence, lower case, values in backticks."""
    help: str = ""
    """What to do."""


@dataclass(slots=True)
class Result:
    """What the child answers."""

    action: Action = "count"
    ok: bool = False
    problem: Trouble | None = None
    facts: dict[str, Json] = field(default_factory=dict)
    """`dry_run.*` values of the run."""
    items: dict[str, list[dict[str, Json]]] = field(default_factory=dict)
    """Lists of the run for rules with `for: dry_run.targets` and the like; fields are plain values."""
    detail: dict[str, Json] = field(default_factory=dict)
    """For reports: parameters per module, a timeline ..."""
    assumptions: list[str] = field(default_factory=list)
    """Sentences: what was taken for granted."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of torch, transformers, peft, accelerate as they are in the child."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of `imports`, `build`, `count`, `trace` ..."""

    def add(self, other: "Result") -> None:
        """Take over what a further action of the same request answered; its problem, if any, becomes this result's."""
        self.facts |= other.facts
        self.items |= other.items
        self.detail |= other.detail
        self.assumptions += [each for each in other.assumptions if each not in self.assumptions]
        self.seconds |= other.seconds
        self.action, self.ok, self.problem = other.action, other.ok, other.problem


def failed(action: Action, kind: str, message: str, help: str = "") -> Result:
    """A result that says why there is none."""
    return Result(action, False, Trouble(kind, message, help))


def to_json(message: Request | Result) -> str:
    """The text of a request or a result."""
    import json

    return json.dumps({"protocol": PROTOCOL, **_plain(message)}, allow_nan=True)


def request_from_json(text: str) -> Request:
    """The request in a text. Raises `ProtocolError`."""
    found = _read(text)
    return Request(**{**found, "launch": Launch(**found.get("launch", {})), "options": Options(**found.get("options", {}))})


def result_from_json(text: str) -> Result:
    """The result in a text. Raises `ProtocolError`."""
    found = _read(text)
    problem = found.get("problem")
    return Result(**{**found, "problem": Trouble(**problem) if isinstance(problem, dict) else None})


def _read(text: str) -> dict[str, Any]:
    import json

    try:
        found = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from None
    if not isinstance(found, dict) or found.pop("protocol", None) != PROTOCOL:
        raise ProtocolError("of another version of lintune")
    return found


def _plain(message: object) -> dict[str, object]:
    names = cast("Mapping[str, object]", type(message).__annotations__)
    return {name: _plain_value(getattr(message, name)) for name in names}


def _plain_value(value: object) -> object:
    return _plain(value) if isinstance(value, (Launch, Options, Trouble)) else value
