"""A word of a command after expansion: known and unknown pieces, each with where its characters are written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lintune.source.record import dataclass, field
from lintune.source.text import Site, Span

if TYPE_CHECKING:
    from lintune.launch.made_file import MadeFile

UNKNOWN_TEXT = "\ufffd"
"""How an unknown piece is written in a word's text."""
ANYWHERE = "*/"
"""Stands before the name of a file whose folder is not known."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one provenance."""

    text: str
    """The characters, or `UNKNOWN_TEXT` where they are not known."""
    site: Site
    """Where they are first written: in the command itself, or in the assignment they came from."""
    via: tuple[Site, ...] = ()
    """The expansions they came through, nearest to the command first: the site of `$MODEL` in the command, ..."""
    reason: str = ""
    """Why the piece is unknown; empty for a known one."""

    @property
    def known(self) -> bool:
        """Whether the characters are certain."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Word:
    """One argument as the program receives it."""

    site: Site
    """Where it stands in the command: the word itself, or the expansion (`$ARGS`) it was split from."""
    pieces: tuple[Piece, ...]
    many: bool = False
    """Whether it may stand for any number of arguments (an unquoted unknown expansion, a glob, `"$@"`)."""

    @property
    def text(self) -> str:
        """The characters, unknown pieces as `UNKNOWN_TEXT`."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def known(self) -> bool:
        """Whether every piece is known and it is exactly one argument."""
        return not self.many and all(not piece.reason for piece in self.pieces)

    @property
    def reason(self) -> str:
        """Why it is unknown: the first unknown piece's reason."""
        return next((piece.reason for piece in self.pieces if piece.reason), "")


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command that the script runs, with what it sees."""

    argv: tuple[Word, ...]
    site: Site
    """The whole command as written, its continuation lines included, redirections not."""
    env: Mapping[str, Word]
    """Exported variables and prefix assignments that reach it (not the inherited environment)."""
    cwd: str | None = "."
    """The working folder relative to where the script is started, after `cd`; None where it is not known."""
    certain: bool = True
    """Whether it runs in every execution (False behind a condition that is not known)."""
    background: bool = False
    """Whether it is started with `&`."""
    behind: tuple[Word, ...] = ()
    """The words of a wrapper that starts the shell whose text holds it: `srun -N 2` of `srun -N 2 bash -c "..."`."""
    made: "Mapping[str, MadeFile]" = field(default_factory=dict)
    """The files that the script has written before, by path from where it is started (or `ANYWHERE` and the name)."""


def word_tail(word: Word, offset: int) -> Word:
    """The word from a character offset on, as the value in `--name=value`; pieces keep their sites where they can."""
    pieces: list[Piece] = []
    for piece in word.pieces:
        if offset >= len(piece.text):
            offset -= len(piece.text)
        elif offset:
            pieces.append(_piece_tail(piece, offset))
            offset = 0
        else:
            pieces.append(piece)
    return Word(word.site, tuple(pieces), word.many)


def _piece_tail(piece: Piece, offset: int) -> Piece:
    site = piece.site
    if piece.text == site.text:
        site = Site(site.source, Span(site.span.start + offset, site.span.end))
    return Piece(piece.text[offset:], site, piece.via, piece.reason)
