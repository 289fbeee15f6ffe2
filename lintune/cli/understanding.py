"""What `show` shows: the launches as `check` reads them, and every launcher command of the scripts around them."""

from collections.abc import Iterable, Sequence

from lintune.engine.check import assumptions_of
from lintune.engine.result import CheckOptions, Result
from lintune.launch.evaluate import evaluate
from lintune.launch.launchers import unwrap
from lintune.launch.project import Project
from lintune.launch.provided import PROVIDED
from lintune.launch.word import Command
from lintune.report.shown import Shown, ShownLaunch
from lintune.run.run import Run
from lintune.source.text import Source
from lintune.syntax.shell.parser import parse_shell


def understood(paths: Sequence[str], options: CheckOptions, result: Result) -> Shown:
    """The commands and launches of a check's files."""
    scripts = dict.fromkeys(
        (*(file.path for file in result.files if file.role in ("launch", "other")), *(run.path for run in result.launches))
    )
    project = Project(tuple(scripts) or tuple(paths))
    read_already = {run.path: run.site.source for run in result.launches}
    sources = [read_already.get(path) or project.read(path) for path in scripts]
    commands = [command for source in sources if source for command in _launcher_commands(source, project, options)]
    launches = tuple(
        ShownLaunch(run, _place(run, commands), tuple(wait for wait in result.waits if wait.path == run.path)) for run in result.launches
    )
    return Shown(tuple(commands), launches)


def _launcher_commands(source: Source, project: Project, options: CheckOptions) -> Iterable[Command]:
    from lintune.launch.discover import role_of

    role, assumed = role_of(source.path, source.text[:1000].encode("utf-8", "replace")), assumptions_of(options)
    if role == "notebook":
        from lintune.launch.notebook_shell import notebook_commands

        return [command for command in notebook_commands(source, assumed.environment, project) if unwrap(command) is not None]
    if role != "shell":
        return []
    evaluation = evaluate(
        parse_shell(source), arguments=assumed.arguments, environment=assumed.environment, files=project, provided=PROVIDED
    )
    return [command for command in evaluation.commands if unwrap(command) is not None]


def _place(run: Run, commands: Sequence[Command]) -> int | None:
    """The command that holds the launch's first words."""
    for index, command in enumerate(commands):
        site = command.site
        if site.source.path == run.site.source.path and site.span.start <= run.site.span.start and run.site.span.end <= site.span.end:
            return index
    return None
