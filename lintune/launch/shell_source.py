"""`source` and `eval`: other texts run in the same shell."""

from lintune.launch.shell_flow import Return
from lintune.launch.shell_machine import MAX_DEPTH, Frame, Machine, WorkBound
from lintune.launch.shell_paths import candidates
from lintune.launch.shell_pieces import join_words, known_text, reason_of, shown_text
from lintune.launch.word import Word
from lintune.source.text import Site, Source
from lintune.syntax.shell import parse_shell

_HARMLESS = ("activate", "conda.sh", "env.fish")


def source_file(machine: Machine, words: list[Word]) -> None:
    """Runs a file that is there; one that is not might set any variable."""
    machine.status, machine.external = None, True
    if not words:
        return
    target = words[0].pieces
    source = None
    for path in candidates(machine, target):
        source = machine.files.read(path)
        if source is not None:
            break
    if source is None:
        text = known_text(target) or shown_text(target)
        if not text.endswith(_HARMLESS):
            shown = f"`{text}`" if known_text(target) else "a file"
            machine.state.opaque = machine.state.opaque or f"{shown}, which is not here to be read"
        return
    _enter(machine)
    script = parse_shell(source)
    frame, arguments = machine.frame, machine.state.arguments
    machine.frames.append(Frame(source))
    machine.frame = len(machine.frames) - 1
    if len(words) > 1:
        machine.state.arguments = tuple(words[1:])
    depth = machine.depth
    try:
        machine.run_body(machine, script.body)
    except Return:
        pass
    finally:
        machine.frame, machine.depth = frame, depth - 1
        if len(words) > 1:
            machine.state.arguments = arguments


def _enter(machine: Machine) -> None:
    machine.depth += 1
    if machine.depth > MAX_DEPTH or len(machine.frames) > 500:
        raise WorkBound(f"evaluation stopped at {MAX_DEPTH} nested texts: what comes later is not read")


def evaluate_text(machine: Machine, words: list[Word], site: Site) -> None:
    """Runs the text that `eval` is given."""
    pieces = join_words(words, " ", site)
    text = shown_text(pieces)
    machine.status, machine.external = 0, False
    if not text.strip():
        return
    reason = reason_of(pieces)
    if reason and all(piece.reason for piece in pieces):
        machine.status, machine.external = None, True
        if not any(name in reason for name in ("conda", "hook", "ssh-agent", "modulecmd")):
            machine.state.opaque = machine.state.opaque or "an `eval` of a text that is not known"
        return
    _enter(machine)
    machine.produce(len(text))
    script = parse_shell(Source(site.source.path, text))
    frame, depth = machine.frame, machine.depth
    machine.frames.append(Frame(script.source, pieces))
    machine.frame = len(machine.frames) - 1
    try:
        machine.run_body(machine, script.body)
    finally:
        machine.frame, machine.depth = frame, depth - 1
