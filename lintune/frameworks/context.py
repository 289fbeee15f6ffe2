"""What a framework adapter may look at beside the launch itself."""

from collections.abc import Mapping as Dictionary

from lintune.launch.launchers import Launch
from lintune.launch.pins import FilePin
from lintune.launch.project import Project
from lintune.run.assumptions import Assumptions
from lintune.scripts.entry import EntryScript
from lintune.source.record import dataclass, field
from lintune.source.text import Source
from lintune.syntax.tree import Mapping
from lintune.values.version import Pin


@dataclass(frozen=True, slots=True)
class Context:
    """The project around a launch, and what the user said about the run."""

    project: Project
    script: str
    """The file that holds the launch, as reports show it."""
    assumptions: Assumptions = field(default_factory=Assumptions)
    environment: Dictionary[str, str] | None = None
    """The environment in which the launch script was evaluated; None where nothing is known of it."""
    scripts: dict[tuple[str, str], EntryScript] = field(default_factory=dict)
    """Entry scripts read so far in this check, by path and base folder: many launches start the same one."""


@dataclass(slots=True)
class Reading:
    """A launch with the files around it, read once and shared by detection and the adapters."""

    launch: Launch
    context: Context
    folder: str
    """The folder from which relative paths of the launch are taken, relative to the working folder."""
    corroborated: bool
    """Whether the entry script exists there, so that a missing file is certainly missing."""
    entry: str | None
    """The entry script's path as reports show it; None where it is unknown or not a file (`-m module`)."""
    source: Source | None
    script: EntryScript | None
    versions: dict[str, Pin] = field(default_factory=dict)
    filed: tuple[FilePin, ...] = ()
    """The requirements of the files beside or above the launch script, nearest first."""
    config: Mapping | None = None
    """The settings of the config file that was named itself, without any command."""
    words: frozenset[str] = frozenset()
    """The option names that the entry script receives, dashes stripped, underscores for hyphens."""
