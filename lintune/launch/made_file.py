"""The text of a file that a script writes itself, with the places of the script."""

from collections.abc import Iterator

from lintune.launch.word import Piece
from lintune.source.record import dataclass, field
from lintune.source.text import Source


@dataclass(slots=True, eq=False)
class MadeFile:
    """A file that a script writes before a command runs."""

    pieces: tuple[Piece, ...] | None
    """What it holds; None where that is not known."""
    _read: dict[str, Source | None] = field(default_factory=dict, repr=False)

    def source(self, name: str) -> Source | None:
        """Its text under its name, read once; None where what it holds is not known as written."""
        if name not in self._read:
            self._read[name] = _source(name, self.pieces) if self.pieces else None
        return self._read[name]

    @property
    def read(self) -> tuple[Source, ...]:
        """Its text under every name under which it was read."""
        return tuple(source for source in self._read.values() if source is not None)


def _source(name: str, pieces: tuple[Piece, ...]) -> Source | None:
    """The script's text with everything blank that is not in the file.

    A value that came through a variable stands in the place of `$NAME`, where there is room for it. None where the pieces do
    not stand in one script one after the other.
    """
    whole = pieces[0].site.source if not pieces[0].via else pieces[0].via[0].source
    parts: list[str] = []
    at, line_ends = 0, False
    for start, end, text in _placed(pieces):
        if text == "\n" and end - start != 1:
            line_ends = True  # `echo` ends the line; so does the script, or the next text is not where it seems
            continue
        between = whole.text[at:start]
        if start < at or len(text) > end - start or (line_ends and "\n" not in between):
            return None
        if ("\n" in text or "\n" in whole.text[start:end]) and text != whole.text[start:end]:
            return None
        parts += [_blank(between), text.ljust(end - start)]
        at, line_ends = end, False
    if any((piece.via[0] if piece.via else piece.site).source is not whole or piece.reason for piece in pieces):
        return None
    parts.append(_blank(whole.text[at:]))
    return Source(whole.path, "".join(parts), whole.encoding, whole.newline, part_of=whole, file_name=name)


def _placed(pieces: tuple[Piece, ...]) -> Iterator[tuple[int, int, str]]:
    """Where each piece stands in the script, and its text."""
    for piece in pieces:
        span = (piece.via[0] if piece.via else piece.site).span
        yield span.start, span.end, piece.text


def _blank(text: str) -> str:
    return "".join([letter if letter in "\r\n" else " " for letter in text])
