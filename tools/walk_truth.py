"""What really ended a script, and whether what a walk says of it is so: ends at the same statement, branches that were taken."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lintune.scripts.walk.trace import Branch, End, ScriptTrace

_LONGEST = 400
"""Messages are cut there."""


@dataclass(frozen=True)
class RealEnd:
    """The exception that left a script, at the deepest frame in its own files."""

    type: str
    texts: tuple[str, ...]
    """Its message, and its first argument as text."""
    file: str
    line: int
    library: bool = False
    """Whether it was raised deeper, in a library."""


@dataclass(frozen=True)
class RealRun:
    """One run: how it ended (None: by itself, or by reaching training) and the lines that were run, by file."""

    end: RealEnd | None
    trains: bool = False
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)


def same_end(end: End, real: RealEnd, text: str) -> bool:
    """Whether an end of a walk is the real one: the same statement of a file with this text, class and message."""
    return same_place(end, real, text) and same_message(end, real)


def same_place(end: End, real: RealEnd, text: str) -> bool:
    """Whether an end of a walk is at the real statement, with the real class."""
    if end.site.source.path != real.file or end.exception != real.type:
        return False
    first, last = statement_lines(text, real.line)
    return first <= end.site.line <= last


def same_message(end: End, real: RealEnd) -> bool:
    """Whether the real message is the one that was told, with anything where it says `...`."""
    told = end.message
    if not told or end.kind not in ("raise", "assert", "exit", "parser-error") or (end.kind == "assert" and told.startswith("assert ")):
        return True
    pattern = ".*".join(re.escape(piece) for piece in told.split("..."))
    return any(re.fullmatch(pattern, text, re.DOTALL) or (len(told) >= _LONGEST and text.startswith(told)) for text in real.texts)


def wrong_ends(trace: ScriptTrace, real: RealRun, texts: Mapping[str, str]) -> list[str]:
    """Ends that are certain and did not come, and training that was reached or not against what the walk says.

    Certain means: it ends there unless it ends before at an end that the walk calls possible, in a library, or by an
    error that no statement raises (`[][0]`).
    """
    failures = [end for end in trace.ends if end.status == "failure" and end.stage != "last-save"]
    certain = [end for end in failures if end.certain]
    text = texts.get(real.end.file, "") if real.end else ""
    excused = real.end is not None and (
        not is_written(text, real.end) or any(same_end(end, real.end, text) for end in failures if not end.certain)
    )
    found = [
        f"certain {end.exception}({end.message!r}) at {end.site.source.path}:{end.site.line}, but it {_told(real)}"
        for end in certain
        if not excused and (real.end is None or not same_end(end, real.end, text))
    ]
    if trace.reaches_training is False and real.trains:
        found.append("training is not reached, but it trains")
    if trace.reaches_training and not real.trains and not excused:
        found.append(f"training is reached, but it {_told(real)}")
    return found


def _told(real: RealRun) -> str:
    if real.end is None:
        return "trains" if real.trains else "ends"
    return f"is {real.end.type}({real.end.texts[0]!r}) at {real.end.file}:{real.end.line}"


def is_written(text: str, real: RealEnd) -> bool:
    """Whether a statement of the script raises it: `raise`, `assert`, an exit."""
    match statement(text, real.line):
        case ast.Assert():
            return real.type == "AssertionError"
        case ast.Raise(exc=exception):
            called = exception.func if isinstance(exception, ast.Call) else exception
            name = getattr(called, "attr", getattr(called, "id", ""))
            return not real.library and (not name[:1].isupper() or name == real.type)
    return real.type == "SystemExit"


def is_told(end: End) -> bool:
    """Whether the whole message is told."""
    return bool(end.message) and "..." not in end.message


def wrong_branches(trace: ScriptTrace, real: RealRun, texts: Mapping[str, str]) -> list[str]:
    """Branches that are known in the walk, of which the other side was run."""
    found = []
    for branch in trace.branches:
        path = branch.site.source.path
        if branch.taken is not None and path in texts:
            wrong = (other_side(texts[path], branch) & real.lines.get(path, frozenset())) - _left_again(texts[path])
            if wrong:
                found.append(f"{path}:{branch.site.line} `{branch.text}` is not {branch.taken}: line {min(wrong)} was run")
    return found


def other_side(text: str, branch: Branch) -> frozenset[int]:
    """The lines that are not run where an `if` comes out as the branch says."""
    for test, node in _ifs(text).get(branch.site.line, ()):
        if test == _plain(branch.text):
            side = node.orelse if branch.taken else node.body
            return frozenset(line for each in side for line in range(each.lineno, (each.end_lineno or each.lineno) + 1))
    return frozenset()


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text, mode="eval"))
    except SyntaxError:
        return text


@lru_cache(maxsize=128)
def _ifs(text: str) -> dict[int, list[tuple[str, ast.If]]]:
    """The `if`s by line, with their tests."""
    found: dict[int, list[tuple[str, ast.If]]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.If):
            found.setdefault(node.test.lineno, []).append((ast.unparse(node.test), node))
    return found


@lru_cache(maxsize=128)
def _left_again(text: str) -> frozenset[int]:
    """The last lines of `finally` blocks: CPython places there what raises the exception again."""
    blocks = [node.finalbody[-1] for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Try) and node.finalbody]
    return frozenset(last.end_lineno or last.lineno for last in blocks)


@lru_cache(maxsize=128)
def _statements(text: str) -> list[ast.stmt]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]


def statement(text: str, line: int) -> ast.stmt | None:
    """The innermost statement on a line."""
    found = [node for node in _statements(text) if node.lineno <= line <= (node.end_lineno or 0)]
    return max(found, key=lambda node: node.lineno, default=None)


def statement_lines(text: str, line: int) -> tuple[int, int]:
    """The first and last line of the innermost statement on a line; of a compound one, its head."""
    node = statement(text, line)
    if node is None:
        return line, line
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or line
    return node.lineno, max(last, node.lineno)
