"""The builtins that change what later commands see, or write something."""

from collections.abc import Callable

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_conditions import test_builtin
from lintune.launch.shell_flow import Break, Continue, Exit, Return
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_parameters import working_folder
from lintune.launch.shell_paths import entered
from lintune.launch.shell_pieces import known_text
from lintune.launch.shell_printing import echo, printf
from lintune.launch.shell_read import getopts, map_file, read
from lintune.launch.shell_state import Variable
from lintune.launch.word import Piece, Word
from lintune.syntax.shell.nodes import Simple

Builtin = Callable[[Machine, list[Word], Simple], None]


def _nothing(machine: Machine, argv: list[Word], node: Simple) -> None:
    """A builtin without effect on what is followed here."""


def _unclear(machine: Machine, argv: list[Word], node: Simple) -> None:
    """A builtin whose status depends on the machine."""
    machine.status = None


def _true(machine: Machine, argv: list[Word], node: Simple) -> None:
    machine.status = 0


def _false(machine: Machine, argv: list[Word], node: Simple) -> None:
    machine.status = 1


def _test(machine: Machine, argv: list[Word], node: Simple) -> None:
    words = argv[1:]
    if argv[0].text == "[" and words and words[-1].text == "]":
        words = words[:-1]
    machine.quiet += 1
    truth = test_builtin(machine, words)
    machine.quiet -= 1
    machine.status = None if truth is None else int(not truth)


def _cd(machine: Machine, argv: list[Word], node: Simple) -> None:
    words = [word for word in argv[1:] if word.text not in ("-P", "-L", "--", "-e")]
    machine.state.cwd = entered(machine, words[0].pieces) if words else None


def _pushd(machine: Machine, argv: list[Word], node: Simple) -> None:
    stack = machine.folders
    stack.append(machine.state.cwd)
    _cd(machine, argv, node)


def _popd(machine: Machine, argv: list[Word], node: Simple) -> None:
    machine.state.cwd = machine.folders.pop() if machine.folders else None


def _pwd(machine: Machine, argv: list[Word], node: Simple) -> None:
    if machine.output is not None:
        site = machine.site(node.span)
        machine.output.extend((*working_folder(machine, site), Piece("\n", site)))


def _unset(machine: Machine, argv: list[Word], node: Simple) -> None:
    flag = ""
    for word in argv[1:]:
        name = known_text(word.pieces)
        if name is None:
            continue
        if name in ("-v", "-f", "-n"):
            flag = name
        elif flag == "-f":
            machine.state.functions.pop(name, None)
        elif name.endswith("]") and "[" in name:
            base, _, index = name[:-1].partition("[")
            _unset_element(machine, base, index)
        else:
            machine.state.variables.pop(name, None)
            machine.state.unset.add(name)


def _unset_element(machine: Machine, name: str, index: str) -> None:
    variable = machine.state.variables.get(name)
    if variable is not None and variable.items is not None and index in variable.items:
        items = {key: word for key, word in variable.items.items() if key != index}
        machine.state.variables[name] = Variable(None, variable.site, items, variable.associative, variable.exported)


def _set(machine: Machine, argv: list[Word], node: Simple) -> None:
    for index, word in enumerate(argv[1:], 1):
        text = known_text(word.pieces)
        if text == "--" or text is None or not text.startswith(("-", "+")):
            rest = argv[index + 1 :] if text == "--" else argv[index:]
            if argv[index - 1].text in ("-o", "+o") or (argv[index - 1].text.startswith(("-", "+")) and argv[index - 1].text.endswith("o")):
                continue
            machine.state.arguments = tuple(rest)
            return
        following = argv[index + 1].text if index + 1 < len(argv) else ""
        if "a" in text[1:] or (text.endswith("o") and following == "allexport"):
            machine.export_all = text[0] == "-"
        if "u" in text[1:] or (text.endswith("o") and following == "nounset"):
            machine.nounset = text[0] == "-"


def _shift(machine: Machine, argv: list[Word], node: Simple) -> None:
    arguments = machine.state.arguments
    count = known_text(argv[1].pieces) if len(argv) > 1 else "1"
    if arguments is None:
        return
    if count is None or not count.isdigit() or any(word.many for word in arguments[: int(count)]):
        machine.state.arguments = None
    elif int(count) > len(arguments):
        machine.status = 1
    else:
        machine.state.arguments = arguments[int(count) :]


def _levels(argv: list[Word]) -> int:
    text = known_text(argv[1].pieces) if len(argv) > 1 else "1"
    return max(int(text[:6]), 1) if text and text.isdigit() else 1


def _break(machine: Machine, argv: list[Word], node: Simple) -> None:
    raise Break(_levels(argv))


def _continue(machine: Machine, argv: list[Word], node: Simple) -> None:
    raise Continue(_levels(argv))


def _exit(machine: Machine, argv: list[Word], node: Simple) -> None:
    _leave_status(machine, argv)
    raise Exit


def _return(machine: Machine, argv: list[Word], node: Simple) -> None:
    _leave_status(machine, argv)
    raise Return


def _leave_status(machine: Machine, argv: list[Word]) -> None:
    if len(argv) > 1:
        text = known_text(argv[1].pieces)
        machine.status = int(text[:9]) & 255 if text and text.isdigit() else None


def _let(machine: Machine, argv: list[Word], node: Simple) -> None:
    for word in argv[1:]:
        value = arithmetic(machine, word.pieces, word.site)
        machine.status = None if isinstance(value, str) else int(not value)


def _trap(machine: Machine, argv: list[Word], node: Simple) -> None:
    """`trap TEXT EXIT` is kept for the end of the script; what signals would run is not."""
    words = argv[2:] if len(argv) > 1 and argv[1].text == "--" else argv[1:]
    if not words or (words[0].known and words[0].text in ("-l", "-p")):
        return
    if any(word.text.upper() in ("EXIT", "0") for word in (words[1:] or words)):
        machine.state.on_exit = () if len(words) == 1 or words[0].text == "-" else words[0].pieces


BUILTINS: dict[str, Builtin] = {
    ":": _true,
    "true": _true,
    "false": _false,
    "[": _test,
    "test": _test,
    "cd": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "pwd": _pwd,
    "echo": echo,
    "printf": printf,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "break": _break,
    "continue": _continue,
    "exit": _exit,
    "return": _return,
    "let": _let,
    "trap": _trap,
    "read": read,
    "mapfile": map_file,
    "readarray": map_file,
    "getopts": getopts,
    "export": _nothing,
    "declare": _nothing,
    "typeset": _nothing,
    "local": _nothing,
    "readonly": _nothing,
    "command": _unclear,
    "builtin": _unclear,
    "type": _unclear,
    "hash": _unclear,
    "wait": _unclear,
    "kill": _unclear,
    "jobs": _unclear,
    **dict.fromkeys(("ulimit", "umask", "shopt", "alias", "unalias", "disown", "times", "enable", "history", "complete", "bind"), _nothing),
    **dict.fromkeys(("logout", "caller", "compgen", "fg", "bg", "help", "suspend", "fc", "dirs"), _nothing),
}
