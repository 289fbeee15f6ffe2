"""The evaluator's machine: the current state, what was found so far, and the bounds on its work."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING

from lintune.launch.shell_files import FileReader
from lintune.launch.shell_pieces import Pieces, slice_pieces, through, unknown_piece
from lintune.launch.shell_state import State, Variable
from lintune.launch.word import UNKNOWN_TEXT, Command, Piece, Word
from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.shell.nodes import ShellWord, Statement

if TYPE_CHECKING:
    from lintune.launch.made_file import MadeFile

MAX_STEPS = 10_000
"""Simple commands and loop turns that one evaluation may take."""
MAX_DEPTH = 24
"""Nesting of compound commands, functions, substitutions and sourced files."""
MAX_COMMANDS = 2_000
"""Programs that one evaluation may record."""
MAX_TEXT = 200_000
"""Characters that a variable may hold."""
MAX_TOTAL = 8_000_000
"""Characters that all expansions together may produce."""


class WorkBound(Exception):
    """A bound on work was reached; the message says which."""


class Abort(Exception):
    """The current top-level command is given up, as bash does on an expansion error."""


@dataclass(slots=True)
class Frame:
    """A text whose commands run: the script, a sourced file, or the argument of `eval`."""

    source: Source
    pieces: Pieces | None = None
    """For `eval`: the pieces that the text was made of, so that sites lead to where it is written."""


@dataclass(slots=True)
class Machine:
    """Everything an evaluation carries along."""

    files: FileReader
    provided: Container[str]
    environment: Mapping[str, str]
    run_body: "Callable[[Machine, tuple[Statement, ...]], None]"
    expand_text: "Callable[[Machine, ShellWord | None], Pieces]"
    expand_words: "Callable[[Machine, Sequence[ShellWord]], list[Word]]"
    state: State = field(default_factory=State)
    frames: list[Frame] = field(default_factory=list)
    frame: int = 0
    commands: list[Command] = field(default_factory=list)
    problems: dict[tuple[str, int, int], Problem] = field(default_factory=dict)
    output: list[Piece] | None = None
    """Where `echo` and the like write while a substitution or pipe is read; None where it goes unread."""
    stdin: Pieces | None = None
    """What a command reads from its standard input, if known."""
    unsure: int = 0
    """How many unknown conditions stand around the current command."""
    status: int | None = 0
    """`$?`; None where not known."""
    external: bool = False
    """Whether the status comes from a program, which is then taken to succeed where `&&` asks."""
    background: bool = False
    quiet: int = 0
    """Above 0, an unset variable is no problem: in tests and defaults."""
    steps: int = 0
    depth: int = 0
    produced: int = 0
    cut: str = ""
    locals: list[dict[str, Variable | None]] = field(default_factory=list)
    unset_reasons: dict[str, str] = field(default_factory=dict)
    """The reason text of an unset variable's piece -> its name."""
    assigned: dict[str, Site] = field(default_factory=dict)
    nullable: set[str] = field(default_factory=set)
    """Names whose being unset makes the condition true that is evaluated (`[ -z "$X" ]`); with `!` before, false."""
    exports: set[str] = field(default_factory=set)
    """Names exported before they have a value."""
    behind: tuple[Word, ...] = ()
    """The wrapper's words of the shell that runs: see `Command`."""
    exports_functions: bool = False
    """`export -f` was called."""
    written: set[str] = field(default_factory=set)
    """Names of files that redirections write, without folders; an empty one for a file that is not known."""
    made: "Mapping[str, MadeFile]" = field(default_factory=dict)
    """The files written so far: see `Command.made`."""
    export_all: bool = False
    """`set -a`."""
    aside: list[State] = field(default_factory=list)
    """States of ways that left the current loop turn or function early, behind an unknown condition."""
    may_break: bool = False
    """Whether one of them ends the loop."""
    nounset: bool = False
    """`set -u`."""
    folders: list[str | None] = field(default_factory=list)
    """What `pushd` left."""
    getopts_at: tuple[int, int] = (1, 0)
    """Which argument `getopts` looks at, and which character of it."""

    def site(self, span: Span) -> Site:
        """Where a span of the current text is written."""
        frame = self.frames[self.frame]
        if frame.pieces is None:
            return Site(frame.source, span)
        return _through_eval(frame.pieces, span)

    def step(self) -> None:
        """Counts one unit of work."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise WorkBound(f"evaluation stopped after {MAX_STEPS} steps: what comes later is not read")

    def produce(self, characters: int) -> None:
        """Counts produced text."""
        self.produced += characters + 1
        if self.produced > MAX_TOTAL:
            raise WorkBound(f"evaluation stopped after {MAX_TOTAL} characters of expansions: what comes later is not read")

    def unknown(self, span: Span, reason: str) -> Pieces:
        """A text of which nothing is known."""
        return (unknown_piece(self.site(span), reason),)

    def problem(self, kind: str, message: str, site: Site, **data: str) -> None:
        """Records a problem once per place."""
        key = (kind, site.span.start, site.span.end)
        if key not in self.problems:
            self.problems[key] = Problem(kind, message, site, tuple(data.items()))

    def assign(self, name: str, value: Pieces, site: Site) -> None:
        """Sets a scalar, keeping the variable's attributes."""
        size = sum([len(piece.text) for piece in value])
        if size > MAX_TEXT or len(value) > 4_000:
            self.cut = self.cut or f"`{name}` grew beyond {MAX_TEXT} characters and is not followed further"
            value = (unknown_piece(site, f"`{name}` is too long to be followed"),)
        self.produce(size)
        self.assigned.setdefault(name, site)
        old = self.state.variables.get(name)
        exported = name in self.environment or name in self.exports or self.export_all
        if old is None:
            variable = Variable(value, site, None, False, exported)
        elif old.items is not None:
            items = {**old.items, "0": Word(site, value)}
            variable = Variable(None, site, items, old.associative, old.exported)
        else:
            variable = Variable(_folded(value, old.fold), site, None, False, old.exported or exported, old.integer, old.fold)
        self.state.variables[name] = variable
        self.state.unset.discard(name)

    def variable(self, name: str, site: Site) -> Pieces | None:
        """A variable's text as it arrives at `site`; None where it is certainly unset."""
        variable = self.state.variables.get(name)
        if variable is not None:
            value = variable.scalar()
            return None if value is None else through(value, site)
        if name in self.state.unset:
            return None
        if name in self.environment:
            text = f"{name}={self.environment[name]}"
            source = Source("<environment>", text)
            return (Piece(self.environment[name], Site(source, Span(len(name) + 1, len(text))), (site,)),) if self.environment[name] else ()
        return (unknown_piece(site, self.unset_reason(name)),)

    def is_open(self, name: str) -> bool:
        """Whether the script does not set the variable, but its environment may."""
        return name not in self.state.variables and name not in self.state.unset and name not in self.environment

    def unset_reason(self, name: str) -> str:
        """Why a variable that the script does not set is unknown."""
        if name in self.provided:
            return f"`{name}` is set by whatever starts the script"
        if self.state.opaque:
            return f"`{name}` may be set by {self.state.opaque}"
        reason = f"`{name}` is not set in this script"
        self.unset_reasons[reason] = name
        return reason

    def report_unset(self, name: str, site: Site) -> None:
        """Records the use of a variable that nothing sets."""
        if not self.quiet and self.is_open(name) and name not in self.provided and not self.state.opaque:
            self.problem("unset-variable", f"`{name}` is not set anywhere in this script", site, name=name, feeds="")

    def separators(self) -> str:
        """The characters of `IFS`."""
        variable = self.state.variables.get("IFS")
        if variable is None or variable.value is None:
            return " \t\n"
        return "".join(piece.text for piece in variable.value if not piece.reason)


