"""Words as they reach a command: expansion, splitting, braces, tildes, patterns of file names."""

from collections.abc import Iterable, Sequence

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_braces import has_braces, spread_braces
from lintune.launch.shell_machine import Abort, Machine, literal_pieces
from lintune.launch.shell_parameters import Fields, parameter
from lintune.launch.shell_patterns import has_pattern
from lintune.launch.shell_pieces import Pieces, join_words, split_fields, through, trimmed, unknown_piece
from lintune.launch.word import Piece, Word
from lintune.source.text import Site, Span
from lintune.syntax.shell.nodes import (
    Arithmetic,
    BadSubstitution,
    Literal,
    Parameter,
    Part,
    Placeholder,
    ProcessSubstitution,
    ShellWord,
    Substitution,
)


def expand_words(machine: Machine, words: Iterable[ShellWord]) -> list[Word]:
    """The arguments that words give, in order."""
    out: list[Word] = []
    plain = machine.frames[machine.frame].pieces is None
    source = machine.frames[machine.frame].source
    for word in words:
        parts = word.parts
        if len(parts) == 1 and plain:
            part = parts[0]
            if isinstance(part, Literal) and part.text and (part.quoted or not _is_special(part.text)):
                out.append(Word(Site(source, word.span), (Piece(part.text, Site(source, part.span)),)))
                continue
        if has_braces(parts):
            alternatives = spread_braces(parts)
            machine.steps += len(alternatives) + (word.span.end - word.span.start) // 2
            for alternative in alternatives:
                _Fields(machine, word.span, out).expand(alternative)
        else:
            _Fields(machine, word.span, out).expand(parts)
    return out


def _is_special(text: str) -> bool:
    return "*" in text or "?" in text or "[" in text or "{" in text or text[0] == "~" or "=~" in text


def expand_text(machine: Machine, word: ShellWord | None, assigned: bool = False) -> Pieces:
    """A word as one text, neither split nor matched against files: in assignments, `case`, here-strings."""
    if word is None:
        return ()
    pieces: list[Piece] = []
    for index, part in enumerate(word.parts):
        if isinstance(part, Literal):
            pieces.extend(_literal(machine, part, not index or (assigned and pieces[-1:] and pieces[-1].text.endswith(":"))))
            continue
        value = expand_part(machine, part)
        if isinstance(value, list):
            value = join_words(value, " ", machine.site(part.span))
        pieces.extend(value)
    if len(pieces) > 1:
        machine.produce(sum([len(piece.text) for piece in pieces]))
    return tuple(pieces)


def _literal(machine: Machine, part: Literal, first: object) -> Pieces:
    if first and not part.quoted and part.text.startswith("~") and part.text[1:2] in ("", "/"):
        home = machine.variable("HOME", machine.site(Span(part.span.start, part.span.start + 1))) or ()
        return (*home, *literal_pieces(machine, part.text[1:], Span(part.span.start + 1, part.span.end)))
    return literal_pieces(machine, part.text, part.span)


def expand_part(machine: Machine, part: Part) -> Pieces | list[Word]:
    """What one part of a word gives: a text, or several words where it is `$@` or an array."""
    match part:
        case Literal():
            return literal_pieces(machine, part.text, part.span)
        case Parameter():
            return parameter(machine, part)
        case Substitution():
            return substitution(machine, part)
        case Arithmetic():
            site = machine.site(part.span)
            value = arithmetic(machine, expand_text(machine, part.expression), site)
            return (unknown_piece(site, value),) if isinstance(value, str) else (Piece(str(value), site),)
        case Placeholder():
            return machine.unknown(part.span, f"`{part.text}` is a placeholder")
        case BadSubstitution():
            raise Abort
        case ProcessSubstitution():
            substitution(machine, Substitution(part.span, part.body))
            return machine.unknown(part.span, "a process substitution")


def substitution(machine: Machine, part: Substitution) -> Pieces:
    """The text that `$(...)` gives."""
    pieces = capture(machine, part)
    return through(trimmed(pieces), machine.site(part.span))


