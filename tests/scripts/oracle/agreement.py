"""Where a walk and a real run of the same script with the same options disagree."""

import ast
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.scripts.walk.trace import Branch, End, PartState, ScriptTrace, walk_script
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value
from tests.scripts.oracle.real import NOT_FROM_OPTIONS, Case, Outcome


@dataclass
class Agreement:
    """What was compared: the disagreements, and counts of what was decided."""

    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Ends that depend on options only and were not found certain."""
    counts: Counter[str] = field(default_factory=Counter)


def read_script(case: Case) -> EntryScript:
    """The script of a case, with its project as the reader sees it."""
    return _read(case.root, case.script)


@lru_cache(maxsize=256)
def _read(root: Path, script: str) -> EntryScript:
    def read(path: str) -> Source | None:
        file = root / path
        return Source(path, file.read_text(encoding="utf-8")) if file.is_file() else None

    source = read(script)
    assert source is not None
    return read_entry_script(source, read)


def as_value(found: object) -> Value:
    """A parsed value as the launch has it."""
    match found:
        case None:
            return Absent()
        case list():
            return Known(tuple(found))
        case {"__opaque__": _}:
            return Unknown("not a plain value")
        case bool() | int() | float() | str() | dict():
            return Known(found)
    return Unknown("not a plain value")


def walked(case: Case, outcome: Outcome) -> ScriptTrace:
    """The walk with the options that the real parser made of the words."""

    def option(name: str) -> Value:
        return as_value(outcome.options[name]) if name in outcome.options else Unknown("no such option")

    def variable(name: str) -> Value:
        given = dict(case.env)
        return Known(given[name]) if name in given else Unknown("of the machine") if name == "PATH" else Absent()

    def exists(path: str) -> bool:
        return os.path.exists(case.root / path)

    return walk_script(read_script(case), option, variable, exists)


def compare(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """Adds what a walk says otherwise than the run was."""
    into.counts["runs"] += 1
    into.counts[outcome.outcome] += 1
    _compare_ends(case, outcome, trace, into)
    _compare_branches(case, outcome, trace, into)
    if outcome.outcome == "trains":
        _compare_parts(case, outcome, trace, into)


def _failures(trace: ScriptTrace) -> list[End]:
    """What certainly ends the script before training, and not in success."""
    return [end for end in trace.ends if end.certain and end.status == "failure" and end.stage != "last-save"]


def _compare_ends(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    certain = _failures(trace)
    reaches = {"trains": True, "raises": False, "ends": False}.get(outcome.outcome)
    if reaches is not None and trace.reaches_training is not None:
        into.counts["reaching decided"] += 1
        if trace.reaches_training is not reaches and not (outcome.library and outcome.type != "SystemExit"):
            into.wrong.append(f"{case}: reaches_training {trace.reaches_training}, the run {outcome.outcome} {_told(outcome)}")
    if outcome.outcome != "raises":
        into.wrong += [f"{case}: the run {outcome.outcome}, but certain: {_shown(end)}" for end in certain]
        return
    into.wrong += [f"{case}: {_told(outcome)}, but certain: {_shown(end)}" for end in certain if not _same_end(case, outcome, end)]
    found = any(_same_end(case, outcome, end) for end in certain)
    into.counts["raises found"] += found
    if must_be_found(case, outcome):
        into.counts["raises asked"] += 1
        into.counts["raises asked and found"] += found
        if not found:
            into.missed.append(f"{case}: {_told(outcome)} is not certain")
    into.counts["messages told"] += any("..." not in end.message and end.message != "" for end in certain)


def _told(outcome: Outcome) -> str:
    return f"{outcome.type}({outcome.message!r}) at {outcome.file}:{outcome.line}" if outcome.type else ""


def _shown(end: End) -> str:
    return f"{end.exception}({end.message!r}) at {end.site.source.path}:{end.site.line}"


def _same_end(case: Case, outcome: Outcome, end: End) -> bool:
    if end.site.source.path != outcome.file or end.exception != outcome.type:
        return False
    first, last = statement_lines(case.root / outcome.file, outcome.line)
    return first <= end.site.line <= last and _same_message(end, outcome)


def _same_message(end: End, outcome: Outcome) -> bool:
    """Whether the real message is the one that was told, with anything where it says `...`."""
    told = end.message
    if not told or (end.kind == "assert" and not outcome.message):
        return True
    if end.kind == "assert" and told.startswith("assert "):
        return True
    if end.kind not in ("raise", "assert", "exit", "parser-error"):
        return True
    pattern = ".*".join(re.escape(piece) for piece in told.split("..."))
    return any(re.fullmatch(pattern, text, re.DOTALL) or (len(told) == 400 and text.startswith(told)) for text in outcome.texts)


@lru_cache(maxsize=256)
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=2048)
def statement(path: Path, line: int) -> ast.stmt | None:
    """The innermost simple statement on a line, else the innermost of any kind."""
    found = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)]
    return max(found, key=lambda node: node.lineno, default=None)


def statement_lines(path: Path, line: int) -> tuple[int, int]:
    """The first and last line of the innermost statement on a line; of a compound one, its head."""
    node = statement(path, line)
    if node is None:
        return line, line
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or line
    return node.lineno, max(last, node.lineno)


def must_be_found(case: Case, outcome: Outcome) -> bool:
    """Whether an exception was written by the project and depends on options only."""
    path = case.root / outcome.file
    if not outcome.file or NOT_FROM_OPTIONS in path.read_text(encoding="utf-8").splitlines()[outcome.line - 1]:
        return False
    node = statement(path, outcome.line)
    text = ast.unparse(node) if node is not None else ""
    if isinstance(node, ast.Raise | ast.Assert):
        return not outcome.library
    if outcome.type == "SystemExit":
        return bool(re.search(r"\b(exit|error|leave)\(", text))
    return outcome.type == "KeyError" and not outcome.library


def _compare_branches(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """A branch that is known leaves the other side without a line that was executed."""
    for branch in trace.branches:
        into.counts["branches"] += 1
        into.counts["branches decided"] += branch.taken is not None
        if branch.taken is None:
            continue
        path = branch.site.source.path
        wrong = _other_side(case.root / path, branch) & outcome.lines.get(path, frozenset())
        if wrong:
            into.wrong.append(f"{case}: {path}:{branch.site.line} `{branch.text}` is not {branch.taken}, line {min(wrong)} was run")


def _other_side(path: Path, branch: Branch) -> frozenset[int]:
    """The lines that are not run where an `if` comes out as the branch says."""
    for node in ast.walk(_tree(path)):
        if (
            isinstance(node, ast.If)
            and node.test.lineno == branch.site.line
            and " ".join(ast.unparse(node.test).split()) == _plain(branch.text)
        ):
            side = node.orelse if branch.taken else node.body
            return frozenset(line for each in side for line in range(each.lineno, (each.end_lineno or each.lineno) + 1))
    return frozenset()


def _plain(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text, mode="eval"))
    except SyntaxError:
        return text


_WRAPPERS = re.compile(r"^base_model\.model\.|\.base_layer\b|\.(lora_[AB]|modules_to_save)\.default\b|\.original_module\b")


def original(name: str) -> str:
    """The name of a parameter before adapters were put around its module."""
    while (shorter := _WRAPPERS.sub("", name.replace(".base_model.model.", "."))) != name:
        name = shorter
    return name


def _compare_parts(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """Every original parameter: what the walk says of the nearest part above it must be so."""
    real: dict[str, bool] = {}
    adapted: dict[str, bool] = {}
    for names, trained in ((outcome.trained, True), (outcome.frozen, False)):
        for name in names:
            kind = adapted if "lora_" in name or "modules_to_save" in name else real
            kind[name] = trained
    for name, trained in real.items():
        part = nearest_part(trace, original(name))
        into.counts["parameters"] += 1
        if part is None or part.trained is None:
            continue
        into.counts["parameters decided"] += 1
        if part.trained is not trained:
            into.wrong.append(
                f"{case}: `{name}` trained {trained}, but part {part.path!r} (line {part.site and part.site.line}) {part.trained}"
            )
    _compare_lora(case, trace, adapted, into)


def _compare_lora(case: Case, trace: ScriptTrace, adapted: dict[str, bool], into: Agreement) -> None:
    lora = {original(name): trained for name, trained in adapted.items() if "lora_" in name}
    for name, trained in lora.items():
        part = nearest_part(trace, name)
        into.counts["adapters"] += 1
        if part is None or part.lora is None:
            continue
        into.counts["adapters decided"] += 1
        if part.lora is not trained:
            into.wrong.append(f"{case}: LoRA at `{name}` trained {trained}, but part {part.path!r} says {part.lora}")


def nearest_part(trace: ScriptTrace, name: str) -> PartState | None:
    """The part with the longest path that lies above a parameter, if it is plain."""
    above = [part for path, part in trace.parts.items() if not path or f"{name}.".startswith(f"{path}.")]
    if any("*" in path or "[" in path for path in trace.parts):
        return None
    return max(above, key=lambda part: len(part.path), default=None)
