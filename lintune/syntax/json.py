"""JSON into a tree with exact spans: accepts and means what `json.loads` does, and reads on over common slips."""

import re
from math import inf, nan

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.tree import Document, Entry, Mapping, Node, Scalar, Sequence, repeated_keys

MAX_DEPTH = 500
"""Deeper nesting is refused: `json.loads` itself stops near 1,000, and everything that walks a tree may recurse."""

MAX_NODES = 100_000
"""The number of keys and values that are read: far above any config, and about a second's work (a data set is no config)."""

MAX_NOTES = 200
"""The number of slips that are noted; reading goes on, and one is enough for `json.load` to refuse the file."""

_BLANK = re.compile(r"[ \t\n\r]*")
_PLAIN_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, str | float | bool | None] = {"null": None, "true": True, "false": False, "NaN": nan, "Infinity": inf, "-Infinity": -inf}
_WORD = re.compile(r"null|true|false|NaN|-?Infinity")
_PYTHON_WORD = re.compile(r"None|True|False|nan|inf")


def parse_json(source: Source) -> Document:
    """Parse a JSON text; no problem means that `json.loads` accepts it, and values are the same.

    Problems that reading goes on after: `json-trailing-comma`, `json-comment`, `duplicate-key`, `json-bom` (a byte
    order mark, which `json.load` refuses in a file opened as UTF-8), a `json-syntax` for a missing comma. Any other
    `json-syntax` ends it, at the place that `json.loads` names, as do `too-deep` and `too-large`; what came before is kept.
    """
    reader = _Reader(source, source.text)
    if source.encoding == "utf-8-sig":
        reader.note("json-bom", "the file starts with a byte order mark, which `json.load` refuses", 0, 0)
    try:
        reader.read()
    except _Stop as stop:
        if stop.kind == "json-syntax":
            reader.stopped(str(stop), stop.offset)
        else:
            reader.note(stop.kind, str(stop), stop.offset, stop.offset)
    return Document(reader.finish(), tuple(reader.problems))


