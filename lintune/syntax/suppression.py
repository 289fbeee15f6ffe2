"""Comments that silence findings: `# lintune: ignore[rule-name, CODE] reason`, also `ignore-file[...]` and `until=2026-12-31`."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span

if TYPE_CHECKING:
    from datetime import date

Kind = Literal["shell", "yaml", "python"]
"""Which comments a text has; JSON has none."""

_COMMENT = r"#[ \t]*lintune:[ \t]*(ignore|ignore-file)[ \t]*\[([^\]\n]*)\]([^\r\n]*)"
_UNTIL = r"\buntil[ \t]*=[ \t]*(\d{4})-(\d{2})-(\d{2})\b"


@dataclass(frozen=True, slots=True)
class Suppression:
    """What one comment silences."""

    names: tuple[str, ...]
    """Rule names or codes, as written."""
    reason: str
    """Why, in the author's words; may be empty."""
    site: Site
    """The comment from its `#` on."""
    lines: tuple[int, int]
    """The first and last line (from 1) whose findings it silences."""
    whole_file: bool = False
    until: "date | None" = None
    """The last day on which it counts."""


def find_suppressions(source: Source, comments: Iterable[Span] | None, kind: Kind, today: "date | None" = None) -> tuple[Suppression, ...]:
    """The suppressions of a text that still count today, in the order written.

    `comments` are the spans of its comments where a parser knows them (shell); with None they are looked for here.
    A comment behind other text covers its own line; one on a line of its own covers the next line that is neither
    blank nor a comment, in shell with all its continuation lines.
    """
    text = source.text
    if "lintune:" not in text:
        return ()
    is_comment = _within(comments) if comments is not None else _FINDERS[kind](text)
    found: list[Suppression] = []
    pattern, at = re.compile(_COMMENT), 0
    while match := pattern.search(text, at):
        at = match.end() if is_comment(match.start()) else match.start() + 1
        if at == match.end():
            suppression = _suppression(source, match, kind)
            if suppression.names and not _expired(suppression, today):
                found.append(suppression)
    return tuple(found)


def _suppression(source: Source, match: "re.Match[str]", kind: Kind) -> Suppression:
    inside, behind = match.group(2), match.group(3)
    until = re.search(_UNTIL, inside) or re.search(_UNTIL, behind)
    last = _day(until.groups()) if until else None
    names = tuple(name for name in (part.strip() for part in re.sub(_UNTIL, "", inside).split(",")) if name)
    reason = re.sub(_UNTIL, "", behind).strip(" \t-:,;\u2014")
    site = Site(source, Span(match.start(), match.start() + len(match.group().rstrip())))
    if match.group(1) == "ignore-file":
        return Suppression(names, reason, site, (1, max(1, source.line_count())), True, last)
    line = site.line
    trails = bool(source.text[source.line_span(line).start : match.start()].strip())
    return Suppression(names, reason, site, (line, line) if trails else _next_lines(source, line, kind), False, last)


def _day(parts: Sequence[str]) -> "date":
    from datetime import date

    try:
        return date(*map(int, parts))
    except ValueError:  # no such day: it never counts
        return date.min


def _expired(suppression: Suppression, today: "date | None") -> bool:
    from datetime import date

    return suppression.until is not None and suppression.until < (today or date.today())


def _next_lines(source: Source, line: int, kind: Kind) -> tuple[int, int]:
    """The lines of the next logical line behind a comment line; the comment's own where nothing follows."""
    count = source.line_count()
    first = line + 1
    while first <= count and (not (text := source.line_text(first).strip()) or text.startswith("#")):
        first += 1
    if first > count:
        return line, line
    last = first
    if kind != "yaml":
        while last < count and _continues(source.line_text(last)):
            last += 1
    return first, last


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _within(spans: Iterable[Span]) -> Callable[[int], bool]:
    known = tuple(spans)
    return lambda offset: any(span.start <= offset < span.end for span in known)


def _yaml_comments(text: str) -> Callable[[int], bool]:
    """A `#` that no scalar contains; behind a syntax error every `#` counts."""
    import yaml

    scalars: list[tuple[int, int]] = []
    with suppress(yaml.YAMLError, UnicodeError):
        tokens = yaml.scan(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        scalars.extend((token.start_mark.index, token.end_mark.index) for token in tokens if isinstance(token, yaml.ScalarToken))
    return lambda offset: (offset == 0 or text[offset - 1].isspace()) and not any(start <= offset < end for start, end in scalars)


def _python_comments(text: str) -> Callable[[int], bool]:
    """A `#` at which the tokenizer sees a comment."""
    from io import StringIO
    from tokenize import COMMENT, TokenError, generate_tokens

    places: set[tuple[int, int]] = set()
    with suppress(TokenError, SyntaxError):
        places.update(token.start for token in generate_tokens(StringIO(text).readline) if token.type == COMMENT)

    def is_comment(offset: int) -> bool:
        start = text.rfind("\n", 0, offset) + 1
        before = text.count("\n", 0, offset)
        return any(row == before + 1 and start + column <= offset for row, column in places)

    return is_comment


def _shell_comments(text: str) -> Callable[[int], bool]:
    """A `#` at the start of a word outside of quotes; here-documents are not told apart."""
    places: set[int] = set()
    for found in re.finditer(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|(?:(?<=[\s;&|()])|^)#[^\n]*", text, re.S | re.M):
        if found.group().startswith("#"):
            places.update(range(found.start(), found.end()))
    return places.__contains__


_FINDERS: dict[str, Callable[[str], Callable[[int], bool]]] = {
    "yaml": _yaml_comments,
    "python": _python_comments,
    "shell": _shell_comments,
}
