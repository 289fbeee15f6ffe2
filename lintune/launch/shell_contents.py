"""What files hold that a script reads: `cat file`, `$(<file)`, `< file`, where the file is there, small, and not written by the script."""

from lintune.launch.shell_machine import Machine
from lintune.launch.shell_paths import candidates
from lintune.launch.shell_pieces import Pieces, known_text
from lintune.launch.word import Piece
from lintune.source.text import Site, Source, Span
from lintune.syntax.shell.nodes import Simple, Statement

_READERS = frozenset(("cat", "wc", "head", "tail", "grep", "ls", "sort", "uniq", "cut", "tr", "awk"))
"""Programs that leave the files they are given as they are."""
MAX_FILE = 20_000
"""Characters of a file that is read."""


def file_pieces(machine: Machine, target: Pieces, site: Site) -> Pieces | None:
    """The text of a file as it arrives at `site`; None where it is not known."""
    path = known_text(target)
    if not path or path.endswith("/") or _may_be_written(machine, path.rpartition("/")[2]):
        return None
    source = next((found for place in candidates(machine, target) if (found := machine.files.read(place)) is not None), None)
    if source is None or len(source.text) > MAX_FILE:
        return None
    machine.produce(len(source.text))
    return _whole(source, site)


def _whole(source: Source, site: Site) -> Pieces:
    return (Piece(source.text, Site(source, Span(0, len(source.text))), (site,)),) if source.text else ()


def _may_be_written(machine: Machine, name: str) -> bool:
    """Whether the script writes a file of that name, or hands the name to a program, before it reads it."""
    if name in machine.written or "" in machine.written:
        return True
    return any(name in word.text for command in machine.commands if command.argv[0].text not in _READERS for word in command.argv[1:])


def read_by(machine: Machine, body: tuple[Statement, ...]) -> Pieces | None:
    """What `$(<file)` gives; None where the substitution is another."""
    if len(body) != 1 or body[0].rest or len(body[0].first.commands) != 1:
        return None
    node = body[0].first.commands[0]
    if not isinstance(node, Simple) or node.words or node.assignments or len(node.redirects) != 1:
        return None
    only = node.redirects[0]
    if only.operator != "<" or only.descriptor not in ("", "0"):
        return None
    found = file_pieces(machine, machine.expand_text(machine, only.target), machine.site(only.span))
    return machine.unknown(only.span, "what the file holds is not read") if found is None else found
