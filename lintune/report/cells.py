"""Text as a terminal shows it: tabs, wide characters, combining marks, and characters that would do harm.

A checked repository is untrusted: an escape sequence or a bidirectional override in a script must not reach the
terminal, so control characters are shown as U+FFFD; so are bytes that were not UTF-8 (surrogate characters).
"""

from lintune.source.record import dataclass

TAB = 4
"""Cells to which a tab advances."""
_HARMFUL = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x061C,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xDC80, 0xDD00),
)
_SHOWN_AS = dict.fromkeys(_HARMFUL, "\ufffd")


def harmless(text: str) -> str:
    """A one-line text for the terminal: control and direction characters as U+FFFD, line breaks and tabs as a space."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ").translate(_SHOWN_AS)


def width(text: str) -> int:
    """How many cells a harmless text takes."""
    return len(text) if text.isascii() else sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if char < "\u0300":
        return 1
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


@dataclass(frozen=True, slots=True)
class CellLine:
    """A source line laid out in cells."""

    pieces: tuple[str, ...]
    """What is shown for each character."""
    starts: tuple[int, ...]
    """The cell at which each character starts, and last the width of the line."""

    def cell(self, index: int) -> int:
        """The cell of a character, or the line's width past its end."""
        return self.starts[min(max(index, 0), len(self.starts) - 1)]

    def cut(self, first: int, last: int) -> str:
        """What is shown between two cells; a wide character that is cut through becomes a blank."""
        text, begun = "", False
        for piece, start, end in zip(self.pieces, self.starts, self.starts[1:], strict=False):
            if start >= first and end <= last:
                text += piece if begun else " " * (start - first) + piece
                begun = True
        return text


def lay_out(line: str) -> CellLine:
    """A line (without its line ending) in cells."""
    pieces: list[str] = []
    starts = [0]
    for char in line:
        at = starts[-1]
        piece = " " * (TAB - at % TAB) if char == "\t" else char.translate(_SHOWN_AS)
        pieces.append(piece)
        starts.append(at + (len(piece) if char == "\t" else _cells(piece)))
    return CellLine(tuple(pieces), tuple(starts))


def wrapped(text: str, first: str, indent: str, columns: int) -> list[str]:
    """A text folded at spaces into lines of at most `columns` cells: the first after `first`, others after `indent`."""
    lines, current, used = [], first, width(first)
    empty = True
    for word in harmless(text).split(" "):
        cells = width(word)
        if not empty and used + 1 + cells > columns:
            lines.append(current)
            current, used, empty = indent, width(indent), True
        current += word if empty else " " + word
        used += cells + (0 if empty else 1)
        empty = False
    return [*lines, current]
