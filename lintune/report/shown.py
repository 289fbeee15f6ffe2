"""What `lintune show` is about: a script's launcher commands and the launches among them."""

from lintune.engine.finding import Wait
from lintune.launch.word import Command
from lintune.run.run import Run
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class ShownLaunch:
    """A launch that trains, with what rules waited for in it."""

    run: Run
    command: int | None = None
    """Its command's place in `Shown.commands`; None for a launch that no shell command starts."""
    waits: tuple[Wait, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What was understood of the paths given."""

    commands: tuple[Command, ...] = ()
    launches: tuple[ShownLaunch, ...] = ()
