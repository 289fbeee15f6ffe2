"""`${name%...}`, `/`, `^`, `,`, `:`, `@`: what becomes of one text."""

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_folders import SCRIPT_FOLDER, SCRIPT_NAME
from lintune.launch.shell_machine import Abort, Machine
from lintune.launch.shell_patterns import compile_pattern, literal_tail, prefix_ends, replacements, suffix_starts
from lintune.launch.shell_pieces import Pieces, join_words, known_text, reason_of, slice_pieces, through, unknown_piece
from lintune.launch.word import Piece
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Literal, Parameter, ShellWord


def operate(machine: Machine, part: Parameter, value: Pieces, site: Site) -> Pieces:
    """`# % / ^ , : @` on one text."""
    match part.operator:
        case "":
            return value
        case "#" | "##" | "%" | "%%":
            return _strip(machine, part, value, site)
        case "/" | "//" | "/#" | "/%":
            return _replace(machine, part, value, site)
        case ":":
            return _substring(machine, part, value, site)
    text = known_text(value)
    if text is None:
        return (unknown_piece(site, reason_of(value)),)
    changed = _folded(part.operator, text)
    if part.operator == "@":
        letter = (part.argument.literal() if part.argument else "") or ""
        folds = {"U": text.upper(), "L": text.lower(), "u": text[:1].upper() + text[1:], "E": text}
        changed = folds.get(letter, text)
        if letter not in folds:
            return (unknown_piece(site, f"`@{letter}` is not followed"),)
    return value if changed == text else (Piece(changed, site, tuple(_sites(value))),)


def _sites(value: Pieces) -> list[Site]:
    return [piece.site for piece in value[:1]]


def _folded(operator: str, text: str) -> str:
    match operator:
        case "^^":
            return text.upper()
        case ",,":
            return text.lower()
        case "^":
            return text[:1].upper() + text[1:]
        case ",":
            return text[:1].lower() + text[1:]
    return text


def pattern_runs(machine: Machine, word: ShellWord | None) -> list[tuple[str, bool]] | None:
    """A pattern's text with which of it is quoted; None where it is not known."""
    from lintune.launch.shell_expand import expand_part

    runs: list[tuple[str, bool]] = []
    for part in word.parts if word else ():
        if isinstance(part, Literal):
            runs.append((part.text, part.quoted))
            continue
        quoted = getattr(part, "quoted", False)
        value = expand_part(machine, part)
        text = known_text(value) if isinstance(value, tuple) else known_text(join_words(value, " ", machine.site(part.span)))
        if text is None:
            return None
        runs.append((text, quoted))
    return runs


def _strip(machine: Machine, part: Parameter, value: Pieces, site: Site) -> Pieces:
    runs = pattern_runs(machine, part.argument)
    tokens = compile_pattern(runs) if runs is not None else None
    text = known_text(value)
    if tokens is None:
        return (unknown_piece(site, "a pattern that is not known"),)
    front = part.operator[0] == "#"
    if text is None:
        return _strip_unknown(part, value, site, "".join(run for run, _ in runs or []))
    places = prefix_ends(tokens, text) if front else suffix_starts(tokens, text)
    if places is None:
        return (unknown_piece(site, "a pattern that costs too much to match"),)
    if not places:
        return value
    at = places[-1] if len(part.operator) == 2 else places[0]
    return slice_pieces(value, at, len(text)) if front else slice_pieces(value, 0, at)


def _strip_unknown(part: Parameter, value: Pieces, site: Site, pattern: str) -> Pieces:
    """What is certain of a partly unknown text: the end behind `##*/`, the beginning before `%`."""
    if part.operator == "##" and pattern.startswith("*") and len(pattern) > 1 and "*" not in pattern[1:]:
        tail = literal_tail(value)
        at = tail.rfind(pattern[1:])
        if at >= 0:
            total = sum(len(piece.text) for piece in value)
            return slice_pieces(value, total - len(tail) + at + len(pattern) - 1, total)
    if part.operator == "%" and pattern == "/*":
        if len(value) == 1 and value[0].reason == SCRIPT_NAME:
            return (unknown_piece(site, SCRIPT_FOLDER),)
        tail = literal_tail(value)
        if "/" in tail:
            return slice_pieces(value, 0, sum(len(piece.text) for piece in value) - len(tail) + tail.rfind("/"))
    if part.operator == "%" and pattern and not set(pattern) & set("*?[") and (tail := literal_tail(value)):
        if tail.endswith(pattern):
            return slice_pieces(value, 0, sum(len(piece.text) for piece in value) - len(pattern))
        if len(tail) >= len(pattern):
            return value
    return (unknown_piece(site, reason_of(value)),)


def _replace(machine: Machine, part: Parameter, value: Pieces, site: Site) -> Pieces:
    runs = pattern_runs(machine, part.argument)
    tokens = compile_pattern(runs) if runs is not None else None
    text = known_text(value)
    if text is None or tokens is None:
        return (unknown_piece(site, reason_of(value) or "a pattern that is not known"),)
    if not tokens:
        return value
    if part.operator == "/#":
        ends = prefix_ends(tokens, text)
        places = [(0, ends[-1])] if ends else ([] if ends is not None else None)
    elif part.operator == "/%":
        starts = suffix_starts(tokens, text)
        places = [(starts[-1], len(text))] if starts else ([] if starts is not None else None)
    else:
        places = replacements(tokens, text, part.operator == "//")
    if places is None:
        return (unknown_piece(site, "a pattern that costs too much to match"),)
    if not places:
        return value
    by = through(machine.expand_text(machine, part.second), site)
    found: list[Piece] = []
    at = 0
    for start, end in places:
        found.extend(slice_pieces(value, at, start))
        found.extend(by)
        at = end
    found.extend(slice_pieces(value, at, len(text)))
    machine.produce(sum(len(piece.text) for piece in found))
    return tuple(found)


def _substring(machine: Machine, part: Parameter, value: Pieces, site: Site) -> Pieces:
    start = arithmetic(machine, machine.expand_text(machine, part.argument), site)
    length = arithmetic(machine, machine.expand_text(machine, part.second), site) if part.second else None
    text = known_text(value)
    if text is None or isinstance(start, str) or isinstance(length, str):
        return (unknown_piece(site, reason_of(value) or "where the slice begins is not known"),)
    first = start + len(text) if start < 0 else start
    if not 0 <= first <= len(text):
        return ()
    last = len(text) if length is None else (first + length if length >= 0 else len(text) + length)
    if last < first:
        raise Abort
    return slice_pieces(value, first, last)
