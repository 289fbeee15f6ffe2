"""`read`, `mapfile`, `getopts`: variables set from what is read."""

from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, known_text, lines_of, reason_of, shown_text, slice_pieces, split_fields, unknown_piece
from lintune.launch.shell_state import Variable
from lintune.launch.word import Piece, Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Simple

_VALUED = frozenset("dnNptui")


def read(machine: Machine, argv: list[Word], node: Simple) -> None:
    """Reads a line (or up to `-d`) into variables."""
    site = machine.site(node.span)
    delimiter, array, raw, names = "\n", "", False, list[str]()
    index = 1
    while index < len(argv):
        text = argv[index].text
        index += 1
        if not text.startswith("-") or len(text) == 1:
            names.append(text)
            continue
        letters = text[1:]
        raw = raw or "r" in letters
        last = letters[-1]
        if last in _VALUED or last == "a":
            value = argv[index].text if index < len(argv) else ""
            index += 1
            if last == "d":
                delimiter = value[:1]
            elif last == "a":
                array = value
    pieces = machine.stdin
    if pieces is None:
        machine.status = None
        pieces = (unknown_piece(site, "what is read from standard input is not known"),)
    else:
        pieces = _taken(machine, pieces, delimiter)
    if not raw:
        pieces = _without_backslashes(pieces, site)
    _store(machine, pieces, names, array, site)


def _taken(machine: Machine, pieces: Pieces, delimiter: str) -> Pieces:
    text = shown_text(pieces)
    at = text.find(delimiter) if delimiter else -1
    if at < 0:
        machine.stdin = ()
        machine.status = None if any(piece.reason for piece in pieces) else 1
        return pieces
    machine.stdin = slice_pieces(pieces, at + 1, len(text))
    machine.status = 0
    return slice_pieces(pieces, 0, at)


def _without_backslashes(pieces: Pieces, site: Site) -> Pieces:
    if not any("\\" in piece.text for piece in pieces):
        return pieces
    return tuple([Piece(piece.text.replace("\\\n", "").replace("\\", ""), piece.site, piece.via, piece.reason) for piece in pieces])


def _store(machine: Machine, pieces: Pieces, names: list[str], array: str, site: Site) -> None:
    separators = machine.separators()
    if array:
        fields = split_fields(pieces, separators)
        machine.produce(len(fields))
        many = bool(reason_of(pieces))
        items = {str(index): Word(site, field, many and any(piece.reason for piece in field)) for index, field in enumerate(fields)}
        machine.state.variables[array] = Variable(None, site, items)
        machine.assigned.setdefault(array, site)
        return
    if not names:
        machine.assign("REPLY", pieces, site)
        return
    for name in names[:-1]:
        fields = split_fields(pieces, separators) if separators else [pieces]
        value = fields[0] if fields else ()
        machine.assign(name, value, site)
        if len(fields) < 2:
            pieces = () if not reason_of(pieces) else pieces
        else:
            text, first = shown_text(pieces), shown_text(value)
            begin = text.find(first) + len(first) if first else 1
            pieces = slice_pieces(pieces, begin, len(text))
            rest = shown_text(pieces)
            blank = "".join(char for char in separators if char in " \t\n")
            stripped = rest.lstrip(blank)
            if stripped[:1] and stripped[0] in separators:
                stripped = stripped[1:].lstrip(blank)
            pieces = slice_pieces(pieces, len(rest) - len(stripped), len(rest))
    blanks = "".join(char for char in separators if char in " \t\n")
    text = shown_text(pieces)
    start, end = len(text) - len(text.lstrip(blanks)), len(text.rstrip(blanks))
    machine.assign(names[-1], slice_pieces(pieces, start, max(start, end)), site)


def map_file(machine: Machine, argv: list[Word], node: Simple) -> None:
    """Reads lines into an array."""
    site = machine.site(node.span)
    name = argv[-1].text if len(argv) > 1 and not argv[-1].text.startswith("-") else "MAPFILE"
    pieces = machine.stdin
    machine.assigned.setdefault(name, site)
    if pieces is None or reason_of(pieces):
        reason = "the lines that are read are not known"
        machine.state.variables[name] = Variable(None, site, {"0": Word(site, (unknown_piece(site, reason),), True)})
        return
    keep = not any("t" in word.text for word in argv[1:] if word.text.startswith("-"))
    lines = lines_of(pieces)
    machine.produce(len(lines))
    items = {str(index): Word(site, (*line, Piece("\n", site)) if keep else line) for index, line in enumerate(lines)}
    machine.state.variables[name] = Variable(None, site, items)


def getopts(machine: Machine, argv: list[Word], node: Simple) -> None:
    """The next option of the script's arguments."""
    site = machine.site(node.span)
    if len(argv) < 3:
        return
    letters, name = argv[1].text, argv[2].text
    arguments = tuple(argv[3:]) or machine.state.arguments
    if arguments is None or any(not word.known for word in arguments):
        machine.status = None
        machine.assign(name, (unknown_piece(site, "which option comes next is not known"),), site)
        machine.assign("OPTARG", (unknown_piece(site, "an option's value is not known"),), site)
        machine.assign("OPTIND", (unknown_piece(site, "how many options there are is not known"),), site)
        return
    at, within = machine.getopts_at
    word = arguments[at - 1] if at <= len(arguments) else None
    text = (known_text(word.pieces) or "") if word is not None else ""
    if word is None or (not within and (len(text) < 2 or text[0] != "-" or text == "--")):
        machine.status = 1
        machine.assign(name, (Piece("?", site),), site)
        machine.assign("OPTIND", (Piece(str(at + (text == "--")), site),), site)
        return
    within = within or 1
    letter = text[within]
    place = letters.lstrip(":").find(letter)
    following = letters.lstrip(":")[place + 1 : place + 2] if place >= 0 and letter != ":" else "?"
    value: Pieces = ()
    if following == ":":
        if within + 1 < len(text):
            value = slice_pieces(word.pieces, within + 1, len(text))
        elif at < len(arguments):
            at += 1
            value = arguments[at - 1].pieces
        else:
            letter = ":" if letters.startswith(":") else "?"
        at, within = at + 1, 0
    elif within + 1 < len(text):
        within += 1
    else:
        at, within = at + 1, 0
    machine.getopts_at = (at, within)
    shown = letter if following != "?" else "?"
    if shown == "?" and letters.startswith(":"):
        value = (Piece(text[1:2], site),)
    machine.assign(name, (Piece(shown, site),), site)
    machine.assign("OPTARG", value, site)
    machine.assign("OPTIND", (Piece(str(at), site),), site)
