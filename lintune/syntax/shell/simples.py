"""Simple commands as bash reads them: words, assignments, redirections, heredocs."""

import re

from lintune.source.text import Span
from lintune.syntax.shell.nodes import ArrayItem, Assignment, Literal, Part, Redirect, ShellWord, Simple
from lintune.syntax.shell.words import SKIP, WordReader

_BARE = re.compile(r"[\w./:,@%+=^-]+(?=[ \t\n;])", re.ASCII)
_ASSIGN = re.compile(r"([A-Za-z_]\w*)(\[(?:[^\]\[\n]|\[[^\]\n]*\])*\])?(\+?)=", re.ASCII)
_REDIRECT = re.compile(r"(\d+|\{[A-Za-z_]\w*\})?(<<<|<<-|<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\()|&>>|&>)", re.ASCII)
RESERVED = re.compile(
    r"(?:if|then|elif|else|fi|for|while|until|do|done|case|esac|function|select|time|coproc|\{|\}|!|\[\[)(?=[\s;|&()<>\0]|$)"
)
_DECLARING = frozenset(("export", "declare", "local", "readonly", "typeset"))
_KEY = re.compile(r"\[([^\]\n]*)\]=")


class SimpleReader(WordReader):
    """Reads simple commands; every method leaves `pos` behind what it read."""

    pending: list[tuple[Redirect, str, bool]]
    """Heredocs whose bodies follow the next newline: redirection, delimiter, whether it was quoted."""
    comments: list[Span]
    simples: list[Simple]
    """Every simple command, in the order of the text."""

    def unexpected(self, start: int, end: int) -> None:
        """Says that a token has no place here."""
        shown = self.text[start:end].replace("\n", "end of line")
        self.problem("shell-syntax", f"`{shown}` is not expected here", start, end)

    def blanks(self) -> None:
        """Past blanks, continuations and a comment."""
        text, end = self.text, self.end
        while self.pos < end:
            char = text[self.pos]
            if char in " \t" or char == SKIP:
                self.pos += 1
            elif char == "\\" and text.startswith("\n", self.pos + 1):
                self.pos += 2
            elif char == "#":
                stop = text.find("\n", self.pos, end)
                stop = end if stop < 0 else stop
                self.comments.append(Span(self.pos, stop))
                self.pos = stop
            else:
                return

    def newlines(self) -> None:
        """Past blanks and line ends, reading the heredocs that are due."""
        while True:
            self.blanks()
            if self.pos < self.end and self.text[self.pos] == "\n":
                self.newline()
            else:
                return

    def newline(self) -> None:
        """Past a line end and the bodies of the heredocs opened before it."""
        self.pos += 1
        pending, self.pending = self.pending, []
        for redirect, delimiter, raw in pending:
            self._heredoc(redirect, delimiter, raw)

    def _heredoc(self, redirect: Redirect, delimiter: str, raw: bool) -> None:
        start = at = self.pos
        stripped = redirect.operator == "<<-"
        while at < self.end:
            stop = self.text.find("\n", at, self.end)
            stop = self.end if stop < 0 else stop
            line = self.text[at:stop].replace(SKIP, "")
            if (line.lstrip("\t") if stripped else line) == delimiter:
                break
            at = min(stop + 1, self.end)
        else:
            stop = self.end
            self.problem("shell-syntax", f"the here-document is not closed by `{delimiter}`", redirect.span.start, redirect.span.end)
        if raw:
            word = ShellWord(Span(start, at), (Literal(Span(start, at), self.text[start:at].replace(SKIP, ""), True),))
        else:
            word = self.quoted_region(start, at)
        redirect.target = _without_tabs(word) if stripped else word
        self.pos = stop

    def reserved(self) -> str:
        """The reserved word at `pos`, or nothing."""
        found = RESERVED.match(self.text, self.pos, self.end)
        return found.group() if found else ""

    def next_word(self) -> ShellWord | None:
        """The next word of this command, if there is one."""
        self.blanks()
        before = self.pos
        word = self.word()
        return word if self.pos > before else None

    def redirects(self) -> tuple[Redirect, ...]:
        """The redirections at `pos`."""
        found: list[Redirect] = []
        while True:
            self.blanks()
            redirect = self._redirect()
            if redirect is None:
                return tuple(found)
            found.append(redirect)

    def _redirect(self) -> Redirect | None:
        found = _REDIRECT.match(self.text, self.pos, self.end)
        if not found or (found.group(2) == "<" and not found.group(1) and self.is_placeholder()):
            return None
        start = self.pos
        self.pos = found.end()
        operator = found.group(2)
        target = self.next_word()
        redirect = Redirect(Span(start, self.pos), operator, found.group(1) or "", target)
        if target is None:
            self.problem("shell-syntax", f"`{operator}` has no target", start, found.end())
        elif operator in ("<<", "<<-"):
            raw = any(isinstance(part, Literal) and part.quoted for part in target.parts)
            delimiter = target.literal()
            self.pending.append((redirect, self.source.slice(target.span) if delimiter is None else delimiter, raw))
            redirect.target = None
        return redirect

    def simple(self) -> Simple:
        """The simple command at `pos`; empty if there is none."""
        start = self.pos
        assignments: list[Assignment] = []
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        declarations: list[Assignment] = []
        text, stop, name = self.text, start, ""
        while self.pos < self.end:
            char = text[self.pos]
            if char in " \t\\#\0":
                self.blanks()
                if self.pos >= self.end:
                    break
                char = text[self.pos]
            if char == "\n" or char in ";|)" or (char == "&" and not text.startswith("&>", self.pos)):
                break
            if (not words or name in _DECLARING) and (found := _ASSIGN.match(text, self.pos, self.end)):
                (declarations if words else assignments).append(self._assignment(found))
            elif bare := _BARE.match(text, self.pos, self.end):
                span = Span(self.pos, bare.end())
                words.append(ShellWord(span, (Literal(span, bare.group()),)))
                self.pos = span.end
                if char in "0123456789" and text[self.pos] in "<>":
                    self.pos = span.start
                    words.pop()
            elif redirect := self._redirect():
                redirects.append(redirect)
                continue
            elif char == "(":
                self.unexpected(self.pos, self.pos + 1)
                self.pos += 1
            else:
                before = self.pos
                word = self.word()
                if self.pos == before:
                    break
                words.append(word)
            if len(words) == 1 and not name:
                name = words[0].literal() or "?"
            stop = self.pos
        simple = Simple(Span(start, stop), tuple(assignments), tuple(words), tuple(redirects), tuple(declarations))
        self.simples.append(simple)
        return simple

    def _assignment(self, found: re.Match[str]) -> Assignment:
        start = found.start()
        index = None
        if found.group(2):
            self.pos = start + len(found.group(1)) + 1
            index = self.quoted_region(self.pos, found.end(2) - 1)
        self.pos = found.end()
        assignment = Assignment(Span(start, start), found.group(1), bool(found.group(3)), index)
        if self.text.startswith("(", self.pos):
            assignment.items = self._array()
        else:
            assignment.value = self.word()
        assignment.span = Span(start, self.pos)
        return assignment

    def _array(self) -> tuple[ArrayItem, ...]:
        opened = self.pos
        self.pos += 1
        items: list[ArrayItem] = []
        while True:
            self.newlines()
            if self.pos >= self.end:
                self.unclosed("an array", opened, 1)
                return tuple(items)
            if self.text[self.pos] == ")":
                self.pos += 1
                return tuple(items)
            key = None
            found = _KEY.match(self.text, self.pos, self.end)
            if found:
                key = self.quoted_region(found.start(1), found.end(1))
                self.pos = found.end()
            before = self.pos
            word = self.word()
            if self.pos == before and not found:
                self.unexpected(before, before + 1)
                self.pos += 1
                continue
            items.append(ArrayItem(word, key))


def _without_tabs(word: ShellWord) -> ShellWord:
    """The body of `<<-`: leading tabs of each line removed."""
    parts: list[Part] = []
    fresh = True
    for part in word.parts:
        if not isinstance(part, Literal):
            parts.append(part)
            fresh = False
            continue
        at = part.span.start
        for line in part.text.splitlines(keepends=True):
            kept = line.lstrip("\t") if fresh else line
            shift = len(line) - len(kept)
            parts.append(Literal(Span(at + shift, at + len(line)), kept, True))
            at += len(line)
            fresh = line.endswith("\n")
    return ShellWord(word.span, tuple(parts))
