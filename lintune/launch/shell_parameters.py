"""`$name` and `${name...}`: what each form gives, piece by piece."""

from lintune.launch.provided import overrides_default
from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_flow import Exit
from lintune.launch.shell_folders import SCRIPT_FOLDER, SCRIPT_NAME, WORKING_FOLDER, split_folder
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_operations import operate
from lintune.launch.shell_pieces import Pieces, join_words, known_text, reason_of, through, unknown_piece
from lintune.launch.shell_state import Variable
from lintune.launch.word import Piece, Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Parameter

_CHANGING = {
    "RANDOM": "a random number",
    "SRANDOM": "a random number",
    "SECONDS": "the time since the script began",
    "LINENO": "a line number",
    "EPOCHSECONDS": "the time",
    "BASHPID": "a process number",
    "PPID": "a process number",
    "UID": "the user's number",
    "EUID": "the user's number",
    "HOSTNAME": "the machine's name",
    "BASH_VERSION": "bash's version",
    "OSTYPE": "the system's name",
    "PIPESTATUS": "an exit status",
    "FUNCNAME": "a function's name",
    "OLDPWD": WORKING_FOLDER,
    "REPLY": "what was read",
    "BASH": "where bash is",
    "SHLVL": "how deep shells are nested",
    "DIRSTACK": WORKING_FOLDER,
    "OPTARG": "an option's value",
    "BASH_REMATCH": "what a regular expression matched",
}
_DEFAULTS = frozenset((":-", "-", ":=", "=", ":?", "?", ":+", "+"))


class Fields(list[Word]):
    """Words that are split already: the quotes inside of `${x:-"a b" c}` hold."""


def parameter(machine: Machine, part: Parameter) -> Pieces | list[Word]:
    """The text, or the words, that an expansion gives."""
    site = machine.site(part.span)
    if not part.operator and part.index is None and not part.length and not part.indirect:
        if part.name in ("@", "*"):
            return _arguments(machine, part, site)
        plain = _value(machine, part.name, site, True)
        if plain is None and machine.nounset and part.name != "!":
            raise Exit
        return plain or ()
    if part.indirect:
        found = _indirect(machine, part, site)
        if not isinstance(found, Parameter):
            return found
        part = found
    words = _words(machine, part, site)
    if words is not None:
        return _of_words(machine, part, words, site)
    if part.operator in _DEFAULTS:
        return _default(machine, part, site)
    value = _single(machine, part, site, True)
    if part.length:
        text = known_text(value or ())
        return (Piece(str(len(text)), site),) if text is not None else (unknown_piece(site, reason_of(value or ())),)
    return operate(machine, part, value or (), site)


def _arguments(machine: Machine, part: Parameter, site: Site) -> Pieces | list[Word]:
    words = _words(machine, part, site) or []
    if part.name == "*" and part.quoted:
        return join_words(words, machine.separators()[:1], site)
    return words


def _words(machine: Machine, part: Parameter, site: Site) -> list[Word] | None:
    """The elements of `$@`, `${a[@]}`; None where the expansion is about one text."""
    if part.name in ("@", "*"):
        if machine.state.arguments is None:
            return [Word(site, (unknown_piece(site, "the script's arguments are not known"),), True)]
        return [Word(site, through(word.pieces, site), word.many) for word in machine.state.arguments]
    if part.index is None or part.index.literal() not in ("@", "*"):
        return None
    variable = machine.state.variables.get(part.name)
    if variable is None or variable.items is None:
        if variable is None and machine.is_open(part.name) and part.name not in _CHANGING:
            machine.report_unset(part.name, site)
            return [Word(site, (unknown_piece(site, machine.unset_reason(part.name)),), True)]
        value = _value(machine, part.name, site, True)
        return [] if value is None else [Word(site, value)]
    return [Word(site, through(word.pieces, site), word.many) for word in variable.items.values()]


