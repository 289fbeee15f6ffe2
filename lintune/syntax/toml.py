"""TOML into a tree with exact spans: accepts and means what `tomllib` does (TOML 1.0), and reads on behind errors.

The reference is `tomllib`, and the official test suite of the format: see the tests. It is not used here, since it has no
positions, gives nothing where a file has an error, and costs 10 ms to import.
"""

from typing import TypeAlias

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.toml_values import MAX_NODES, Scanner, TomlError, TooLarge
from lintune.syntax.tree import Document, Entry, Mapping, Node, Scalar, Sequence

MAX_ERRORS = 20
"""A text with so many errors is no TOML, and the rest of it is not read."""


class _TooManyErrors(Exception):
    """The text is no TOML."""


def parse_toml(source: Source) -> Document:
    """Parse a TOML text; no problem means that `tomllib` accepts it, and values are the same. Dates and times keep their text.

    Problems: `toml-syntax` (with data `line`; the statement at fault is left out and the rest is read, a key given twice is
    kept twice), `toml-bom` (a byte order mark or UTF-16, which `tomllib.load` refuses), `too-deep`, `too-large`.
    """
    reader = _Reader(source)
    if source.encoding != "utf-8":
        what = "starts with a byte order mark" if source.encoding == "utf-8-sig" else "is UTF-16"
        reader.problem("toml-bom", f"the file {what}, which `tomllib.load` refuses", 0, 0)
    reader.read()
    return Document(_frozen(reader.root, source), tuple(reader.problems))


@dataclass(slots=True)
class _Table:
    """A table that may still grow."""

    start: int
    end: int
    entries: list[tuple[Scalar, "_Item"]] = field(default_factory=list)
    index: dict[str, "_Item"] = field(default_factory=dict)
    declared: bool = False
    """By a header of its own."""
    dotted: bool = False
    """By dotted keys."""

    def put(self, key: Scalar, item: "_Item") -> None:
        """Add an entry; a key given again is kept, and what counts is the first, as the rest of the file expects."""
        self.entries.append((key, item))
        self.index.setdefault(str(key.value), item)


@dataclass(slots=True)
class _Tables:
    """A list of tables, made by `[[name]]`."""

    items: list[_Table]


_Item: TypeAlias = _Table | _Tables | Node
"""What a key stands for; a `Node` is complete, nothing may be added to it."""


