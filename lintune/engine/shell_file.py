"""A shell script, or a notebook's shell cells, as the runs they start, with what could not be read and what comments silence."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from lintune.frameworks.context import Context
from lintune.frameworks.launcher_facts import mark_port_conflicts
from lintune.frameworks.registry import read_launch
from lintune.launch.evaluate import evaluate
from lintune.launch.launches import launches_in
from lintune.launch.project import Project
from lintune.launch.provided import PROVIDED
from lintune.launch.word import Command
from lintune.memory.floor import add_floor
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.scripts.entry import EntryScript
from lintune.source.record import dataclass
from lintune.source.text import Problem, Source
from lintune.syntax.shell.parser import parse_shell
from lintune.syntax.suppression import Suppression, find_suppressions

Scripts: TypeAlias = dict[tuple[str, str], EntryScript]
"""Entry scripts by path and base folder."""


@dataclass(slots=True)
class ShellFile:
    """What a shell script holds."""

    runs: list[Run]
    problems: tuple[Problem, ...]
    suppressions: tuple[Suppression, ...]
    cut: str = ""
    """What a bound on work cut off; empty if nothing was."""
    unread: tuple[Problem, ...] = ()
    """What is wrong with the file around the shell text, a notebook's JSON, and in files that the script writes for its launches."""


_MOST_TURNS = 64
"""How many launches of one place of a script are looked at: a loop over settings, not one without an end."""
_MOST_SAME = 2
"""How many times the very same launch is: two are enough to see that they share a port."""


def read_shell(source: Source, project: Project, assumptions: Assumptions, scripts: Scripts) -> ShellFile:
    """The script evaluated as bash would run it, and each training launch in it as a run.

    `scripts` keeps the entry scripts read, from one file to the next.
    """
    script = parse_shell(source)
    evaluation = evaluate(script, arguments=assumptions.arguments, environment=assumptions.environment, files=project, provided=PROVIDED)
    context = Context(project, source.path, assumptions, assumptions.environment, scripts)
    suppressions = find_suppressions(source, script.comments, "shell")
    runs = _runs(evaluation.commands, context)
    return ShellFile(runs, evaluation.problems, suppressions, evaluation.cut, _in_made_files(evaluation.commands))


def read_notebook(source: Source, project: Project, assumptions: Assumptions, scripts: Scripts) -> ShellFile:
    """The shell cells of a notebook, evaluated as IPython would hand them to the shell; places are the notebook's."""
    from lintune.launch.notebook_shell import evaluate_notebook
    from lintune.syntax.notebook import parse_notebook

    notebook = parse_notebook(source)
    shell = evaluate_notebook(notebook, environment=assumptions.environment, files=project)
    context = Context(project, source.path, assumptions, assumptions.environment, scripts)
    found = shell.evaluation
    return ShellFile(_runs(found.commands, context), found.problems, shell.suppressions, found.cut, notebook.problems)


def _runs(commands: Iterable[Command], context: Context) -> list[Run]:
    runs: list[Run] = []
    for launch in launches_in(_without_repeats(commands)):
        run = read_launch(launch, context)
        if run is not None:
            add_floor(run)
            runs.append(run)
    mark_port_conflicts(runs)
    return runs


def _in_made_files(commands: Iterable[Command]) -> tuple[Problem, ...]:
    """What is wrong with the text of files that the script writes and a launch reads."""
    made = {id(file): file for command in commands for file in command.made.values()}
    sources = [source for file in made.values() for source in file.read]
    return tuple(problem for source in sources for problem in _problems_of(source))


def _problems_of(source: Source) -> tuple[Problem, ...]:
    if source.name.endswith((".yaml", ".yml")):
        from lintune.syntax.yaml import parse_yaml

        return parse_yaml(source).problems
    if source.name.endswith(".json"):
        from lintune.syntax.json import parse_json

        return parse_json(source).problems
    return ()


def _without_repeats(commands: Iterable[Command]) -> Iterator[Command]:
    """The commands as a loop runs them, but the same one twice at most, and one place of the script some dozens of times."""
    turns: dict[tuple[int, int], int] = {}
    same: dict[tuple[int, int, tuple[str, ...]], int] = {}
    for command in commands:
        place = (command.site.span.start, command.site.span.end)
        words = (*place, tuple(word.text for word in command.argv))
        if turns.get(place, 0) >= _MOST_TURNS or same.get(words, 0) >= _MOST_SAME:
            continue
        turns[place] = turns.get(place, 0) + 1
        same[words] = same.get(words, 0) + 1
        yield command
