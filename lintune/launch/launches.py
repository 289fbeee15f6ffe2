"""The launches among the commands of a script, each with the files that may come into being before it."""

from collections.abc import Iterable, Iterator
from posixpath import basename, dirname, join, normpath

from lintune.launch.launchers import Launch, unwrap
from lintune.launch.made_file import MadeFile
from lintune.launch.word import ANYWHERE, Command
from lintune.source.record import replace

_LEAVE_FILES_ALONE = frozenset(
    (
        "cat",
        "wc",
        "head",
        "tail",
        "grep",
        "ls",
        "sort",
        "uniq",
        "cut",
        "tr",
        "awk",
        "mkdir",
        "rm",
        "chmod",
        "export",
        "kill",
        "sleep",
        "date",
    )
)
"""Programs that make no file whose name they are given."""


def launches_in(commands: Iterable[Command]) -> Iterator[Launch]:
    """The launches in the order in which the script starts them."""
    handed: set[str] = set()
    for command in commands:
        launch = unwrap(command)
        if launch is not None:
            yield replace(launch, handed=frozenset(handed)) if handed else launch
        if (launch is None or launch.kind != "train") and command.argv[0].text.rpartition("/")[2] not in _LEAVE_FILES_ALONE:
            handed.update(_names(command))


def _names(command: Command) -> Iterator[str]:
    """What may be paths of files among the words of a program, from where the script is started."""
    for word in command.argv[1:]:
        text = word.text.rpartition("=")[2]
        if word.known and 1 < len(text) < 300 and not text.startswith("-") and command.cwd is not None:
            yield normpath(join(command.cwd, text))


def made_before(launch: Launch, path: str) -> MadeFile | None:
    """The file that the script, or a program that it runs, may have written before a launch names it; None where it has not.

    What it holds is known where the script writes it itself.
    """
    command = launch.command
    full = path if path.startswith("/") else normpath(join(command.cwd, path)) if command.cwd is not None else ""
    found = command.made.get(full) if full else None
    if found is None and f"{ANYWHERE}{basename(path)}" in command.made:
        found = MadeFile(None)
    if found is None and not full and any(basename(made) == basename(path) for made in command.made):
        found = MadeFile(None)
    while found is None and launch.handed and full not in ("", ".", "/"):
        if full in launch.handed:
            return MadeFile(None)
        full = dirname(full)
    return found
