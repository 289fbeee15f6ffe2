"""The shell text of a notebook evaluated cell by cell, with every place in the notebook's own file.

Each `!` command and `%%bash` cell has a shell of its own; `%cd` and `%env` hold for the cells below them. What IPython replaces by
Python variables (`{name}`, and `$name` that no cell sets for the shell) is unknown, never an unset variable.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from posixpath import basename, normpath

from lintune.launch.evaluate import Evaluation, evaluate
from lintune.launch.made_file import MadeFile
from lintune.launch.provided import PROVIDED
from lintune.launch.shell_files import FileReader
from lintune.launch.word import ANYWHERE, UNKNOWN_TEXT, Command, Piece, Word
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.notebook import Cell, Notebook, parse_notebook
from lintune.syntax.shell.parser import parse_shell
from lintune.syntax.suppression import Suppression, find_suppressions

MAX_CELLS = 500
"""So many shell cells of one notebook are evaluated."""
MAX_COMMANDS = 2_000
"""So many programs of one notebook are recorded."""
MAX_LASTING = 10_000
"""So many characters of `%cd` and `%env` are carried to later cells."""

_BRACED = re.compile(r"(?<!\{)\{(?!\{)([^{}\n]{1,200})\}(?!\})")
_REPLACED = re.compile(r"(?<!\{)\{\w+\}(?!\})")
_SETTING = re.compile(r"[ \t]*(\w+)[ \t]*[= \t][ \t]*")
_FILE_NAME = re.compile(r"""["']([\w./-]{1,200}\.(?:json|ya?ml|toml|jsonl|py|txt))["']""")
_UNTOLD = '"$(ipython)"'
"""A word that is not known: the output of a program that nobody has."""


class _Any:
    """Every name: what the shell does not set, Python may, in the text or in `os.environ`."""

    def __contains__(self, name: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class NotebookShell:
    """What the shell text of a notebook does."""

    evaluation: Evaluation
    suppressions: tuple[Suppression, ...]


@dataclass(slots=True)
class _Script:
    """The text of one shell: what lasts from earlier cells, then the cell; with the way back."""

    text: str = ""
    parts: list[tuple[int, int, Cell, int]] = field(default_factory=list)
    """Start and end in the text, the cell, and where in its text the part begins; what is in none was put in by lintune."""

    def add(self, text: str, cell: Cell | None = None, offset: int = 0) -> None:
        """Add a text; with a cell, one that stands there from `offset` on."""
        if cell is not None:
            self.parts.append((len(self.text), len(self.text) + len(text), cell, offset))
        self.text += text

    def site_of(self, span: Span) -> Site:
        """The place in the notebook; text that was put in stands where the next cell's text begins."""
        for start, end, cell, offset in self.parts:
            if span.start <= end:
                first = max(span.start - start, 0) + offset
                return cell.site_of(Span(first, max(min(span.end, end) - start + offset, first)))
        start, end, cell, offset = self.parts[-1]
        return cell.site_of(Span(end - start + offset, end - start + offset))


def evaluate_notebook(
    notebook: Notebook,
    *,
    environment: Mapping[str, str] | None = None,
    files: FileReader | None = None,
    provided: Container[str] = PROVIDED,
) -> NotebookShell:
    """The programs that the shell cells run, in order, with the problems of their text."""
    lasting, commands, problems, suppressions = _Script(), list[Command](), list[Problem](), list[Suppression]()
    made: dict[str, MadeFile] = {}
    shells = [cell for cell in notebook.cells if cell.kind == "shell"]
    cut = f"only the first {MAX_CELLS} shell cells were evaluated" if len(shells) > MAX_CELLS else ""
    last = shells[MAX_CELLS - 1].number if cut else None
    for cell in notebook.cells:
        made.update(dict.fromkeys(_written_by(cell), MadeFile(None)))
        if cell.kind != "shell" or (last is not None and cell.number > last):
            continue
        if cell.lasting:
            if len(lasting.text) < MAX_LASTING:
                _carry(lasting, cell)
            continue
        script = _Script() if cell.target else _Script(lasting.text, list(lasting.parts))
        begin = len(script.text)
        script.add(_plain(cell.source.text) if cell.interpolated else cell.source.text, cell)
        source = Source(cell.source.path, script.text)
        parsed = parse_shell(source)
        names: Container[str] = provided if cell.target else _Any()
        found = evaluate(parsed, arguments=None if cell.target else (), environment=environment, files=files, provided=names)
        moving = _Moving(source, script, cell.interpolated)
        commands += [moving.command(each, made) for each in found.commands if moving.is_own(each.site, begin)]
        made.update(dict.fromkeys(found.made, MadeFile(None)))
        problems += [moving.problem(each) for each in found.problems if moving.is_own(each.site, begin)]
        suppressions += [moving.suppression(each) for each in find_suppressions(source, parsed.comments, "shell")]
        cut = cut or found.cut
        if found.cut or len(commands) > MAX_COMMANDS:
            cut = f"evaluation stopped in cell {cell.number}: {found.cut or f'more than {MAX_COMMANDS} programs'}; later cells are not read"
            break
    return NotebookShell(Evaluation(tuple(commands), tuple(problems), cut), tuple(suppressions))


def notebook_commands(source: Source, environment: Mapping[str, str] | None, files: FileReader) -> tuple[Command, ...]:
    """The programs that the shell cells of a notebook's text run."""
    return evaluate_notebook(parse_notebook(source), environment=environment, files=files).evaluation.commands


def _carry(lasting: _Script, cell: Cell) -> None:
    """Add what `%cd` or `%env` does to the shells of later cells. IPython takes the value as it stands, quotes and all."""
    text = cell.source.text
    if text.startswith("cd"):
        lasting.add(*((f"cd {_UNTOLD}",) if re.search(r"[{$]", text) else (text, cell)))
        lasting.add("\n")
        return
    found = _SETTING.match(text)
    if found is None or found.end() == len(text):
        return
    lasting.add(f"export {found[1]}=")
    value = text[found.end() :].rstrip()
    if re.search(r"[{$']", value):
        lasting.add(_UNTOLD)
    elif re.fullmatch(r"[\w./:,@%+-]*", value):
        lasting.add(value, cell, found.end())
    else:
        lasting.add("'")
        lasting.add(value, cell, found.end())
        lasting.add("'")
    lasting.add("\n")


def _written_by(cell: Cell) -> Iterator[str]:
    """The files that a cell may write, as far as its text names them."""
    if cell.target:
        yield normpath(cell.target)
    elif cell.kind == "python":
        yield from (ANYWHERE + basename(name) for name in _FILE_NAME.findall(cell.source.text))


def _plain(text: str) -> str:
    """The text with every `{expression}` as one word of the same length, so that the shell sees no quotes or blanks of Python."""
    return _BRACED.sub(lambda found: "{" + re.sub(r"\W", "_", found[1]) + "}", text)


@dataclass(frozen=True, slots=True)
class _Moving:
    """Turns what was found in a script into what stands in the notebook."""

    source: Source
    script: _Script
    interpolated: bool

    def site(self, site: Site) -> Site:
        """The place in the notebook; places in other files stay."""
        return self.script.site_of(site.span) if site.source is self.source else site

    def is_own(self, site: Site, begin: int) -> bool:
        """Whether a place is not in what lasts from earlier cells, which ends at `begin`."""
        return site.source is not self.source or site.span.start >= begin

    def command(self, command: Command, made: Mapping[str, MadeFile]) -> Command:
        """A command with its words and environment; `made` are the files that earlier cells write."""
        environment = {name: self.word(word) for name, word in command.env.items()}
        argv, behind = (tuple(map(self.word, words)) for words in (command.argv, command.behind))
        files = {**made, **dict.fromkeys(command.made, MadeFile(None))}  # what they hold stands in the notebook otherwise
        return replace(command, argv=argv, site=self.site(command.site), env=environment, behind=behind, made=files)

    def word(self, word: Word) -> Word:
        """A word; what IPython puts in is unknown."""
        return Word(self.site(word.site), tuple(each for piece in word.pieces for each in self._pieces(piece)), word.many)

    def _pieces(self, piece: Piece) -> Sequence[Piece]:
        moved = replace(piece, site=self.site(piece.site), via=tuple(map(self.site, piece.via)))
        found = _REPLACED.search(piece.text) if self.interpolated and piece.known else None
        if found is None:
            return (moved,)
        text = _REPLACED.sub(UNKNOWN_TEXT, piece.text)
        return (replace(moved, text=text, reason="the notebook's Python puts it in"),)

    def problem(self, problem: Problem) -> Problem:
        """A problem; the line it tells is the notebook's."""
        site = self.site(problem.site)
        data = tuple((name, str(site.line) if name == "line" else text) for name, text in problem.data)
        return replace(problem, site=site, data=data)

    def suppression(self, comment: Suppression) -> Suppression:
        """A comment that silences findings, with the lines of the notebook that it covers."""
        first, last = (self.site(Site(self.source, self.source.line_span(line))).line for line in comment.lines)
        return replace(comment, site=self.site(comment.site), lines=(first, last))