def capture(machine: Machine, part: Substitution) -> Pieces:
    """What the commands of a substitution write, in a state of their own."""
    from lintune.launch.shell_contents import read_by

    read = read_by(machine, part.body)
    if read is not None:
        return read
    saved = machine.state, machine.output, machine.stdin, machine.background
    machine.state, machine.output = machine.state.copy(), []
    try:
        machine.run_body(machine, part.body)
        return tuple(machine.output)
    finally:
        machine.state, machine.output, machine.stdin, machine.background = saved


class _Fields:
    """Collects the arguments of one word."""

    def __init__(self, machine: Machine, span: Span, out: list[Word]) -> None:
        self.machine = machine
        self.site = machine.site(span)
        self.out = out
        self.first = len(out)
        self.pieces: list[Piece] = []
        self.started = False
        self.firm = False
        """Whether the current argument holds anything that is certainly there."""
        self.glob = False
        self.origins: list[Site] = []

    def expand(self, parts: Sequence[Part]) -> None:
        """Expands the parts and closes the last argument."""
        for index, part in enumerate(parts):
            if isinstance(part, Literal):
                self._literal(part, index == 0)
                continue
            value = expand_part(self.machine, part)
            site = self.machine.site(part.span)
            if isinstance(part, Placeholder | ProcessSubstitution | BadSubstitution) or part.quoted or isinstance(value, Fields):
                self._quoted(value, site)
            elif isinstance(value, list):
                self._list(value, site)
            else:
                self._split(value, site)
        self._flush()
        if len(self.out) == self.first + 1:
            word = self.out[-1]
            if word.site is not self.site:
                self.out[-1] = Word(self.site, word.pieces, word.many)

    def _literal(self, part: Literal, first: bool) -> None:
        self.started = self.firm = True
        if not part.quoted and has_pattern(part.text) and ("*" in part.text or "?" in part.text):
            before = "".join(piece.text for piece in self.pieces)
            cut = min(at for at in (part.text.find("*"), part.text.find("?")) if at >= 0)
            before += part.text[:cut]
            self.glob = not before.startswith("-") and "=" not in before
        self.pieces.extend(_literal(self.machine, part, first))

    def _quoted(self, value: Pieces | list[Word], site: Site) -> None:
        if not isinstance(value, list):
            self.started = self.firm = True
            self.pieces.extend(value)
            return
        for index, word in enumerate(value):
            if index:
                self._flush()
            self._element(word, site)

    def _element(self, word: Word, site: Site) -> None:
        if word.many and not self.pieces:
            self.out.append(Word(site, word.pieces, True))
            return
        self.started = self.firm = True
        self.pieces.extend(word.pieces)
        self.origins.append(site)

    def _list(self, words: list[Word], site: Site) -> None:
        for index, word in enumerate(words):
            if index:
                self._flush()
            if word.many:
                self._element(word, site)
            else:
                self._split(word.pieces, site)

    def _split(self, value: Pieces, site: Site) -> None:
        separators = self.machine.separators()
        text = "".join([piece.text for piece in value])
        if not any(char in text for char in separators):
            if value:
                self._append(value, site)
            return
        if text[0] in separators and self.started:
            self._flush()
        fields = split_fields(value, separators)
        self.machine.produce(len(text))
        for index, field in enumerate(fields):
            if index:
                self._flush()
            self.started = True
            self._append(field, site)
        if fields and text[-1] in separators:
            self._flush()

    def _append(self, pieces: Pieces, site: Site) -> None:
        self.started = True
        self.pieces.extend(pieces)
        self.origins.append(site)
        if any(not piece.reason for piece in pieces):
            self.firm = True

    def _flush(self) -> None:
        if not self.started:
            return
        pieces = tuple(self.pieces)
        many = self.glob
        if not self.firm and pieces:
            many = not (self.out and _is_flag(self.out[-1]))
        site = self.origins[0] if self.origins and len(self.origins) == 1 else self.site
        self.machine.produce(len(pieces))
        self.out.append(Word(site, pieces, many))
        self.pieces, self.origins = [], []
        self.started = self.firm = self.glob = False


def _is_flag(word: Word) -> bool:
    if word.many or not word.pieces:
        return False
    text = word.text
    return text.startswith("-") and len(text) > 1 and "=" not in text and not word.pieces[0].reason
