"""Paths as the evaluated shell sees them: its working folder, and which files of the project they may be."""

from posixpath import dirname, join, normpath

from lintune.launch.shell_folders import SCRIPT_FOLDER, folder_of
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, known_text

SCRIPT = "\0"
"""How the state writes the folder of the script at the beginning of a working folder."""


def shown_folder(machine: Machine) -> str | None:
    """The working folder as commands carry it: relative to the start, or the script's own folder by its shown path."""
    cwd = machine.state.cwd
    if cwd is None or not cwd.startswith(SCRIPT):
        return cwd
    return normpath(join(dirname(machine.frames[0].source.path) or ".", "." + cwd[1:]))


def entered(machine: Machine, target: Pieces) -> str | None:
    """The working folder after `cd target`."""
    if not target:
        return None
    text = known_text(target)
    cwd = machine.state.cwd
    if text is not None:
        if text.startswith("/"):
            return normpath(text)
        if cwd is None or text in ("-", ""):
            return cwd if text == "" else None
        if cwd.startswith(SCRIPT):
            return SCRIPT + _below(normpath(join("." + cwd[1:], text)))
        return normpath(join(cwd, text))
    first, rest = target[0], known_text(target[1:])
    if rest is None:
        return None
    place = folder_of(first.reason)
    if place is None:
        return None
    path = normpath(join(place[1], "." + rest))
    return SCRIPT + _below(path) if place[0] == SCRIPT_FOLDER else path


def _below(path: str) -> str:
    return "" if path == "." else "/" + path


def candidates(machine: Machine, target: Pieces) -> list[str]:
    """Where in the project a path may lie, likeliest first."""
    text = known_text(target)
    script = dirname(machine.frames[machine.frame].source.path)
    if text is None:
        place = folder_of(target[0].reason) if target else None
        rest = known_text(target[1:])
        if place is None or rest is None:
            return []
        places = [script, ""] if place[0] == SCRIPT_FOLDER else ["", script]
        text = join(place[1], rest.lstrip("/"))
    elif text.startswith("/"):
        return [text]
    else:
        cwd = shown_folder(machine)
        places = [script, ""] if cwd is None else [cwd, join(script, cwd), script]
    found: list[str] = []
    for folder in places:
        path = normpath(join(folder, text)) if text else folder
        if path not in found:
            found.append(path)
    return found


def existence(machine: Machine, operator: str, path: str) -> bool | None:
    """A file test; what the project does not hold may still be there when the script runs."""
    if path == "":
        return False
    if path == "/dev/null":
        return operator in ("-e", "-c", "-r", "-w", "-a")
    if operator not in ("-e", "-a", "-f", "-d", "-r", "-s") or path.startswith("/"):
        return None
    for candidate in candidates_of(machine, path):
        if machine.files.exists(candidate):
            folder = machine.files.is_dir(candidate)
            return folder if operator == "-d" else (not folder if operator in ("-f",) else True)
    return None


def candidates_of(machine: Machine, path: str) -> list[str]:
    """Where in the project a known path may lie."""
    from lintune.launch.word import Piece

    return candidates(machine, (Piece(path, machine.site(machine.frames[machine.frame].source.line_span(1))),))