def _of_words(machine: Machine, part: Parameter, words: list[Word], site: Site) -> Pieces | list[Word]:
    if part.length:
        if any(word.many for word in words):
            return (unknown_piece(site, words[-1].reason or "how many there are is not known"),)
        return (Piece(str(len(words)), site),)
    if part.operator == ":":
        words = _slice_words(machine, part, words, site)
    elif part.operator in _DEFAULTS:
        if part.operator.endswith("+"):
            return machine.expand_text(machine, part.argument) if words else ()
        if not words:
            return machine.expand_text(machine, part.argument)
        if part.operator.endswith("-") and all(word.many for word in words) and (part.name in "@*" or machine.is_open(part.name)):
            return machine.expand_text(machine, part.argument) if part.argument and part.argument.parts else words
    elif part.operator:
        words = [Word(word.site, operate(machine, part, word.pieces, site), word.many) for word in words]
    star = part.name == "*" or (part.index is not None and part.index.literal() == "*")
    if star and part.quoted:
        return join_words(words, machine.separators()[:1], site)
    return words


def _slice_words(machine: Machine, part: Parameter, words: list[Word], site: Site) -> list[Word]:
    start = arithmetic(machine, machine.expand_text(machine, part.argument), site)
    length = arithmetic(machine, machine.expand_text(machine, part.second), site) if part.second else None
    if isinstance(start, str) or isinstance(length, str) or any(word.many for word in words):
        reason = next((word.reason for word in words if word.many), "which elements these are is not known")
        return [Word(site, (unknown_piece(site, reason),), True)]
    if part.name in ("@", "*"):
        zero = Word(site, (unknown_piece(site, SCRIPT_NAME),))
        words = [zero, *words]
    first = max(start + len(words), 0) if start < 0 else start
    last = len(words) if length is None else (first + length if length >= 0 else len(words) + length)
    return words[first:last]


def _value(machine: Machine, name: str, site: Site, report: bool) -> Pieces | None:
    """A plain variable or special parameter; None where certainly unset."""
    variable = machine.state.variables.get(name)
    if variable is not None:
        value = variable.scalar()
        return None if value is None else through(value, site)
    if name.isdigit() or name in ("#", "?", "!", "$", "-"):
        return _special(machine, name, site)
    if name == "PWD":
        return working_folder(machine, site)
    if name == "BASH_SOURCE":
        return (unknown_piece(site, SCRIPT_NAME),)
    if name in _CHANGING:
        return (unknown_piece(site, _CHANGING[name]),)
    if name == "IFS":
        return (Piece(" \t\n", site),)
    if report:
        machine.report_unset(name, site)
    return machine.variable(name, site)


def _special(machine: Machine, name: str, site: Site) -> Pieces | None:
    arguments = machine.state.arguments
    if name == "0":
        return (unknown_piece(site, SCRIPT_NAME),)
    if name.isdigit():
        if arguments is None:
            return (unknown_piece(site, f"argument {name} of the script is not known"),)
        index = int(name[:6]) - 1
        before = arguments[: index + 1]
        if any(word.many for word in before):
            return (unknown_piece(site, next(word.reason for word in before if word.many) or f"argument {name} is not known"),)
        return through(arguments[index].pieces, site) if index < len(arguments) else None
    if name == "#":
        if arguments is None or any(word.many for word in arguments):
            return (unknown_piece(site, "how many arguments the script gets is not known"),)
        return (Piece(str(len(arguments)), site),)
    if name == "?":
        return (unknown_piece(site, "an exit status"),) if machine.status is None else (Piece(str(machine.status), site),)
    return (unknown_piece(site, "a process number" if name in "!$" else "the shell's options"),)


def working_folder(machine: Machine, site: Site) -> Pieces:
    """`$PWD`: absolute, so its beginning is not known."""
    cwd = machine.state.cwd
    if cwd is None:
        return (unknown_piece(site, WORKING_FOLDER),)
    if cwd.startswith("/"):
        return (Piece(cwd, site),)
    base, relative = (SCRIPT_FOLDER, "." + cwd[1:]) if cwd.startswith("\0") else (WORKING_FOLDER, cwd)
    reason, rest = split_folder(base, relative)
    return (unknown_piece(site, reason), *([Piece(rest, site)] if rest else []))