class _Reader:
    """Reads a text statement by statement."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root = _Table(0, len(source.text))
        self.current = self.root
        self.scan = Scanner(source, source.text, self._refused, self._inline_table)

    def read(self) -> None:
        """Read all statements."""
        at, size = 0, len(self.source.text)
        try:
            while at < size:
                at = self._statement(at)
        except TooLarge:
            self._stopped(f"more than {MAX_NODES:,} keys and values: the rest is not read", self.current.end)
        except _TooManyErrors:
            return

    def _stopped(self, message: str, at: int) -> None:
        line = self.source.position(at).line
        self.problems.append(Problem("too-large", message, Site(self.source, Span(at, at)), (("line", str(line)),)))

    def _statement(self, at: int) -> int:
        """Read the next statement, or note why it cannot be read."""
        try:
            at = self.scan.blank_lines(at)
            if at == len(self.source.text):
                return at
            return self.scan.line_end(self._header(at) if self.source.text.startswith("[", at) else self._setting(at))
        except TomlError as error:
            self._note_error(error)
            return self._next_statement(at, error)

    def _next_statement(self, at: int, error: TomlError) -> int:
        """Where to read on behind an error in the statement at `at`: at the line of the error where that may be a statement
        of its own (a list was not closed), else on the next line."""
        text = self.source.text
        line = text.rfind("\n", 0, error.resume) + 1
        if line > at and error.resume < len(text) and not text[line : error.resume].strip():
            return line
        newline = text.find("\n", error.resume)
        return len(text) if newline < 0 else newline

    def problem(self, kind: str, message: str, start: int, end: int) -> None:
        """Add a problem; reading ends where there are too many."""
        line = self.source.position(start).line
        self.problems.append(Problem(kind, message, Site(self.source, Span(start, end)), (("line", str(line)),)))
        if len(self.problems) >= MAX_ERRORS:
            raise _TooManyErrors

    def _refused(self, message: str, start: int, end: int) -> None:
        self.problem("toml-syntax", f"not TOML: {message}", start, end)

    def _note_error(self, error: TomlError) -> None:
        offset = min(error.offset, len(self.source.text))
        end = min(offset + 1, len(self.source.text))
        if str(error).startswith("nested more"):
            self.problem("too-deep", str(error), offset, end)
        else:
            self._refused(str(error), offset, end)

    def _header(self, at: int) -> int:
        """`[table]` or `[[list of tables]]`."""
        several = self.source.text.startswith("[[", at)
        closing = "]]" if several else "]"
        self.current = _Table(at, at)  # what follows a header that is refused belongs nowhere
        keys, end = self.scan.key(self.scan.blank(at + len(closing)))
        if not self.source.text.startswith(closing, end):
            raise TomlError(f"`{closing}` expected", end)
        end += len(closing)
        parent = self.root
        for key in keys[:-1]:
            parent = self._step(parent, key, at, end)
        self.current = self._listed(parent, keys[-1], at, end) if several else self._declared(parent, keys[-1], at, end)
        return end

    def _step(self, parent: _Table, key: Scalar, start: int, end: int) -> _Table:
        """The table under a key on the way of a header, made where there is none; of a list of tables the last one."""
        match parent.index.get(str(key.value)):
            case _Table() as table:
                return table
            case _Tables(items=items):
                return items[-1]
            case None:
                return self._new(parent, key, start, end)
        raise TomlError(f"`{key.value}` is not a table that can be added to", key.site.span.start)

    def _new(self, parent: _Table, key: Scalar, start: int, end: int) -> _Table:
        made = _Table(start, end)
        parent.put(key, made)
        self.scan.count()
        return made

    def _declared(self, parent: _Table, key: Scalar, start: int, end: int) -> _Table:
        match parent.index.get(str(key.value)):
            case None:
                table = self._new(parent, key, start, end)
            case _Table(declared=False, dotted=False) as table:
                table.start, table.end = start, end
            case _:
                self._refused(f"`{key.value}` is there already, and a table is declared once", key.site.span.start, key.site.span.end)
                table = self._new(parent, key, start, end)
        table.declared = True
        return table

    def _listed(self, parent: _Table, key: Scalar, start: int, end: int) -> _Table:
        made = _Table(start, end, declared=True)
        self.scan.count()
        match parent.index.get(str(key.value)):
            case None:
                parent.put(key, _Tables([made]))
            case _Tables(items=items):
                items.append(made)
            case _:
                self._refused(f"`{key.value}` is there already, and is no list of tables", key.site.span.start, key.site.span.end)
                parent.put(key, _Tables([made]))
        return made

    def _setting(self, at: int) -> int:
        """`key = value` of the current table."""
        end = self._pair(self.current, at, 0)
        if self.current is not self.root:
            self.current.end = end
        return end

    def _pair(self, table: _Table, at: int, depth: int) -> int:
        """A key with its value, put into a table; returns where the value ends."""
        keys, end = self.scan.key(at)
        if not self.source.text.startswith("=", end):
            raise TomlError("`=` expected behind a key", end)
        value, end = self.scan.value(self.scan.blank(end + 1), depth + 1)
        for key in keys[:-1]:
            table = self._dotted(table, key, end)
        last = keys[-1]
        if str(last.value) in table.index:
            first = next(key for key, _ in table.entries if key.value == last.value)
            self._refused(f"`{last.value}` is given already on line {first.site.line}", last.site.span.start, last.site.span.end)
        table.put(last, value)
        return end

    def _dotted(self, parent: _Table, key: Scalar, end: int) -> _Table:
        """The table under a part of a dotted key."""
        match parent.index.get(str(key.value)):
            case None:
                table = self._new(parent, key, key.site.span.start, end)
            case _Table(declared=False) as table:
                table.end = max(table.end, end)
            case _:
                raise TomlError(f"`{key.value}` is there already and cannot be added to here", key.site.span.start, end)
        table.dotted = True
        return table

    def _inline_table(self, at: int, depth: int) -> tuple[Node, int]:
        """A table in braces, on one line."""
        text, table = self.source.text, _Table(at, at)
        at = self._inside(at + 1)
        while not text.startswith("}", at):
            at = self._inside(self._pair(table, at, depth))
            if text.startswith(",", at):
                comma, at = at, self._inside(at + 1)
                if text.startswith("}", at):
                    self._refused("TOML 1.0 has no `,` before `}`", comma, comma + 1)
            elif not text.startswith("}", at):
                raise TomlError("`,` or `}` expected", at)
        table.end = at + 1
        self.scan.count()
        return _frozen(table, self.source), at + 1

    def _inside(self, at: int) -> int:
        """Behind blanks in braces; a line end there is refused and read over."""
        at = self.scan.blank(at)
        if self.source.text.startswith(("\n", "\r\n", "#"), at):
            self._refused("in TOML 1.0 a table in braces stands on one line", at, at + 1)
            return self.scan.blank_lines(at)
        return at


def _frozen(item: _Item, source: Source) -> Node:
    """The finished node of a table."""
    match item:
        case _Table(start=start, end=end, entries=entries):
            made = tuple(Entry(key, _frozen(value, source)) for key, value in entries)
            return Mapping(made, Site(source, Span(start, end)))
        case _Tables(items=items):
            site = Site(source, Span(items[0].start, items[-1].end))
            return Sequence(tuple(_frozen(each, source) for each in items), site)
    return item
