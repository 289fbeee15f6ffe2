"""`bash -c "text"`: a text run by a shell of its own, which sees what is exported and nothing else."""

import re
from collections.abc import Mapping

from lintune.launch.shell_flow import Leave
from lintune.launch.shell_machine import MAX_DEPTH, Abort, Frame, Machine, WorkBound
from lintune.launch.shell_pieces import shown_text
from lintune.launch.shell_state import State, Variable
from lintune.launch.word import Command, Word
from lintune.source.text import Source, Span
from lintune.syntax.shell import parse_shell

_SHELLS = frozenset(("bash", "sh", "dash"))
_VALUED = frozenset(("-o", "+o", "-O", "+O", "--rcfile", "--init-file"))
_USED = re.compile(r"(?<!\\)\$\{?([A-Za-z_]\w*)")


def run_nested(machine: Machine, command: Command) -> bool:
    """Runs the text of `bash -c`, also behind `nohup`, `srun` and the like; False where the command is no such call."""
    words, env, behind = command.argv, command.env, machine.behind
    if words[0].text.rpartition("/")[2] not in _SHELLS:
        if not any(word.text.rpartition("/")[2] in _SHELLS for word in words[1:]):
            return False
        from lintune.launch.unwrapping import take_wrappers_off

        unwrapped = take_wrappers_off(command)
        words, env = unwrapped.words, unwrapped.env
        behind = (*behind, *command.argv[: len(command.argv) - len(words)])
    at = _text_index(words)
    if at is None or words[at].many or not words[at].pieces or all(piece.reason for piece in words[at].pieces):
        return False
    outer, machine.behind = machine.behind, behind
    try:
        _run(machine, words[at], tuple(words[at + 2 :]), env)
    finally:
        machine.behind = outer
    return True


def _text_index(words: tuple[Word, ...]) -> int | None:
    """Which word is the text that a shell is given; None where it is given a file."""
    if not words or words[0].text.rpartition("/")[2] not in _SHELLS:
        return None
    at, has_text = 1, False
    while at < len(words) and words[at].known and words[at].text[:1] in ("-", "+") and len(words[at].text) > 1:
        option = words[at].text
        has_text = has_text or (option[0] == "-" and option[1] != "-" and "c" in option)
        at += 2 if option in _VALUED else 1
    return at if has_text and at < len(words) else None


def _run(machine: Machine, text: Word, arguments: tuple[Word, ...], env: Mapping[str, Word]) -> None:
    machine.depth += 1
    if machine.depth > MAX_DEPTH or len(machine.frames) > 500:
        raise WorkBound(f"evaluation stopped at {MAX_DEPTH} nested texts: what comes later is not read")
    shown = shown_text(text.pieces)
    machine.produce(len(shown))
    outer, depth, frame = machine.state, machine.depth, machine.frame
    kept = machine.nounset, machine.export_all, machine.getopts_at, machine.locals, machine.exports
    hidden = {name for name in outer.variables if name not in env}
    machine.state = State(
        {name: Variable(word.pieces, word.site, exported=True) for name, word in env.items()},
        dict(outer.functions) if machine.exports_functions else {},
        arguments,
        outer.cwd,
        hidden | outer.unset,
        outer.opaque,
    )
    machine.nounset, machine.export_all, machine.getopts_at, machine.locals, machine.exports = False, False, (1, 0), [], set()
    script = parse_shell(Source(text.site.source.path, shown))
    machine.frames.append(Frame(script.source, text.pieces))
    machine.frame = len(machine.frames) - 1
    try:
        machine.run_body(machine, script.body)
        _note_hidden(machine, shown, hidden)
    except (Leave, Abort):
        pass
    finally:
        machine.state, machine.frame, machine.depth = outer, frame, depth - 1
        machine.nounset, machine.export_all, machine.getopts_at, machine.locals, machine.exports = kept


def _note_hidden(machine: Machine, text: str, hidden: set[str]) -> None:
    """Variables of the script that the text uses and that are not exported: they are empty there."""
    for found in _USED.finditer(text):
        name = found[1]
        if name in hidden and name not in machine.state.variables:
            site = machine.site(Span(found.start(1), found.end(1)))
            message = f"`{name}` is set for the shell only: without `export` the shell of this text does not see it"
            machine.problem("assignment-never-exported", message, site, name=name)
