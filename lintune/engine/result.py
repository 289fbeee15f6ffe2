"""What a check is asked (`CheckOptions`) and what it answers (`Result`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from lintune.engine.finding import Finding, Json, Wait
from lintune.run.run import Run
from lintune.source.record import dataclass, field
from lintune.values.version import Pin

if TYPE_CHECKING:
    from lintune.dryrun.protocol import Result as Answer
    from lintune.engine.dry_run import DryRun

FileRole = Literal["launch", "config", "script", "other"]


class OptionError(ValueError):
    """Something asked of a check that cannot be done, in words for the user (exit status 2)."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the user asked of a check, already read from the command line and the config."""

    select: tuple[str, ...] = ()
    """Rule codes, names, code prefixes or families; empty selects every rule."""
    ignore: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    """Assumed versions (`--assume`, `[assume]`), which win over requirement files."""
    gpu: str = ""
    """The GPUs as the user wrote them: "8xA100-80G"; empty where not given."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that the user declared to be set."""
    arguments: tuple[str, ...] | None = None
    """Words after `--`: the script's own arguments; None where not given."""
    house_rules: str = ""
    """A folder with further rule pages, from the config; its content is not trusted."""
    pedantic: bool = False
    """Whether findings of confidence `possible` are kept."""
    dry_run: "DryRun | None" = None
    """What is asked of a dry run of each launch, where one is wanted."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was read, and what it was taken for."""

    path: str
    role: FileRole
    framework: str = ""
    launches: int = 0
    """How many fine-tuning launches it holds."""

    def to_json(self) -> dict[str, Json]:
        """The file as `check --format json` writes it."""
        return {"path": self.path, "role": self.role, "framework": self.framework or None}


@dataclass(slots=True)
class Result:
    """What a check found, and what it looked at."""

    files: tuple[CheckedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    """In reading order, without those suppressed."""
    waits: tuple[Wait, ...] = ()
    """What rules would have needed to know."""
    suppressed: int = 0
    """How many findings a comment silenced."""
    held_back: int = 0
    """How many findings of confidence `possible` were left out (`--pedantic` shows them)."""
    notes: tuple[str, ...] = ()
    """Sentences for standard error: a script without a launch, a folder without any."""
    launches: tuple[Run, ...] = ()
    missing: tuple[str, ...] = ()
    """Paths given that do not exist (exit status 2)."""
    decided: int = 0
    """How many of the rules that apply could decide for every launch."""
    undecided: int = 0
    """How many of the rules that apply waited for something."""
    dry_runs: "tuple[tuple[str, Answer], ...]" = ()
    """The answer of each launch's dry run, with the launch's path, where dry runs were asked for."""
    crashed: tuple[str, ...] = ()
    """Names of rules that failed with an internal error (exit status 3); each has a finding `internal-error`."""
