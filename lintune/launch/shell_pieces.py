"""Texts in pieces: cutting, splitting and joining them without losing where their characters are written."""

import re
from typing import TypeAlias

from lintune.launch.word import UNKNOWN_TEXT, Piece, Word
from lintune.source.text import Site, Span

Pieces: TypeAlias = tuple[Piece, ...]
"""A text of known and unknown runs."""

_NOT_BLANK = re.compile(r"[^ \t\n]+")


def unknown_piece(site: Site, reason: str) -> Piece:
    """A run of characters that is not known."""
    return Piece(UNKNOWN_TEXT, site, (), reason)


def known_text(pieces: Pieces) -> str | None:
    """The text if every piece is known."""
    if len(pieces) == 1:
        return None if pieces[0].reason else pieces[0].text
    for piece in pieces:
        if piece.reason:
            return None
    return "".join(piece.text for piece in pieces)


def shown_text(pieces: Pieces) -> str:
    """The text, unknown runs as `UNKNOWN_TEXT`."""
    return "".join(piece.text for piece in pieces)


def reason_of(pieces: Pieces) -> str:
    """Why a text is unknown."""
    return next((piece.reason for piece in pieces if piece.reason), "")


def cut_piece(piece: Piece, start: int, end: int) -> Piece:
    """Some characters of a known piece; the site shrinks with them where each character stands for itself."""
    if start == 0 and end == len(piece.text):
        return piece
    span = piece.site.span
    if span.end - span.start == len(piece.text):
        site = Site(piece.site.source, Span(span.start + start, span.start + end))
        return Piece(piece.text[start:end], site, piece.via)
    return Piece(piece.text[start:end], piece.site, piece.via)


def slice_pieces(pieces: Pieces, start: int, end: int) -> Pieces:
    """The characters from `start` to `end` of a text; an unknown piece counts as one character."""
    found: list[Piece] = []
    at = 0
    for piece in pieces:
        length = len(piece.text)
        low, high = max(start - at, 0), min(end - at, length)
        if low < high:
            found.append(piece if piece.reason else cut_piece(piece, low, high))
        at += length
    return tuple(found)


def through(pieces: Pieces, site: Site) -> Pieces:
    """The pieces as they arrive through an expansion at `site`."""
    return tuple([Piece(piece.text, piece.site, (site, *piece.via), piece.reason) for piece in pieces])


def same_text(left: Pieces, right: Pieces) -> bool:
    """Whether two texts are certainly equal (unknown pieces: of the same reason and place)."""
    if left is right:
        return True
    a, b = known_text(left), known_text(right)
    if a is not None or b is not None:
        return a == b
    return [(p.text, p.reason, p.site.span) for p in left] == [(p.text, p.reason, p.site.span) for p in right]


def join_words(words: list[Word], separator: str, site: Site) -> Pieces:
    """Words joined to one text."""
    pieces: list[Piece] = []
    for index, word in enumerate(words):
        if index and separator:
            pieces.append(Piece(separator, site))
        pieces.extend(word.pieces)
        if word.many and not any(piece.reason for piece in word.pieces):
            pieces.append(unknown_piece(site, "any number of words"))
    return tuple(pieces)


def trimmed(pieces: Pieces) -> Pieces:
    """Without the line ends at the end, as `$(...)` gives it."""
    found = list(pieces)
    while found and not found[-1].reason:
        last = found[-1]
        kept = last.text.rstrip("\n")
        if kept == last.text:
            break
        found.pop()
        if kept:
            found.append(cut_piece(last, 0, len(kept)))
            break
    return tuple(found)


def lines_of(pieces: Pieces) -> list[Pieces]:
    """The lines of a text, without their line ends."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.reason or "\n" not in piece.text:
            lines[-1].append(piece)
            continue
        at = 0
        for index, part in enumerate(piece.text.split("\n")):
            if index:
                lines.append([])
            if part:
                lines[-1].append(cut_piece(piece, at, at + len(part)))
            at += len(part) + 1
    if not lines[-1]:
        lines.pop()
    return [tuple(line) for line in lines]


def split_fields(pieces: Pieces, separators: str) -> list[Pieces]:
    """A text cut into words at the separators of `IFS`: runs of blanks cut once, other characters each time."""
    if not separators.strip(" \t\n"):
        return _split_blanks(pieces, _NOT_BLANK if separators == " \t\n" else re.compile(f"[^{re.escape(separators)}]+"))
    blanks = "".join(char for char in separators if char in " \t\n")
    fields: list[list[Piece]] = []
    current: list[Piece] = []
    filled = after_hard = False
    for piece in pieces:
        if piece.reason:
            current.append(piece)
            filled = True
            continue
        start = 0
        for at, char in enumerate(piece.text):
            if char not in separators:
                continue
            if at > start:
                current.append(cut_piece(piece, start, at))
                filled = True
            start = at + 1
            if char in blanks:
                if filled:
                    fields.append(current)
                    current, filled, after_hard = [], False, True
            elif filled or not after_hard:
                fields.append(current)
                current, filled = [], False
            else:
                after_hard = False
        if start < len(piece.text):
            current.append(cut_piece(piece, start, len(piece.text)))
            filled = True
    if filled:
        fields.append(current)
    return [tuple(field) for field in fields]


def _split_blanks(pieces: Pieces, word: re.Pattern[str]) -> list[Pieces]:
    """Cut at runs of blanks only, as nearly every script does."""
    fields: list[Pieces] = []
    current: list[Piece] = []
    for piece in pieces:
        if piece.reason:
            current.append(piece)
            continue
        end, text = 0, piece.text
        for found in word.finditer(text):
            start = found.start()
            if current and start > end:
                fields.append(tuple(current))
                current = []
            end = found.end()
            current.append(cut_piece(piece, start, end))
        if current and end < len(text):
            fields.append(tuple(current))
            current = []
    if current:
        fields.append(tuple(current))
    return fields
