"""What rules made of a run, and what the check of one file adds to a check."""

from lintune.engine.finding import Finding, Wait
from lintune.engine.result import CheckedFile
from lintune.launch.discover import FoundFile
from lintune.run.run import Run
from lintune.source.record import dataclass, field
from lintune.syntax.suppression import Suppression


@dataclass(slots=True)
class Outcome:
    """What the rules made of one run."""

    findings: list[Finding] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    """Names of the rules that could decide."""
    undecided: set[str] = field(default_factory=set)
    crashed: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Take over what another outcome holds."""
        self.findings += other.findings
        self.waits += other.waits
        self.decided |= other.decided
        self.undecided |= other.undecided
        self.crashed += other.crashed


@dataclass(frozen=True, slots=True)
class Task:
    """A file to check, and how."""

    file: FoundFile
    alone: bool = True
    """Whether no launch was met that uses it: a config file then speaks for itself."""


@dataclass(slots=True)
class FileCheck:
    """What one file adds to a check."""

    files: dict[str, CheckedFile] = field(default_factory=dict)
    """The file, unless it is of no concern."""
    outcome: Outcome = field(default_factory=Outcome)
    launches: list[Run] = field(default_factory=list)
    suppressions: dict[str, tuple[Suppression, ...]] = field(default_factory=dict)
    """By path, of every file whose comments were read."""
    notes: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    """The data files that its launches name, to be checked as files."""

    def add(self, other: "FileCheck") -> None:
        """Take over what the check of another file found."""
        self.files.update(other.files)
        self.outcome.add(other.outcome)
        self.launches += other.launches
        self.suppressions |= other.suppressions
        self.notes += other.notes
