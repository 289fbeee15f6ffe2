"""Keys and values of a TOML text, each with the place where it is written; accepts and means what `tomllib` does (TOML 1.0)."""

import re
from collections.abc import Callable

from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span
from lintune.syntax.tree import Node, Scalar, Sequence

MAX_DEPTH = 100
"""Deeper nesting of values or keys is refused: everything that walks a tree may recurse."""
MAX_NODES = 100_000
"""The number of keys and values that are read: far above any config, and about a second's work."""

# Patterns that a usual file does not need stay text: compiling all of them takes longer than reading a pyproject.toml.
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\n]|\r\n)*")
_COMMENT = re.compile(r"#[^\x00-\x08\x0a-\x1f\x7f]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"'([^'\x00-\x08\x0a-\x1f\x7f]*)'")
_PLAIN = re.compile(r'"([^"\\\x00-\x08\x0a-\x1f\x7f]*)"')
_ONE_LINE = r'[^"\\\x00-\x08\x0a-\x1f\x7f]*'
_LINES = r'(?:[^"\\\x00-\x08\x0b-\x1f\x7f]|\r\n)*'
_LITERAL_LINES = r"(?:[^\x00-\x08\x0b-\x1f\x7f]|\r\n)*?'''"
_LINE_JOINT = r"\\[ \t]*\r?\n(?:[ \t\n]|\r\n)*"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_DATE = (
    r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    rf"(?:[Tt ]{_TIME}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
)
_TIME_OF_DAY = _TIME
_NUMBER = (
    r"0(?:x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|b[01](?:_?[01])*|o[0-7](?:_?[0-7])*)"
    r"|[+-]?(?:0|[1-9](?:_?[0-9])*)(?P<real>(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)"
)
_SPECIAL = r"[+-]?(?:inf|nan)"
_WORD = r"[^\s,\]}#=]+"
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "e": "\x1b"}
_HEX = {"x": 2, "u": 4, "U": 8}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class TomlError(Exception):
    """Reading a statement cannot go on past `offset`; the next one is looked for from `resume`."""

    def __init__(self, message: str, offset: int, resume: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.resume = offset if resume is None else resume


class TooLarge(Exception):
    """There are more than `MAX_NODES` keys and values."""


ReadInline = Callable[[int, int], tuple[Node, int]]


@dataclass(slots=True)
class Scanner:
    """Reads keys and values at offsets of a text; every method returns where it ended."""

    source: Source
    text: str
    note: Callable[[str, int, int], None]
    """Called for what is refused but read on over: message, start, end."""
    inline_table: ReadInline | None = None
    """Reads a table in braces, given its offset and depth."""
    nodes: int = 0

    def blank_lines(self, at: int) -> int:
        """Behind blanks, line ends and comments."""
        text = self.text
        while True:
            found = _BLANK_LINES.match(text, at)
            at = found.end() if found else at
            if not text.startswith("#", at):
                return at
            at = self.comment(at)

    def blank(self, at: int) -> int:
        """Behind blanks on the same line."""
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def comment(self, at: int) -> int:
        """Behind the comment at `at`, before its line end."""
        found = _COMMENT.match(self.text, at)
        end = found.end() if found else at
        if end < len(self.text) and not self.text.startswith(("\n", "\r\n"), end):
            raise TomlError("a control character in a comment", end)
        return end

    def line_end(self, at: int) -> int:
        """Behind what may follow a statement: blanks, a comment, the line's end."""
        at = self.blank(at)
        if self.text.startswith("#", at):
            at = self.comment(at)
        if at < len(self.text) and not self.text.startswith(("\n", "\r\n"), at):
            raise TomlError("nothing may follow here on the line", at)
        return at

    def key(self, at: int) -> tuple[list[Scalar], int]:
        """A key, dotted or not: its parts, and the offset behind it and blanks."""
        parts = []
        while True:
            part, at = self._key_part(at)
            parts.append(part)
            at = self.blank(at)
            if not self.text.startswith(".", at):
                return parts, at
            if len(parts) >= MAX_DEPTH:
                raise TomlError(f"nested more than {MAX_DEPTH} levels deep", at)
            at = self.blank(at + 1)

    def value(self, at: int, depth: int = 0) -> tuple[Node, int]:
        """The value at `at`."""
        match self.text[at : at + 1]:
            case '"' | "'":
                value, end = self._string(at)
                return self._scalar(value, at, end, True), end
            case "[" | "{" as opening:
                if depth >= MAX_DEPTH:
                    raise TomlError(f"nested more than {MAX_DEPTH} levels deep", at)
                if opening == "[":
                    return self._array(at, depth)
                assert self.inline_table is not None
                return self.inline_table(at, depth)
        return self._bare(at)

    def count(self) -> None:
        """One more key or value was read."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise TooLarge

    def site(self, start: int, end: int) -> Site:
        """A place in the text."""
        return Site(self.source, Span(start, end))

    def _scalar(self, value: str | int | float | bool, start: int, end: int, quoted: bool) -> Scalar:
        self.count()
        return Scalar(self.text[start:end], value, self.site(start, end), quoted)

    def _key_part(self, at: int) -> tuple[Scalar, int]:
        text = self.text
        if text.startswith(('"', "'"), at):
            if text.startswith(('"""', "'''"), at):
                raise TomlError("a key in triple quotes", at)
            value, end = self._string(at)
            return self._scalar(value, at, end, True), end
        found = _BARE_KEY.match(text, at)
        if found is None:
            raise TomlError("a key expected", at)
        return self._scalar(found.group(), at, found.end(), False), found.end()

    def _array(self, at: int, depth: int) -> tuple[Node, int]:
        start, items = at, []
        at = self.blank_lines(at + 1)
        while not self.text.startswith("]", at):
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = self.blank_lines(at)
            if self.text.startswith(",", at):
                at = self.blank_lines(at + 1)
            elif self.text.startswith(('"', "'"), at):
                self.note("a `,` is missing before this", at, at + 1)
            elif not self.text.startswith("]", at):
                raise TomlError("`,` or `]` expected", at)
        self.count()
        return Sequence(tuple(items), self.site(start, at + 1)), at + 1

    def _bare(self, at: int) -> tuple[Node, int]:
        """A date, time, number or word without quotes."""
        text = self.text
        for word, truth in (("true", True), ("false", False)):
            if text.startswith(word, at):
                return self._scalar(truth, at, at + len(word), False), at + len(word)
        found = re.compile(_DATE).match(text, at) if text.startswith("-", at + 4) else None
        if found:
            year, month, day = map(int, found.groups())
            leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
            if not year or day > _DAYS[month - 1] or ((month, day) == (2, 29) and not leap):
                raise TomlError("there is no such date", at)
            return self._scalar(found.group(), at, found.end(), False), found.end()
        found = re.compile(_TIME_OF_DAY).match(text, at) if text.startswith(":", at + 2) else None
        if found:
            return self._scalar(found.group(), at, found.end(), False), found.end()
        found = re.compile(_NUMBER).match(text, at)
        if found:
            try:
                number = float(found.group()) if found.group("real") else int(found.group(), 0)
            except ValueError as error:
                raise TomlError(str(error), at) from error
            return self._scalar(number, at, found.end(), False), found.end()
        found = re.compile(_SPECIAL).match(text, at)
        if found:
            return self._scalar(float(found.group()), at, found.end(), False), found.end()
        raise TomlError(self._no_value(at), at)

    def _no_value(self, at: int) -> str:
        found = re.compile(_WORD).match(self.text, at)
        word = found.group()[:40] if found else ""
        if word in ("True", "False", "None"):
            return f"a value expected (`{word}` is Python, not TOML)"
        return f'a value expected (text stands in quotes: `"{word}"`)' if word[:1].isalpha() else "a value expected"

    def _string(self, at: int) -> tuple[str, int]:
        text = self.text
        if text.startswith(('"""', "'''"), at):
            return self._long_string(at) if text[at] == '"' else self._long_literal(at)
        found = (_PLAIN if text[at] == '"' else _LITERAL).match(text, at)
        if found:
            return found.group(1), found.end()
        if text[at] == "'":
            raise TomlError("a string without its closing quote, or with a control character", at)
        return self._escaped(at, at + 1, _ONE_LINE, '"')

    def _long_literal(self, at: int) -> tuple[str, int]:
        start = self._behind_newline(at + 3)
        found = re.compile(_LITERAL_LINES).match(self.text, start)
        if found is None:
            raise TomlError("a string without its closing `'''`, or with a control character", at, len(self.text))
        end = found.end()
        while end < found.end() + 2 and self.text.startswith("'", end):
            end += 1
        return self.text[start : end - 3].replace("\r\n", "\n"), end

    def _long_string(self, at: int) -> tuple[str, int]:
        value, end = self._escaped(at, self._behind_newline(at + 3), _LINES, '"""')
        more = 0
        while more < 2 and self.text.startswith('"', end + more):
            more += 1
        return value + '"' * more, end + more

    def _behind_newline(self, at: int) -> int:
        return at + (2 if self.text.startswith("\r\n", at) else 1 if self.text.startswith("\n", at) else 0)

    def _escaped(self, start: int, at: int, chunk: str, closing: str) -> tuple[str, int]:
        """A string with escapes that was opened at `start`, read from `at` up to `closing`."""
        text, parts, several = self.text, [], len(closing) > 1
        pattern = re.compile(chunk)
        while True:
            found = pattern.match(text, at)
            if found and found.end() > at:
                parts.append(found.group().replace("\r\n", "\n") if several else found.group())
                at = found.end()
            if text.startswith(closing, at):
                return "".join(parts), at + len(closing)
            if text.startswith('"', at):
                parts.append('"')
                at += 1
            elif text.startswith("\\", at):
                joint = re.compile(_LINE_JOINT).match(text, at) if several else None
                value, at = ("", joint.end()) if joint else self._escape(at)
                parts.append(value)
            elif at >= len(text) or text[at] in "\r\n":
                raise TomlError(f"a string without its closing `{closing}`", start, len(text) if several else at)
            else:
                raise TomlError("a control character in a string", at)

    def _escape(self, at: int) -> tuple[str, int]:
        letter = self.text[at + 1 : at + 2]
        size = _HEX.get(letter)
        if size is None:
            if letter not in _ESCAPES:
                raise TomlError("an escape that TOML does not have (a backslash is written `\\\\`, or the text in single quotes)", at)
            if letter == "e":
                self.note("TOML 1.0 has no escape `\\e`", at, at + 2)
            return _ESCAPES[letter], at + 2
        digits = self.text[at + 2 : at + 2 + size]
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{size}}}", digits):
            raise TomlError(f"`\\{letter}` needs {size} hexadecimal digits", at)
        if letter == "x":
            self.note("TOML 1.0 has no escape `\\x`", at, at + 2)
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise TomlError(f"`\\{letter}{digits}` is no character", at)
        return chr(code), at + 2 + size
