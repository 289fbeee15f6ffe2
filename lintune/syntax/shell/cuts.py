"""Shell text that does not mean what it seems to: commands cut in two, full-width punctuation."""

import re
from collections.abc import Iterable, Iterator

from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.shell.nodes import Literal, ShellWord, Simple

_FLAG = re.compile(r"--?[A-Za-z]")
_OVERRIDE = re.compile(r"[+~]{0,2}[A-Za-z_]\w*(?:[.@/][\w.@/]+)+=")
_FULL_WIDTH = re.compile(
    "[\uff0c\u3002\uff1b\uff1a\u201c\u201d\u2018\u2019\uff08\uff09\uff0d\u2013\u2014\u2212\uff1d\u3000\u00a0\u200b\uff02\uff07]"
)
_PRINTING = frozenset(("echo", "printf", "log", "print"))
_BLANK_AFTER = re.compile(r"\\[ \t]+(?=\n|#|$)")


def text_problems(source: Source, text: str, simples: list[Simple]) -> Iterator[Problem]:
    """Every such place in the simple commands of a script."""
    wide = _FULL_WIDTH.search(text) is not None
    blank = _BLANK_AFTER.search(text) is not None
    for simple in simples:
        if not simple.words:
            continue
        if wide:
            yield from _full_width(source, simple)
        yield from _escaped_blanks(source, text, simple)
        if blank:
            yield from _trailing_blanks(source, text, simple)
    for first, lost in _fragments(simples):
        start = first.span.start
        before = text.rfind("\n", 0, start) + 1
        if before and not text[before:start].strip():
            yield from _cut(source, text, first, lost, before - 1)


def _fragments(simples: list[Simple]) -> Iterator[tuple[Simple, list[str]]]:
    """Commands that begin with an option, those that follow one another as one: its first part, and all options lost."""
    first, options = None, list[str]()
    for simple in simples:
        lost = _lost(simple.words) if simple.words else []
        if first is not None and not lost:
            yield first, options
            first, options = None, []
        if lost:
            first, options = first or simple, [*options, *lost]
    if first is not None:
        yield first, options


def _escaped_blanks(source: Source, text: str, simple: Simple) -> Iterator[Problem]:
    """The first backslash before a blank in the middle of a line, where a continuation was meant."""
    for word in simple.words[1:]:
        start, end = word.span.start, word.span.end
        if text[start : start + 1] == "\\" and not text[start + 1 : end].strip() and not _line_ends(text, _after_blanks(text, end)):
            message = "a backslash before a blank is an argument that consists of a blank: it continues a line only at its very end"
            yield Problem("escaped-blank", message, Site(source, Span(start, start + 1)))
            return


def _line_ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at] in "\n#"


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _trailing_blanks(source: Source, text: str, simple: Simple) -> Iterator[Problem]:
    for word in simple.words:
        found = _BLANK_AFTER.match(text, word.span.start)
        if found is None:
            continue
        what = "a blank and a comment follow" if text.startswith("#", found.end()) else "a blank follows"
        message = f"{what} the backslash, so the command ends here: only a backslash at the very end of the line continues it"
        yield Problem("trailing-backslash-blank", message, Site(source, Span(found.start(), found.end())))


def _lost(words: tuple[ShellWord, ...]) -> list[str]:
    """The options of a command that begins with one; nothing for any other command."""
    first = words[0].parts[0] if words[0].parts else None
    if not isinstance(first, Literal) or first.quoted or not (_FLAG.match(first.text) or _OVERRIDE.match(first.text)):
        return []
    texts = (word.parts[0].text for word in words if word.parts and isinstance(word.parts[0], Literal) and not word.parts[0].quoted)
    return [text for text in texts if _FLAG.match(text) or _OVERRIDE.match(text)]


def _cut(source: Source, text: str, simple: Simple, lost: list[str], line_end: int) -> Iterable[Problem]:
    """The cut before a command that begins with an option; `line_end` is the end of the line before it."""
    cause, place = "", Span(line_end, line_end)
    while line_end > 0:
        start = text.rfind("\n", 0, line_end) + 1
        line = text[start:line_end].rstrip("\0")
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            break
        cause = "a comment" if stripped else "a blank line"
        place = Span(start + len(line) - len(line.lstrip()), start + len(line)) if stripped else Span(start, min(start + 1, len(text)))
        if not start:
            return
        line_end = start - 1
    else:
        return
    if not cause:
        trailing = re.search(r"\\[ \t]+(?:#.*)?$", line)
        cause = "what follows the backslash" if trailing else "a missing backslash at the end of the line"
        begin = start + (trailing.start() if trailing else len(line.rstrip()) - 1)
        place = Span(begin, start + len(line.rstrip()) if not trailing else start + len(line))
    elif not line.endswith("\\") and not re.search(r"\\[ \t]+(?:#.*)?$", line):
        cause, begin = "a missing backslash at the end of the line", start + len(line.rstrip()) - 1
        place = Span(begin, begin + 1)
    names = ", ".join(f"`{name.split('=')[0]}`" for name in lost[:4]) + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")
    message = f"{cause} ends the command: {names} never reach it"
    flags = " ".join(name.split("=")[0] for name in lost)
    yield Problem("cut-command", message, Site(source, place), (("cause", cause), ("lost", flags), ("count", str(len(lost)))))


def _full_width(source: Source, simple: Simple) -> Iterator[Problem]:
    if simple.words[0].literal() in _PRINTING:
        return
    for word in simple.words:
        for part in word.parts:
            if isinstance(part, Literal) and not part.quoted and (found := _FULL_WIDTH.search(part.text)):
                at = part.span.start + found.start()
                char = found.group()
                message = f"`{char}` (U+{ord(char):04X}) is no shell punctuation: it becomes part of the word"
                yield Problem("full-width-punctuation", message, Site(source, Span(at, at + 1)), (("character", char),))