class _Stop(Exception):
    """Reading cannot go on past this offset."""

    def __init__(self, message: str, offset: int, kind: str = "json-syntax") -> None:
        super().__init__(message)
        self.offset = offset
        self.kind = kind


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is still open."""

    start: int
    mapping: bool
    nodes: list[Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    key: Scalar | None = None
    end: int = 0


@dataclass(slots=True)
class _Reader:
    source: Source
    text: str
    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None
    stack: list[_Frame] = field(default_factory=list)
    nodes: int = 0

    def read(self) -> None:
        """Read the whole text with a stack of its own, so that no nesting can exhaust Python's."""
        at = self._blank(0)
        at = self._value(at)
        while self.stack:
            at = self._next(self._blank(at))
            if self.nodes > MAX_NODES:
                raise _Stop(f"more than {MAX_NODES:,} keys and values: the rest is not read", at, "too-large")
        at = self._blank(at)
        if at < len(self.text):
            raise _Stop("nothing may follow the first value", at)

    def finish(self) -> Node | None:
        """The root, with what an error left open closed where it broke off."""
        while self.stack:
            self._close(max(self.stack[-1].end, self.stack[-1].start + 1))
        return self.root

    def note(self, kind: str, message: str, start: int, end: int) -> None:
        """Add a problem, unless there are many."""
        if len(self.problems) >= MAX_NOTES:
            return
        line = self.source.position(start).line
        self.problems.append(Problem(kind, message, Site(self.source, Span(start, end)), (("line", str(line)),)))

    def stopped(self, message: str, offset: int) -> None:
        """Add the problem that ended the reading, with a hint where the slip is a known one."""
        found = _PYTHON_WORD.match(self.text, offset)
        if found:
            message += f" (`{found.group()}` is Python, not JSON)"
        elif self.text.startswith("'", offset):
            message += " (JSON strings stand in double quotes)"
        end = found.end() if found else min(offset + 1, len(self.text))
        self.note("json-syntax", f"not JSON: {message}", offset, end)

    def _next(self, at: int) -> int:
        """The next member of the innermost open list or mapping, or its end."""
        frame, text = self.stack[-1], self.text
        closing = "}" if frame.mapping else "]"
        first = not frame.nodes and not frame.entries
        if text.startswith(closing, at):
            self._close(at + 1)
            return at + 1
        if not first:
            if text.startswith(",", at):
                comma = at
                at = self._blank(at + 1)
                if text.startswith(closing, at):
                    self.note("json-trailing-comma", f"a comma before `{closing}`, which `json.load` refuses", comma, comma + 1)
                    self._close(at + 1)
                    return at + 1
            elif text[at : at + 1] == '"':
                self.note("json-syntax", "not JSON: a `,` is missing before this", at, at + 1)
            else:
                raise _Stop(f"`,` or `{closing}` expected", at)
        return self._member(at) if frame.mapping else self._value(at)

    def _member(self, at: int) -> int:
        if not self.text.startswith('"', at):
            raise _Stop("a key in double quotes expected", at)
        value, end = self._string(at)
        self.nodes += 1
        site = Site(self.source, Span(at, end))
        at = self._blank(end)
        if not self.text.startswith(":", at):
            raise _Stop("`:` expected", at)
        self.stack[-1].key = Scalar(site.text, value, site, True)
        return self._value(self._blank(at + 1))

    def _value(self, at: int) -> int:
        text = self.text
        match text[at : at + 1]:
            case '"':
                value, end = self._string(at)
                return self._scalar(value, at, end, True)
            case "{" | "[" as opening:
                if len(self.stack) >= MAX_DEPTH:
                    raise _Stop(f"nested more than {MAX_DEPTH} levels deep", at, "too-deep")
                self.stack.append(_Frame(at, opening == "{"))
                return at + 1
        found = _WORD.match(text, at)
        if found:
            return self._scalar(_WORDS[found.group()], at, found.end(), False)
        number = _NUMBER.match(text, at)
        if not number:
            raise _Stop("a value expected", at)
        whole, fraction, exponent = number.groups()
        try:
            read = float(number.group()) if fraction or exponent else int(whole)
        except ValueError as error:
            raise _Stop(str(error), at) from error
        return self._scalar(read, at, number.end(), False)

    def _string(self, at: int) -> tuple[str, int]:
        plain = _PLAIN_STRING.match(self.text, at)
        if plain:
            return plain.group(1), plain.end()
        from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

        try:
            value, end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise _Stop(_STRING_TROUBLE.get(error.msg.partition(":")[0].rstrip(" at"), error.msg), error.pos) from error
        return str(value), int(end)

    def _scalar(self, value: str | int | float | bool | None, start: int, end: int, quoted: bool) -> int:
        site = Site(self.source, Span(start, end))
        self._add(Scalar(self.text[start:end], value, site, quoted), end)
        return end

    def _add(self, node: Node, end: int) -> None:
        self.nodes += 1
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.end = end
        if frame.key is None:
            frame.nodes.append(node)
        else:
            frame.entries.append(Entry(frame.key, node))
            frame.key = None

    def _close(self, end: int) -> None:
        frame = self.stack.pop()
        site = Site(self.source, Span(frame.start, end))
        if frame.mapping:
            self.problems += repeated_keys(frame.entries)
            self._add(Mapping(tuple(frame.entries), site), end)
        else:
            self._add(Sequence(tuple(frame.nodes), site), end)

    def _blank(self, at: int) -> int:
        """Skip blanks; comments are skipped too, with a problem."""
        text = self.text
        while True:
            found = _BLANK.match(text, at)
            at = found.end() if found else at
            if text.startswith(("//", "#"), at):
                newline = text.find("\n", at)
                end = len(text) if newline < 0 else newline
            elif text.startswith("/*", at):
                closing = text.find("*/", at)
                if closing < 0:
                    raise _Stop("a comment without end", at)
                end = closing + 2
            else:
                return at
            self.note("json-comment", "JSON has no comments, and `json.load` refuses them", at, end)
            at = end


_STRING_TROUBLE = {
    "Unterminated string starting": "a string without its closing quote",
    "Invalid control character": "a line break or control character inside a string",
    "Invalid \\escape": "an escape that JSON does not have",
    "Invalid \\uXXXX escape": "`\\u` needs four hexadecimal digits",
}
