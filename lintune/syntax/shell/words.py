"""Words as bash reads them: quoting, parameter expansions, substitutions, arithmetic."""

import re

from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.shell.nodes import (
    Arithmetic,
    BadSubstitution,
    Literal,
    Parameter,
    Part,
    Placeholder,
    ProcessSubstitution,
    ShellWord,
    Statement,
    Substitution,
)

SKIP = "\0"
"""A character that bash drops: NUL bytes, and what stands for a removed backslash or carriage return."""
MAX_DEPTH = 40
"""Nesting of substitutions and compound commands beyond which a script is not read further."""
MAX_ARITHMETIC = 20_000
"""Characters that an arithmetic expression may span."""
MAX_RECOVERIES = 20
"""How often an unclosed construct is given up and reading goes on at the next line."""

_PLAIN = re.compile(r"[^\s\\'\"$`|&;()<>\0]+|[\r\f\v\x1c-\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_QUOTED = re.compile(r'[^"\\$`\0]+')
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]+|[@*#?$!-]", re.ASCII)
_OPERATOR = re.compile(r":[-=?+]|[-=?+]|##?|%%?|//?|\^\^?|,,?|@(?=[A-Za-z]\})|:")
_PLACEHOLDER = re.compile(r"<(?=[^>\n]{0,80}?(?:[A-Z _-]|your|path|name|dir))[A-Za-z][\w .:,/|'-]{0,80}>(?=[\s;/\"'_.-]|$)")
_ANSI = re.compile(r"\\(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_ANSI_NAMES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}


class TooDeep(Exception):
    """The script nests deeper than `MAX_DEPTH`."""


class WordReader:
    """Reads words at `pos`; the command reader builds on it."""

    def __init__(self, source: Source, text: str) -> None:
        """`text` has the length of the source's; `SKIP` stands where a character is to be dropped."""
        self.source = source
        self.text = text
        self.pos = 0
        self.end = len(text)
        self.problems: list[Problem] = []
        self.depth = 0
        self.recoveries = 0

    def problem(self, kind: str, message: str, start: int, end: int, **data: str) -> None:
        """Records what could not be read as meant."""
        self.problems.append(Problem(kind, message, Site(self.source, Span(start, end)), tuple(data.items())))

    def is_placeholder(self) -> bool:
        """Whether `<...>` at `pos` looks like text to be replaced."""
        return _PLACEHOLDER.match(self.text, self.pos, self.end) is not None

    def substitution_body(self, closer: str) -> tuple[Statement, ...]:
        """Commands up to `closer`; `pos` is left on it."""
        raise NotImplementedError

    def unclosed(self, what: str, start: int, width: int) -> None:
        """An opening without its end: said, and reading goes on at the next line where that is cheap enough."""
        self.problem("shell-syntax", f"`{self.text[start : start + width]}` opens {what} that is never closed", start, start + width)
        self.recoveries += 1
        line_end = self.text.find("\n", start, self.end)
        self.pos = self.end if line_end < 0 or self.recoveries > MAX_RECOVERIES else line_end

    def word(self) -> ShellWord:
        """The word at `pos`; empty if there is none."""
        start, parts = self.pos, self.parts_until("", False)
        return ShellWord(Span(start, self.pos), tuple(parts))

    def parts_until(self, stop: str, quoted: bool) -> list[Part]:
        """Parts up to `stop` (left at `pos`), the word's end if `stop` is empty, or `end`.

        `quoted`: double-quote rules hold. In `${x:-...}` blanks are part of the argument.
        """
        parts: list[Part] = []
        text, plain = self.text, _QUOTED if quoted else _PLAIN
        while self.pos < self.end:
            start = self.pos
            if found := plain.match(text, start, self.end):
                self.pos = found.end()
                parts.append(Literal(Span(start, self.pos), found.group(), quoted))
                continue
            if text[start] == stop:
                break
            if not self._special(text[start], parts, bool(stop), quoted):
                break
        return parts

    def _special(self, char: str, parts: list[Part], enclosed: bool, quoted: bool) -> bool:
        """Reads what starts with a special character; False where the word ends."""
        start = self.pos
        if char == SKIP:
            self.pos += 1
        elif char == "\\":
            self._escape(parts, quoted)
        elif char == "$":
            self._dollar(parts, quoted)
        elif char == "`":
            self._backtick(parts, quoted)
        elif char == '"' and (not quoted or enclosed):
            self._double(parts)
        elif quoted:
            self.pos += 1
            parts.append(Literal(Span(start, self.pos), char, True))
        elif char == "'":
            self._single(parts)
        elif char in "<>" and self.text.startswith("(", start + 1) and not enclosed:
            self._process(parts)
        elif char == "<" and not enclosed and (found := _PLACEHOLDER.match(self.text, start, self.end)):
            self._placeholder(found, parts)
        elif char == "(" and parts and start and self.text[start - 1] in "?*+@!" and not enclosed:
            self._extended_glob(parts)
        elif enclosed:
            self.pos += 1
            parts.append(Literal(Span(start, self.pos), char))
        else:
            return False
        return True

    def _escape(self, parts: list[Part], quoted: bool) -> None:
        start = self.pos
        following = self.text[start + 1 : min(start + 2, self.end)]
        self.pos = min(start + 2, self.end)
        if following == "\n" or (not following and not quoted):
            return
        if quoted and following not in ("$", "`", '"', "\\", "}"):
            self.pos = start + 1
            parts.append(Literal(Span(start, self.pos), "\\", True))
        elif quoted and following == "}":
            parts.append(Literal(Span(start, self.pos), "\\}", True))
        else:
            parts.append(Literal(Span(start, self.pos), following, True))

    def _single(self, parts: list[Part]) -> None:
        start = self.pos
        close = self.text.find("'", start + 1, self.end)
        if close < 0:
            self.unclosed("a single quote", start, 1)
            parts.append(Literal(Span(start + 1, self.pos), self.text[start + 1 : self.pos], True))
            return
        self.pos = close + 1
        parts.append(Literal(Span(start + 1, close), self.text[start + 1 : close].replace(SKIP, ""), True))

    def _double(self, parts: list[Part]) -> None:
        start = self.pos
        self.pos += 1
        inner = self.parts_until('"', True)
        if self.pos >= self.end:
            self.unclosed("a double quote", start, 1)
            parts.append(Literal(Span(start + 1, self.pos), self.text[start + 1 : self.pos], True))
            return
        parts.extend(inner or [Literal(Span(start + 1, start + 1), "", True)])
        self.pos += 1

    def _placeholder(self, found: re.Match[str], parts: list[Part]) -> None:
        self.pos = found.end()
        parts.append(Placeholder(Span(found.start(), found.end()), found.group()))
        self.problem(
            "placeholder", f"bash reads the unquoted `{found.group()}` as redirections", found.start(), found.end(), text=found.group()
        )

    def _extended_glob(self, parts: list[Part]) -> None:
        start, level = self.pos, 0
        for at in range(start, self.end):
            char = self.text[at]
            level += (char == "(") - (char == ")")
            if char == "\n" or not level:
                break
        self.pos = min(at + 1, self.end) if not level else start + 1
        parts.append(Literal(Span(start, self.pos), self.text[start : self.pos]))

    def _process(self, parts: list[Part]) -> None:
        start = self.pos
        self.pos += 2
        body = self._nested(")")
        if self.pos >= self.end:
            self.unclosed("a process substitution", start, 2)
            return
        self.pos += 1
        parts.append(ProcessSubstitution(Span(start, self.pos), body))

    def _nested(self, closer: str) -> tuple[Statement, ...]:
        self.enter()
        body = self.substitution_body(closer)
        self.depth -= 1
        return body

    def enter(self) -> None:
        """One level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooDeep

    def _backtick(self, parts: list[Part], quoted: bool) -> None:
        start, at = self.pos, self.pos + 1
        while at < self.end and self.text[at] != "`":
            at += 2 if self.text[at] == "\\" else 1
        if at >= self.end:
            self.unclosed("a command substitution", start, 1)
            return
        inner = self.text[start + 1 : at]
        text, end = self.text, self.end
        if "\\" in inner:
            escaped = '[\\\\$`"]' if quoted else "[\\\\$`]"
            inner = re.sub(rf"\\({escaped})", SKIP + r"\1", inner)
            self.text = text[: start + 1] + inner + text[at:]
        self.pos, self.end = start + 1, at
        body = self._nested("")
        self.text, self.end, self.pos = text, end, at + 1
        parts.append(Substitution(Span(start, self.pos), body, quoted))

    def _dollar(self, parts: list[Part], quoted: bool) -> None:
        start, text = self.pos, self.text
        following = text[start + 1 : start + 2] if start + 1 < self.end else ""
        if following == "{":
            parts.append(self._braced(start, quoted))
        elif following == "(":
            if text.startswith("((", start + 1) and self._arithmetic(start, parts, quoted):
                return
            self._command(start, parts, quoted)
        elif following == "[":
            close = text.find("]", start, self.end)
            self.pos = start + 2
            parts.append(self._expression(start, close if close > 0 else self.end, 1, quoted))
        elif following == "'" and not quoted:
            self._ansi(start, parts)
        elif following == '"' and not quoted:
            self.pos += 1
            self._double(parts)
        elif following and (found := _NAME.match(text, start + 1, self.end)):
            name = found.group()
            name = name[0] if name[0].isdigit() else name
            self.pos = start + 1 + len(name)
            parts.append(Parameter(Span(start, self.pos), name, quoted))
        else:
            self.pos += 1
            parts.append(Literal(Span(start, self.pos), "$", quoted))

    def _command(self, start: int, parts: list[Part], quoted: bool) -> None:
        self.pos = start + 2
        body = self._nested(")")
        if self.pos >= self.end:
            self.unclosed("a command substitution", start, 2)
            return
        self.pos += 1
        parts.append(Substitution(Span(start, self.pos), body, quoted))

    def _ansi(self, start: int, parts: list[Part]) -> None:
        at = start + 2
        while at < self.end and self.text[at] != "'":
            at += 2 if self.text[at] == "\\" else 1
        if at >= self.end:
            self.unclosed("a quote", start, 2)
            return
        self.pos = at + 1
        parts.append(Literal(Span(start, self.pos), _ANSI.sub(_ansi_character, self.text[start + 2 : at]), True))

    def arithmetic_end(self, start: int, ends: str = "';`") -> int:
        """Where the `))` that closes the parentheses opened at `start - 2` stands; -1 if it is not arithmetic."""
        level, at = 0, start
        limit = min(self.end, start + MAX_ARITHMETIC)
        while at < limit:
            char = self.text[at]
            if char == "(":
                level += 1
            elif char == ")":
                if not level:
                    return at if self.text.startswith("))", at) else -1
                level -= 1
            elif char in ends:
                return -1
            at += 1
        return -1

    def _arithmetic(self, start: int, parts: list[Part], quoted: bool) -> bool:
        close = self.arithmetic_end(start + 3)
        if close < 0:
            return False
        self.pos = start + 3
        parts.append(self._expression(start, close, 2, quoted))
        return True

    def _expression(self, start: int, close: int, width: int, quoted: bool) -> Arithmetic:
        word = self.quoted_region(self.pos, close)
        self.pos = min(close + width, self.end)
        return Arithmetic(Span(start, self.pos), word, quoted)

    def quoted_region(self, start: int, close: int) -> ShellWord:
        """The text between two offsets as a word under double-quote rules (heredocs, arithmetic)."""
        end, self.end, self.pos = self.end, close, start
        self.enter()
        parts = self.parts_until("", True)
        self.depth -= 1
        self.end, self.pos = end, close
        return ShellWord(Span(start, close), tuple(parts))

    def _braced(self, start: int, quoted: bool) -> Part:
        self.pos = start + 2
        text = self.text
        flag = ""
        if text.startswith(("#", "!"), self.pos) and not text.startswith(("#}", "!}", "#-", "#:", "!:"), self.pos):
            flag = text[self.pos]
            self.pos += 1
        found = _NAME.match(text, self.pos, self.end)
        if not found:
            return self._bad(start)
        part = Parameter(Span(start, start), found.group(), quoted, length=flag == "#", indirect=flag == "!")
        self.pos = found.end()
        if text.startswith("[", self.pos):
            self.pos += 1
            part.index = self._argument("]", False)
            self.pos += 1
        if (operator := _OPERATOR.match(text, self.pos, self.end)) and not text.startswith("}", self.pos):
            self._operation(part, operator.group(), quoted)
        elif text.startswith(("*}", "@}"), self.pos) and part.indirect:
            part.operator = "prefix"
            self.pos += 1
        if self.pos >= self.end:
            self.unclosed("an expansion", start, 2)
            return Literal(Span(start, self.pos), text[start : self.pos], True)
        if text[self.pos] != "}":
            return self._bad(start)
        self.pos += 1
        part.span = Span(start, self.pos)
        return part

    def _operation(self, part: Parameter, operator: str, quoted: bool) -> None:
        self.pos += len(operator)
        part.operator = operator
        if operator in ("/", "//"):
            if operator == "/" and self.text.startswith(("#", "%"), self.pos):
                part.operator += self.text[self.pos]
                self.pos += 1
            slash = self.pos if operator == "//" and self.text.startswith("/", self.pos) else -1
            self.pos += slash >= 0
            part.argument = self._argument("/}", False)
            if slash >= 0:
                word = part.argument
                part.argument = ShellWord(Span(slash, word.span.end), (Literal(Span(slash, slash + 1), "/"), *word.parts))
            if self.text.startswith("/", self.pos):
                self.pos += 1
                part.second = self._argument("}", quoted)
        elif operator == ":":
            part.argument = self._argument(":}", True)
            if self.text.startswith(":", self.pos):
                self.pos += 1
                part.second = self._argument("}", True)
        else:
            part.argument = self._argument("}", quoted and operator[-1] in "-=?+")

    def _argument(self, stops: str, quoted: bool) -> ShellWord:
        start, parts = self.pos, list[Part]()
        self.enter()
        while self.pos < self.end:
            begin = self.pos
            char = self.text[begin]
            if char in stops:
                break
            if char in "\\$`'\"\0" and not (quoted and char == "'"):
                self._special(char, parts, True, quoted)
                continue
            at = begin + 1
            while at < self.end and self.text[at] not in "\\$`'\"\0" and self.text[at] not in stops:
                at += 1
            self.pos = at
            parts.append(Literal(Span(begin, at), self.text[begin:at], quoted))
        self.depth -= 1
        return ShellWord(Span(start, self.pos), tuple(parts))

    def _bad(self, start: int) -> Part:
        level, at = 0, start + 1
        while at < self.end and self.text[at] != "\n":
            level += (self.text[at] == "{") - (self.text[at] == "}")
            at += 1
            if not level:
                break
        if level:
            self.unclosed("an expansion", start, 2)
            return Literal(Span(start, self.pos), self.text[start : self.pos], True)
        self.pos = at
        text = self.text[start:at]
        self.problem("bad-substitution", f"`{text}` is no expansion that bash knows: it gives up the whole command", start, at, text=text)
        return BadSubstitution(Span(start, at), text)


def _ansi_character(found: re.Match[str]) -> str:
    body = found.group()[1:]
    if body[0] in "xuU" and len(body) > 1:
        code = int(body[1:], 16)
        return chr(code) if 0 < code < 0x110000 else ""
    if body[0] in "01234567":
        return chr(int(body, 8) & 255)
    return _ANSI_NAMES.get(body, body if body in "\\'\"?" else "\\" + body)
