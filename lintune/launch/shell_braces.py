"""Brace expansion: `{a,b}` and `{1..4}`, before everything else."""

import re
from collections.abc import Sequence
from itertools import pairwise

from lintune.source.text import Span
from lintune.syntax.shell.nodes import Literal, Parameter, Part

MAX_WORDS = 1_000
"""Words that one word may be spread to."""

_NAME = re.compile(r"\w+", re.ASCII)
_MAX_PARTS = 2_000
"""Pieces of a word beyond which its braces are left alone."""
_RANGE = re.compile(r"(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?", re.ASCII)


def has_braces(parts: Sequence[Part]) -> bool:
    """Whether an unquoted brace may open an expansion."""
    return any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in parts)


def spread_braces(parts: Sequence[Part]) -> list[list[Part]]:
    """The words that braces make of one; more than `MAX_WORDS` leave it as it is."""
    characters: list[Part] = []
    for part in parts:
        if isinstance(part, Literal) and not part.quoted and part.span.end - part.span.start == len(part.text):
            at = 0
            for run in re.split(r"([{},])", part.text):
                if run:
                    start = part.span.start + at
                    characters.append(Literal(Span(start, start + len(run)), run))
                at += len(run)
        else:
            characters.append(part)
    words = _spread(characters, 0) if len(characters) <= _MAX_PARTS else None
    return [_glued(word) for word in words] if words is not None and 1 < len(words) <= MAX_WORDS else [list(parts)]


def _glued(parts: list[Part]) -> list[Part]:
    """`$A{b,c}` is `$Ab $Ac` to bash: braces come before names are read."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        glues = isinstance(last, Parameter) and last.span.end - last.span.start == len(last.name) + 1 and not last.name.isdigit()
        if glues and isinstance(last, Parameter) and isinstance(part, Literal) and not part.quoted and last.name.isidentifier():
            name = _NAME.match(part.text)
            if name:
                found[-1] = Parameter(Span(last.span.start, part.span.start + name.end()), last.name + name.group(), last.quoted)
                part = Literal(Span(part.span.start + name.end(), part.span.end), part.text[name.end() :])
                if not part.text:
                    continue
        found.append(part)
    return found


def _mark(part: Part) -> str:
    return part.text if isinstance(part, Literal) and not part.quoted and part.text in ("{", "}", ",") else ""


def _spread(parts: list[Part], depth: int) -> list[list[Part]] | None:
    if depth > 8:
        return None
    for start, part in enumerate(parts):
        if _mark(part) != "{":
            continue
        close, commas = _close(parts, start)
        if close < 0:
            continue
        alternatives = _alternatives(parts, start, close, commas, depth)
        if alternatives is None:
            continue
        tails = _spread(parts[close + 1 :], depth + 1)
        if tails is None or len(tails) * len(alternatives) > MAX_WORDS:
            return None
        head = parts[:start]
        return [[*head, *middle, *tail] for middle in alternatives for tail in tails]
    return [parts]


def _close(parts: list[Part], start: int) -> tuple[int, list[int]]:
    level, commas = 0, []
    for at in range(start, len(parts)):
        mark = _mark(parts[at])
        level += (mark == "{") - (mark == "}")
        if mark == "," and level == 1:
            commas.append(at)
        if not level:
            return at, commas
    return -1, []


def _alternatives(parts: list[Part], start: int, close: int, commas: list[int], depth: int) -> list[list[Part]] | None:
    if commas:
        found: list[list[Part]] = []
        edges = [start, *commas, close]
        for low, high in pairwise(edges):
            inner = _spread(parts[low + 1 : high], depth + 1)
            if inner is None or len(found) + len(inner) > MAX_WORDS:
                return None
            found.extend(inner)
        return found
    inside = parts[start + 1 : close]
    if len(inside) != 1 or not isinstance(inside[0], Literal) or not (range_ := _RANGE.fullmatch(inside[0].text)):
        return None
    span = Span(parts[start].span.start, parts[close].span.end)
    texts = _range(range_.group(1), range_.group(2), range_.group(3))
    return None if texts is None else [[Literal(span, text)] for text in texts]


def _range(low: str, high: str, step: str | None) -> list[str] | None:
    numeric = not low.isalpha() and not high.isalpha()
    if not numeric and not (low.isalpha() and high.isalpha()):
        return None
    first, last = (int(low), int(high)) if numeric else (ord(low), ord(high))
    by = abs(int(step)) if step and int(step) else 1
    if abs(last - first) // by > MAX_WORDS:
        return None
    numbers = range(first, last + 1, by) if first <= last else range(first, last - 1, -by)
    if not numeric:
        return [chr(number) for number in numbers]
    padded = any(text.lstrip("-").startswith("0") and len(text.lstrip("-")) > 1 for text in (low, high))
    width = max(len(low), len(high)) if padded else 0
    return [str(number).zfill(width) for number in numbers]
