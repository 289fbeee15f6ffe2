"""`echo` and `printf`."""

import re

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, join_words, known_text, slice_pieces, unknown_piece
from lintune.launch.word import Piece, Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Simple

_DIRECTIVE = re.compile(r"%([-0 +#]*)(\d*)(?:\.(\d+))?([a-zA-Z%])")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v", "\\": "\\"}


def unescaped(text: str) -> str:
    """Backslash escapes as `echo -e` and `printf` read them."""

    def character(found: re.Match[str]) -> str:
        body = found.group(1)
        if body[0] == "x" and len(body) > 1:
            return chr(int(body[1:], 16))
        if body[0] in "01234567":
            return chr(int(body, 8) & 255)
        return _ESCAPES.get(body, "\\" + body)

    return _ESCAPE.sub(character, text) if "\\" in text else text


def echo(machine: Machine, argv: list[Word], node: Simple) -> None:
    """Writes its arguments."""
    if machine.output is None:
        return
    words, newline, escapes = argv[1:], True, False
    while words and re.fullmatch(r"-[neE]+", words[0].text):
        newline = newline and "n" not in words[0].text
        escapes = "e" in words[0].text or escapes
        words = words[1:]
    site = machine.site(node.span)
    pieces = join_words(words, " ", site)
    if escapes:
        pieces = tuple(
            [piece if piece.reason or "\\" not in piece.text else Piece(unescaped(piece.text), piece.site, piece.via) for piece in pieces]
        )
    machine.output.extend(pieces)
    if newline:
        machine.output.append(Piece("\n", site))


def printf(machine: Machine, argv: list[Word], node: Simple) -> None:
    """Writes its arguments in a format."""
    words, target = argv[1:], ""
    if len(words) > 1 and words[0].text == "-v":
        target, words = words[1].text, words[2:]
    if words and words[0].text == "--":
        words = words[1:]
    if not words or (machine.output is None and not target):
        return
    site = machine.site(node.span)
    format_ = known_text(words[0].pieces)
    if format_ is None or any(word.many for word in words):
        pieces: Pieces = (unknown_piece(site, "the output of `printf`"),)
    else:
        pieces = _formatted(machine, format_, words[0].pieces, words[1:], site)
    if target:
        machine.assign(target, pieces, site)
    elif machine.output is not None:
        machine.output.extend(pieces)


def _formatted(machine: Machine, text: str, pieces: Pieces, words: list[Word], site: Site) -> Pieces:
    found: list[Piece] = []
    at, takes = 0, len(list(_DIRECTIVE.finditer(text.replace("%%", ""))))
    while True:
        before = at
        position = 0
        for directive in _DIRECTIVE.finditer(text):
            found.extend(_plain(text, pieces, position, directive.start(), site))
            position = directive.end()
            if directive.group(4) == "%":
                found.append(Piece("%", site))
                continue
            word = words[at] if at < len(words) else None
            at += 1
            found.extend(_converted(machine, directive, word, site))
        found.extend(_plain(text, pieces, position, len(text), site))
        machine.step()
        if at >= len(words) or at == before or not takes:
            return tuple(found)


def _plain(text: str, pieces: Pieces, start: int, end: int, site: Site) -> Pieces:
    part = text[start:end]
    if "\\" not in part:
        return slice_pieces(pieces, start, end)
    return (Piece(unescaped(part), site),)


def _converted(machine: Machine, directive: re.Match[str], word: Word | None, site: Site) -> Pieces:
    flags, width, precision, letter = directive.groups()
    pieces = word.pieces if word is not None else ()
    if letter == "s" and not width and precision is None:
        return pieces
    text = known_text(pieces)
    if text is None or len(width) > 4:
        return (unknown_piece(site, "a part of what `printf` writes"),)
    if letter in "diu":
        number = arithmetic(machine, pieces, site)
        if isinstance(number, str):
            return (unknown_piece(site, number),)
        return (Piece(f"%{flags}{width}d" % number, site),)
    if letter in "feg":
        try:
            return (Piece(f"%{flags}{width}{'.' + precision[:3] if precision else ''}{letter}" % float(text or "0"), site),)
        except (ValueError, OverflowError):
            return (unknown_piece(site, "a number that `printf` refuses"),)
    if letter in "xXo":
        number = arithmetic(machine, pieces, site)
        return (unknown_piece(site, number),) if isinstance(number, str) else (Piece(f"%{flags}{width}{letter}" % number, site),)
    if letter == "b":
        return (Piece(unescaped(text), site),)
    if letter == "s":
        shown = text[: int(precision[:6])] if precision else text
        return (Piece(f"%{flags.replace('0', '')}{width}s" % shown, site),)
    return (unknown_piece(site, f"`%{letter}` of `printf` is not followed"),)
