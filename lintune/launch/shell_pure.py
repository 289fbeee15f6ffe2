"""Programs whose output follows from their arguments and input alone, in their simple forms."""

import re
from collections.abc import Callable
from posixpath import dirname, join, normpath

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_folders import SCRIPT_FOLDER, SCRIPT_NAME, folder_of, split_folder
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_parameters import working_folder
from lintune.launch.shell_patterns import literal_tail
from lintune.launch.shell_pieces import Pieces, known_text, lines_of, shown_text, slice_pieces, unknown_piece
from lintune.launch.shell_sed import sed
from lintune.launch.word import Piece, Word
from lintune.source.text import Site

Pure = Callable[[Machine, list[Word], Site], Pieces | None]
_MAX_LINES = 1_000


def _line(pieces: Pieces, site: Site) -> Pieces:
    return (*pieces, Piece("\n", site))


def _operands(argv: list[Word]) -> list[Word] | None:
    words = [word for word in argv[1:] if not (word.text.startswith("-") and word.known)]
    return None if any(word.many and len(words) > 1 for word in words) or not words else words


def _basename(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    words = _operands(argv)
    if words is None:
        return None
    pieces = words[0].pieces
    if len(pieces) == 1 and pieces[0].reason == SCRIPT_NAME:
        pieces = (Piece(machine.frames[0].source.path.rpartition("/")[2], site),)
    text = shown_text(pieces)
    end = len(text.rstrip("/")) if known_text(pieces) is not None else len(text)
    start = text.rfind("/", 0, end) + 1
    if known_text(pieces) is None and not (start and "/" in literal_tail(pieces)):
        return None
    suffix = known_text(words[1].pieces) if len(words) > 1 else None
    if suffix and text[start:end].endswith(suffix) and text[start:end] != suffix:
        end -= len(suffix)
    return _line(slice_pieces(pieces, start, end), site)


def _dirname(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    words = _operands(argv)
    if words is None:
        return None
    pieces = words[0].pieces
    if pieces and pieces[0].reason == SCRIPT_NAME and len(pieces) == 1:
        return (unknown_piece(site, SCRIPT_FOLDER), Piece("\n", site))
    text = known_text(pieces)
    if text is None:
        return _dirname_unknown(pieces, site)
    folder = dirname(text.rstrip("/") or "/") or "."
    result = slice_pieces(pieces, 0, len(folder)) if text.startswith(folder) and folder != "." else (Piece(folder, site),)
    return _line(result, site)


def _dirname_unknown(pieces: Pieces, site: Site) -> Pieces | None:
    tail = literal_tail(pieces)
    if "/" in tail:
        total = sum(len(piece.text) for piece in pieces)
        return _line(slice_pieces(pieces, 0, total - len(tail) + tail.rfind("/")), site)
    place = folder_of(pieces[0].reason) if len(pieces) == 1 else None
    if place is None:
        return None
    reason, _ = split_folder(place[0], join(place[1], ".."))
    return _line((unknown_piece(site, reason),), site)


def _realpath(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    words = _operands(argv)
    if words is None:
        return None
    pieces = words[0].pieces
    text = known_text(pieces)
    if text is not None and text.startswith("/"):
        return _line((Piece(normpath(text), site),), site)
    if len(pieces) == 1 and pieces[0].reason == SCRIPT_NAME:
        return _line(pieces, site)
    beginning = working_folder(machine, site) if text is not None else pieces[:1]
    rest = known_text(beginning[1:] if text is not None else pieces[1:])
    place = folder_of(beginning[0].reason) if beginning else None
    if place is None or rest is None:
        return None
    reason, following = split_folder(place[0], join(place[1], "." + rest, text or "."))
    return _line((unknown_piece(site, reason), *((Piece(following, site),) if following else ())), site)


def _seq(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    separator, numbers = "\n", list[int]()
    index = 1
    while index < len(argv):
        text = known_text(argv[index].pieces)
        if text is not None and text.startswith("-s") and len(text) > 2:
            separator = text[2:]
            index += 1
            continue
        if text == "-s" and index + 1 < len(argv):
            separator = known_text(argv[index + 1].pieces) or ""
            index += 2
            continue
        if text is None or not re.fullmatch(r"-?\d{1,9}", text):
            return None
        numbers.append(int(text))
        index += 1
    if not 1 <= len(numbers) <= 3:
        return None
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) == 3 else 1
    last = numbers[-1]
    if not step or abs(last - first) // abs(step) > _MAX_LINES:
        return None
    values = range(first, last + (1 if step > 0 else -1), step)
    return (Piece(separator.join(map(str, values)) + "\n", site),) if values else ()


def _expr(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    texts = [known_text(word.pieces) for word in argv[1:]]
    if any(text is None for text in texts) or any(
        text not in ("+", "-", "*", "/", "%", "(", ")", "<", ">", "<=", ">=", "=", "!=") and not re.fullmatch(r"-?\d+", text or "")
        for text in texts
    ):
        return None
    text = " ".join("==" if text == "=" else text or "" for text in texts)
    value = arithmetic(machine, (Piece(text, site),), site)
    return None if isinstance(value, str) else (Piece(f"{value}\n", site),)


def _wc(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    text = known_text(machine.stdin) if machine.stdin is not None else None
    if text is None or len(argv) != 2:
        return None
    counts = {"-l": text.count("\n"), "-w": len(text.split()), "-c": len(text.encode()), "-m": len(text)}
    return (Piece(f"{counts[argv[1].text]}\n", site),) if argv[1].text in counts else None


def _cut(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    options = " ".join(word.text for word in argv[1:])
    found = re.fullmatch(r"(?:-d ?(.)|--delimiter=(.)) *-f ?(\d+)(-?)(\d*)|-f ?(\d+)(-?)(\d*) *-d ?(.)", options)
    if not found or machine.stdin is None or known_text(machine.stdin) is None:
        return None
    delimiter = found.group(1) or found.group(2) or found.group(9)
    low = int((found.group(3) or found.group(6))[:6])
    dash, high = found.group(4) or found.group(7), found.group(5) or found.group(8)
    result: list[Piece] = []
    for line in lines_of(machine.stdin):
        text = shown_text(line)
        fields = text.split(delimiter)
        if len(fields) == 1:
            result.extend(_line(line, site))
            continue
        last = low if not dash else (int(high[:6]) if high else len(fields))
        start = sum(len(field) + 1 for field in fields[: low - 1])
        end = start + len(delimiter.join(fields[low - 1 : last]))
        result.extend(_line(slice_pieces(line, start, end), site))
    return tuple(result)


_SETS = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:space:]": " \t\n\r\f\v",
    "[:digit:]": "0123456789",
}


def _set_of(text: str) -> str:
    for name, members in _SETS.items():
        text = text.replace(name, members)
    text = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found.group(1), found.group(1)), text)
    return re.sub(r"(\w)-(\w)", lambda found: "".join(map(chr, range(ord(found.group(1)), min(ord(found.group(2)), 0x17F) + 1))), text)


def _tr(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    text = known_text(machine.stdin) if machine.stdin is not None else None
    flags = "".join(word.text[1:] for word in argv[1:] if word.text.startswith("-") and len(word.text) > 1)
    sets = [_set_of(word.text) for word in argv[1:] if not (word.text.startswith("-") and len(word.text) > 1)]
    if text is None or not sets or any(not word.known for word in argv):
        return None
    first = sets[0]

    def listed(char: str) -> bool:
        return (char in first) != ("c" in flags or "C" in flags)

    if "d" in flags:
        return (Piece("".join(char for char in text if not listed(char)), site),)
    if len(sets) > 1 and first and sets[1] and not set("cC") & set(flags):
        second = sets[1].ljust(len(first), sets[1][-1])
        text = text.translate({ord(a): b for a, b in zip(reversed(first), reversed(second[: len(first)]), strict=True)})
        if "s" not in flags:
            return (Piece(text, site),)
        first = sets[1]
    elif "s" not in flags:
        return None
    squeezed = "".join(char for at, char in enumerate(text) if not (at and text[at - 1] == char and listed(char)))
    return (Piece(squeezed, site),)


def _lines(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    """`head` and `tail` with a count."""
    options = " ".join(word.text for word in argv[1:])
    found = re.fullmatch(r"(?:-n ?|-)?(\d{1,6})|", options)
    if not found or machine.stdin is None or known_text(machine.stdin) is None:
        return None
    count = int(found.group(1) or 10)
    lines = lines_of(machine.stdin)
    chosen = lines[:count] if argv[0].text.endswith("head") else lines[len(lines) - count if count < len(lines) else 0 :]
    return tuple(piece for line in chosen for piece in _line(line, site))


def _cat(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    if len(argv) == 1 or (len(argv) == 2 and argv[1].text == "-"):
        return machine.stdin
    from lintune.launch.shell_contents import file_pieces

    texts = [None if word.many or word.text.startswith("-") else file_pieces(machine, word.pieces, word.site) for word in argv[1:]]
    return None if None in texts else tuple(piece for text in texts if text for piece in text)


def _tee(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    return machine.stdin


def _awk(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    """`awk -F, '{print NF}'` and `'{print $n}'`."""
    separator, program = None, ""
    index = 1
    while index < len(argv):
        text = argv[index].text
        if text == "-F" and index + 1 < len(argv):
            separator = argv[index + 1].text
            index += 1
        elif text.startswith("-F"):
            separator = text[2:]
        else:
            program = text
        index += 1
    found = re.fullmatch(r"\s*\{\s*print\s+(NF|\$(?:\d{1,4}|NF))\s*;?\s*\}\s*", program)
    text_in = known_text(machine.stdin) if machine.stdin is not None else None
    if not found or text_in is None or (separator is not None and len(separator) != 1):
        return None
    result = []
    for line in text_in.splitlines():
        fields = line.split(separator) if separator not in (None, " ") else line.split()
        what = found.group(1)
        if what == "NF":
            result.append(str(len(fields) if line else 0))
            continue
        number = len(fields) if what == "$NF" else int(what[1:])
        result.append(line if number == 0 else (fields[number - 1] if 0 < number <= len(fields) else ""))
    return (Piece("".join(text + "\n" for text in result), site),)


def _bc(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    text = known_text(machine.stdin) if machine.stdin is not None else None
    if text is None or len(argv) != 1 or not re.fullmatch(r"[\d\s+*()/-]+", text):
        return None
    value = arithmetic(machine, (Piece(text.strip(), site),), site)
    return None if isinstance(value, str) else (Piece(f"{value}\n", site),)


def _sed(machine: Machine, argv: list[Word], site: Site) -> Pieces | None:
    text = known_text(machine.stdin) if machine.stdin is not None else None
    if text is None or any(not word.known for word in argv):
        return None
    result = sed([word.text for word in argv[1:]], text)
    return None if result is None else (Piece(result, site),)


PURE: dict[str, Pure] = {
    "basename": _basename,
    "dirname": _dirname,
    "realpath": _realpath,
    "readlink": _realpath,
    "seq": _seq,
    "expr": _expr,
    "wc": _wc,
    "cut": _cut,
    "tr": _tr,
    "head": _lines,
    "tail": _lines,
    "cat": _cat,
    "tee": _tee,
    "awk": _awk,
    "bc": _bc,
    "sed": _sed,
}
