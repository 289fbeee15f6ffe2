"""Which files a script writes while it runs: `cat > ds.json <<EOF`, `echo ... > config.yaml`, `... | tee file`."""

from posixpath import basename, join, normpath

from lintune.launch.made_file import MadeFile
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_paths import shown_folder
from lintune.launch.shell_pieces import Pieces, known_text
from lintune.launch.word import ANYWHERE, Piece, Word
from lintune.source.record import dataclass, field
from lintune.syntax.shell.nodes import Redirect

_OVER, _BEHIND = frozenset((">", ">|", "&>")), frozenset((">>", "&>>"))
_DEVICES = "/dev/"


@dataclass(slots=True)
class Sink:
    """A file that standard output goes to while a command runs."""

    path: str
    before: Pieces | None
    """What it held before; None where that is not known."""
    text: list[Piece] = field(default_factory=list)


def opened(machine: Machine, redirect: Redirect, target: Pieces) -> Sink | None:
    """The file that standard output goes to by a redirection; None where it goes to none, or its name is not known.

    A file that gets something else (errors, both streams) is noted at once, as one whose text is not known.
    """
    operator = redirect.operator
    path = made_path(machine, target) if operator in _OVER | _BEHIND else None
    if path is None:
        return None
    if operator.startswith("&") or redirect.descriptor not in ("", "1"):
        make(machine, path, None)
        return None
    before = machine.made.get(path, MadeFile(None)) if operator in _BEHIND else MadeFile(())
    return Sink(path, before.pieces)


def closed(machine: Machine, sink: Sink) -> None:
    """Keep what a command wrote."""
    make(machine, sink.path, None if sink.before is None else (*sink.before, *sink.text))


def tee(machine: Machine, argv: list[Word]) -> None:
    """The files that `tee` writes its input to."""
    over = not any(word.text in ("-a", "--append") for word in argv[1:])
    for word in argv[1:]:
        path = None if word.text.startswith("-") or word.many else made_path(machine, word.pieces)
        if path is not None:
            make(machine, path, machine.stdin if over else None)


def make(machine: Machine, path: str, held: Pieces | None) -> None:
    """Note that the script makes a file; commands that ran before keep what they saw."""
    machine.made = {**machine.made, path: MadeFile(held if machine.unsure == 0 else None)}


def made_path(machine: Machine, target: Pieces) -> str | None:
    """A file's path from where the script is started; only its name where the folder is not known, None where that is not either."""
    text, folder = known_text(target), shown_folder(machine)
    if text is None:
        tail = known_text(target[-1:]) or ""
        return ANYWHERE + basename(tail) if "/" in tail and basename(tail) else None
    if not text or text.startswith(_DEVICES) or text.endswith("/"):
        return None
    if text.startswith("/"):
        return normpath(text)
    return ANYWHERE + basename(text) if folder is None else normpath(join(folder, text))