def _single(machine: Machine, part: Parameter, site: Site, report: bool) -> Pieces | None:
    """The one value that `${name}` or `${name[index]}` is about."""
    variable = machine.state.variables.get(part.name)
    if part.index is None or (variable is None and machine.is_open(part.name)):
        return _value(machine, part.name, site, report)
    return element(machine, variable, part, site)


def element(machine: Machine, variable: Variable | None, part: Parameter, site: Site) -> Pieces | None:
    """`${name[index]}`."""
    if variable is None or variable.items is None:
        value = variable.value if variable else None
        index = machine.expand_text(machine, part.index)
        return through(value, site) if value is not None and known_text(index) in ("0", "-1") else None
    key = _key(machine, variable, machine.expand_text(machine, part.index), site)
    if key is None:
        return (unknown_piece(site, f"which element of `{part.name}` this is is not known"),)
    word = variable.items.get(key)
    if word is None or word.many:
        many = next((item for item in variable.items.values() if item.many), None)
        return None if many is None else (unknown_piece(site, many.reason or "an unknown element"),)
    return through(word.pieces, site)


def _key(machine: Machine, variable: Variable, index: Pieces, site: Site) -> str | None:
    if variable.associative:
        return known_text(index)
    number = arithmetic(machine, index, site)
    if isinstance(number, str):
        return None
    if number < 0 and variable.items:
        number += max(int(key) for key in variable.items if key.isdigit()) + 1
    return str(number)


def _default(machine: Machine, part: Parameter, site: Site) -> Pieces | list[Word]:
    operator = part.operator
    missing = part.name not in machine.state.variables and (machine.is_open(part.name) or part.name.isdigit())
    machine.quiet += 1
    value = _single(machine, part, site, False)
    machine.quiet -= 1
    opened = (
        missing
        and value is not None
        and bool(reason_of(value))
        and part.name not in _CHANGING
        and part.name not in ("0", "PWD", "BASH_SOURCE")
    )
    provided = opened and ((part.name in machine.provided and overrides_default(part.name)) or bool(machine.state.opaque))
    empty = value is None or (operator[0] == ":" and known_text(value) == "")
    if operator.endswith("+"):
        if opened and not provided:
            return ()
        if value is not None and not empty and not provided and not reason_of(value):
            return machine.expand_text(machine, part.argument)
        return () if empty else _perhaps(machine, machine.expand_text(machine, part.argument), value or (), site)
    if operator.endswith("?"):
        return (unknown_piece(site, f"`{part.name}` must be set by whoever starts the script"),) if empty or opened else value or ()
    if empty or (opened and not provided):
        if (
            not part.quoted
            and part.argument
            and operator[-1] == "-"
            and any(getattr(inner, "quoted", False) for inner in part.argument.parts)
        ):
            return Fields(machine.expand_words(machine, [part.argument]))
        # an argument may well be given: what stands in its place is then not used
        doubted = part.name.isdigit() and opened
        machine.quiet += doubted
        fallback = machine.expand_text(machine, part.argument)
        machine.quiet -= doubted
        if operator.endswith("=") and not part.name.isdigit():
            machine.assign(part.name, fallback, site)
        return through(fallback, site)
    return value or ()


def _perhaps(machine: Machine, alternative: Pieces, value: Pieces, site: Site) -> Pieces:
    if reason_of(value) and not any(not piece.reason for piece in value):
        return (unknown_piece(site, reason_of(value)),)
    return alternative


def _indirect(machine: Machine, part: Parameter, site: Site) -> Pieces | list[Word] | Parameter:
    variable = machine.state.variables.get(part.name)
    if part.operator == "prefix":
        names = sorted(name for name in machine.state.variables if name.startswith(part.name))
        return [Word(site, (Piece(name, site),)) for name in names]
    if part.index is not None and part.index.literal() in ("@", "*"):
        items = variable.items if variable and variable.items is not None else {}
        return [Word(site, (Piece(key, site),), word.many) for key, word in items.items()]
    name = known_text(_single(machine, part, site, True) or ())
    if name is None or not name.replace("_", "a").isalnum():
        return (unknown_piece(site, f"which variable `{part.name}` names is not known"),)
    return Parameter(part.span, name, part.quoted, part.operator, part.argument, part.second)
