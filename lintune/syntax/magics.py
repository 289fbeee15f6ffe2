"""IPython's magics in a code cell: what of it is Python, what is shell text.

After `IPython.core.inputtransformer2` and the magics that IPython, ipykernel and Colab define.
"""

import re
from typing import Literal

from lintune.source.record import dataclass

PartKind = Literal["python", "shell", "markdown", "other"]

_SHELLS = frozenset({"bash", "sh", "shell", "sx", "system", "!", "zsh"})
_AROUND_PYTHON = frozenset({"capture", "time", "timeit", "prun", "memit", "mprun", "debug", "python", "python3", "px", "skip_if", "heat"})
_WRITES = frozenset({"writefile", "file"})
_LASTING = {"cd": "", "env": "env", "set_env": "set_env"}
"""Line magics that hold for later cells, and what stands before the shell's spelling of them."""
_COMMANDS = frozenset({"pip", "pip3", "conda", "mamba", "uv"})
"""Line magics that run the program of the same name."""

_CELL_MAGIC = re.compile(r"(?:[ \t]*\n)*%%(!|[\w.]+)[ \t]*([^\n]*)(?:\n|$)")
_LINE = re.compile(
    r"(?P<before>[ \t]*(?:[A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*[ \t]*=[ \t]*)?)"
    r"(?:!!?(?!=)|%(?=[A-Za-z_])|\?\??(?=[\w.])|(?=[\w.%*]+\?\??[ \t]*$))"
)
_WORD = re.compile(r"[\w.]+[ \t]*")
_AST_ONLY = 0x400 | 0x2000  # ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, without importing ast


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a cell's text."""

    kind: PartKind
    start: int
    end: int
    text: str | None = None
    """What is read in its place, of the same length; None for what is written."""
    interpolated: bool = False
    lasting: bool = False
    target: str = ""


def split_code(text: str) -> list[Part]:
    """The parts of a code cell: its Python with the magics blanked out, then each shell command of it, in order."""
    found = _CELL_MAGIC.match(text)
    if found is None:
        return _python(text, 0)
    magic, words, body = found.group(1), found.group(2).split(), found.end()
    if magic in _SHELLS:
        return [Part("shell", body, len(text), interpolated=magic in ("!", "sx", "system"))]
    if magic == "script":
        program = next((word for word in words if not word.startswith("-")), "").rpartition("/")[2]
        return [Part("shell" if program in _SHELLS else "python" if program.startswith("python") else "other", body, len(text))]
    if magic in _WRITES:
        target = next((word.strip("\"'") for word in words if not word.startswith("-")), "")
        return [Part(_kind_of(target), body, len(text), target=target)]
    if magic in _AROUND_PYTHON:
        return _python(text, body)
    return [Part("other", body, len(text))]


def _kind_of(path: str) -> PartKind:
    if path.endswith((".sh", ".bash", ".sbatch", ".slurm")):
        return "shell"
    return "python" if path.endswith(".py") else "other"


def _python(text: str, start: int) -> list[Part]:
    """Python from `start` on; lines that look like magics are such only where the cell is no Python as it stands."""
    code = text[start:]
    if not any(mark in code for mark in "!%?") or _is_python(code):
        return [Part("python", start, len(text))]
    kept, commands, at = list(code), [], 0
    while at < len(code):
        end = _line_end(code, at)
        found = _LINE.match(code, at, end)
        if found:
            end = _command_end(code, end)
            first = len(found.group("before")) + at
            commands += _command(code, first, end, start)
            for index in range(first, end):
                if code[index] not in "\r\n":
                    kept[index] = " "
            kept[first] = "0"  # a statement, so that a block is not empty and an assignment has its value
        at = end + 1
    return [Part("python", start, len(text), "".join(kept)), *commands]


def _line_end(code: str, at: int) -> int:
    newline = code.find("\n", at)
    return len(code) if newline < 0 else newline


def _command_end(code: str, end: int) -> int:
    """The end of a magic whose first line ends at `end`: a backslash at a line's end joins the next."""
    while end < len(code) and code.startswith("\\", end - 1):
        end = _line_end(code, end + 1)
    return end


def _command(code: str, at: int, end: int, shift: int) -> list[Part]:
    """The shell text of a magic that starts at `at`, if it has one."""
    if code.startswith("!", at):
        begin = at + (2 if code.startswith("!!", at) else 1)
        return [Part("shell", shift + begin, shift + end, interpolated=True)]
    found = _WORD.match(code, at + 1, end) if code.startswith("%", at) else None
    if found is None:
        return []
    magic = found.group().strip()
    if magic in _COMMANDS:
        return [Part("shell", shift + at + 1, shift + end, interpolated=True)]
    if magic in ("sx", "system"):
        return [Part("shell", shift + found.end(), shift + end, interpolated=True)]
    if magic in _LASTING:
        begin = found.end() if _LASTING[magic] else at + 1
        return [Part("shell", shift + begin, shift + end, interpolated=True, lasting=True)]
    return []


def _is_python(code: str) -> bool:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "cell", "exec", _AST_ONLY, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
