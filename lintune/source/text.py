"""A text under check, and places in it.

Offsets count characters (not bytes) from 0; lines and columns count from 1, as the reports do.
"""

from bisect import bisect_right

from lintune.source.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of characters, `end` exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """A line and a column, both from 1; the column counts characters."""

    line: int
    column: int


@dataclass(slots=True, eq=False)
class Source:
    """A decoded text and the path under which the user knows it.

    Compared by identity: the same file is read once per check.
    """

    path: str
    """As reports show it: relative to the working folder, forward slashes."""
    text: str
    encoding: str = "utf-8"
    newline: str = "\n"
    """The line ending of the file; `text` keeps it as written."""
    part_of: "Source | None" = None
    """The script that writes this text into a file, where it is not a file itself: places are the same in both."""
    file_name: str = ""
    """The file that it becomes then."""
    _line_starts: list[int] = field(default_factory=list, repr=False)

    @property
    def name(self) -> str:
        """The path of the file that holds the text when it is read: its ending says what it is."""
        return self.file_name or self.path

    @property
    def whole(self) -> "Source":
        """The text as the user wrote it."""
        return self.part_of or self

    def position(self, offset: int) -> Position:
        """The line and column of a character offset (the text's end is allowed)."""
        starts = self._starts()
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def line_span(self, line: int) -> Span:
        """The characters of a line (from 1), without its line ending."""
        starts = self._starts()
        start = starts[line - 1]
        end = starts[line] if line < len(starts) else len(self.text)
        return Span(start, start + len(self.text[start:end].rstrip("\r\n")))

    def line_text(self, line: int) -> str:
        """A line's text (from 1), without its line ending."""
        return self.slice(self.line_span(line))

    def line_count(self) -> int:
        """The number of lines; a final line ending starts no new one."""
        starts = self._starts()
        return len(starts) - (1 if len(starts) > 1 and starts[-1] == len(self.text) else 0)

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]

    def _starts(self) -> list[int]:
        if not self._line_starts:
            starts, find = [0], self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._line_starts = starts
        return self._line_starts


@dataclass(frozen=True, slots=True)
class Site:
    """Where something is written: a source and a span of it."""

    source: Source
    span: Span

    @property
    def text(self) -> str:
        """What is written there."""
        return self.source.slice(self.span)

    @property
    def line(self) -> int:
        """The line (from 1) on which it starts."""
        return self.source.position(self.span.start).line


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in an input that could not be read as meant.

    `kind` is a short kebab-case word that rule pages select on, `message` one sentence for people,
    `data` further facts by name for a page's templates.
    """

    kind: str
    message: str
    site: Site
    data: tuple[tuple[str, str], ...] = ()
