"""Evaluates a shell script as bash would run it, without running anything, in bounded work."""

from collections.abc import Container, Mapping

from lintune.launch.made_file import MadeFile
from lintune.launch.provided import PROVIDED
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_files import FileReader, NoFiles
from lintune.launch.shell_flow import Leave
from lintune.launch.shell_machine import Abort, Frame, Machine, WorkBound
from lintune.launch.shell_problems import script_problems
from lintune.launch.shell_run import run_body, run_script
from lintune.launch.word import Command, Piece, Word
from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.shell.nodes import Script


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a script does, as far as it can be told."""

    commands: tuple[Command, ...]
    """Every program that the script runs, in order; builtins and functions excluded."""
    problems: tuple[Problem, ...]
    """Of the text and of its evaluation, in the order of the text."""
    cut: str = ""
    """What was cut off by a bound on work; empty if nothing was."""
    made: Mapping[str, MadeFile] = field(default_factory=dict)
    """The files that it writes: see `Command.made`."""


def evaluate(
    script: Script,
    *,
    arguments: tuple[str, ...] | None = None,
    environment: Mapping[str, str] | None = None,
    files: FileReader | None = None,
    provided: Container[str] = PROVIDED,
) -> Evaluation:
    """The programs a script runs, word by word.

    `arguments`: the script's own arguments; None where they are not known. `environment`: variables that the user
    says are set. `provided`: names that launchers, schedulers and login shells set, unset in the script or not.
    Never raises, whatever the script holds.
    """
    machine = Machine(files or NoFiles(), provided, environment or {}, run_body, expand_text, expand_words)
    machine.frames.append(Frame(script.source))
    machine.state.arguments = None if arguments is None else _arguments(arguments)
    cut = ""
    try:
        run_script(machine, script.body)
    except WorkBound as bound:
        cut = str(bound)
    except Leave:
        pass
    except (RecursionError, Abort):
        cut = "evaluation stopped: the script nests too deeply"
    cut = cut or _run_exit_trap(machine)
    problems = [*script.problems, *script_problems(script, machine)]
    problems.sort(key=lambda problem: problem.site.span.start)
    return Evaluation(tuple(machine.commands), tuple(problems), cut or machine.cut, machine.made)


def _run_exit_trap(machine: Machine) -> str:
    """Runs what `trap ... EXIT` left for the end; returns what was cut off."""
    text = machine.state.on_exit
    if not text:
        return ""
    from lintune.launch.shell_source import evaluate_text

    machine.depth, machine.frame, machine.unsure, machine.quiet = 0, 0, 0, 0
    machine.background, machine.output, machine.stdin = False, None, None
    site = text[0].via[0] if text[0].via else text[0].site
    try:
        evaluate_text(machine, [Word(site, text)], site)
    except WorkBound as bound:
        return str(bound)
    except (Leave, RecursionError, Abort):
        pass
    return ""


def _arguments(arguments: tuple[str, ...]) -> tuple[Word, ...]:
    source = Source("<arguments>", " ".join(arguments))
    words: list[Word] = []
    at = 0
    for text in arguments:
        site = Site(source, Span(at, at + len(text)))
        words.append(Word(site, (Piece(text, site),) if text else ()))
        at += len(text) + 1
    return tuple(words)