def _folded(value: Pieces, fold: str) -> Pieces:
    if not fold:
        return value
    lower = fold == "l"
    return tuple(
        [piece if piece.reason else Piece(piece.text.lower() if lower else piece.text.upper(), piece.site, piece.via) for piece in value]
    )


def _through_eval(pieces: Pieces, span: Span) -> Site:
    """The place where the characters of an `eval` text are written."""
    at = 0
    for piece in pieces:
        length = len(piece.text)
        if span.start < at + length or piece is pieces[-1]:
            written = piece.site.span
            if not piece.reason and written.end - written.start == length:
                start = written.start + max(span.start - at, 0)
                return Site(piece.site.source, Span(min(start, written.end), max(start, min(written.start + span.end - at, written.end))))
            return piece.site
        at += length
    raise WorkBound("an empty `eval` text has no place")


def literal_pieces(machine: Machine, text: str, span: Span) -> Pieces:
    """The pieces of characters as written; in an `eval` text they keep what the text was made of."""
    frame = machine.frames[machine.frame]
    if frame.pieces is None:
        return (Piece(text, Site(frame.source, span)),) if text else ()
    if span.end - span.start != len(text):
        site = machine.site(span)
        return (unknown_piece(site, "part of an `eval` text"),) if UNKNOWN_TEXT in text else (Piece(text, site),)
    return slice_pieces(frame.pieces, span.start, span.end)
