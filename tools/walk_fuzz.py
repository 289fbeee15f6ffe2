"""Random programs, walked and really run: whatever the walk of a training script says for certain must be so.

    python tools/walk_fuzz.py --programs 20000 --seed 0

Each program (see `program_writer.py`) is walked with all its options known, then with some of them unknown, which must hold for
every value they may have. A disagreement is cut down to the smallest program that still shows it and is printed.
"""

import argparse
import ast
import contextlib
import copy
import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any
from unittest.mock import patch

from program_writer import Program, ProgramWriter
from walk_truth import RealEnd, RealRun, is_told, same_end, wrong_branches, wrong_ends

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.scripts.walk.trace import ScriptTrace, walk_script
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value

_PATH = "train.py"
_VARIANTS = 5
_MOST_TRIES = 400


@dataclass(frozen=True)
class Disagreement:
    """Something certain that is not so."""

    program: Program
    unknown: frozenset[str]
    message: str
    kind: tuple[str, str] = ("", "")
    """The class that is certain, and the real one: kept while a program is cut down."""

    def __str__(self) -> str:
        options = {name: "unknown" if name in self.unknown else value for name, value in self.program.options.items()}
        return f"{self.message}\noptions: {options}\n{self.program.text}"


def execute(text: str, options: dict[str, object]) -> RealRun:
    """Runs a program with the values of its options."""
    lines: set[int] = set()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != _PATH:
            return None
        if event == "line":
            lines.add(frame.f_lineno)
        return trace

    def parsed(parser: argparse.ArgumentParser, *words: Any) -> argparse.Namespace:
        return argparse.Namespace(**copy.deepcopy(options))

    code = _compiled(text)
    end = None
    with patch.object(argparse.ArgumentParser, "parse_args", parsed):
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            exec(code, {"__name__": "__main__"})
        except BaseException as error:
            own = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == _PATH]
            message = str(error.code) if isinstance(error, SystemExit) else str(error)
            end = RealEnd(type(error).__name__, (message, *map(str, error.args[:1])), _PATH, own[-1])
        finally:
            sys.settrace(before)
    return RealRun(end, lines={_PATH: frozenset(lines)})


def walk_program(program: Program, unknown: frozenset[str]) -> ScriptTrace:
    """The walk of a program of which some options are not known."""

    def option(name: str) -> Value:
        if name in unknown or name not in program.options:
            return Unknown("not told")
        value = program.options[name]
        return Absent() if value is None else Known(tuple(value) if isinstance(value, list) else value)  # type: ignore[arg-type]

    return walk_script(_read(program.text), option)


@lru_cache(maxsize=4)
def _read(text: str) -> EntryScript:
    return read_entry_script(Source(_PATH, text), dict[str, Source]().get)


@lru_cache(maxsize=4)
def _compiled(text: str) -> CodeType:
    return compile(text, _PATH, "exec")


def disagreement(program: Program, unknown: frozenset[str], seed: int, counts: Counter[str]) -> Disagreement | None:
    """What the walk says wrongly of a program, if anything."""
    try:
        trace = walk_program(program, unknown)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Disagreement(
            program, unknown, f"the walk crashes: {error!r} at {place.filename}:{place.lineno}", ("crash", type(error).__name__)
        )
    certain = [end for end in trace.ends if end.certain]
    kind = "open" if unknown else "known"
    for options in variants(program, unknown, seed):
        real = execute(program.text, options)
        counts[f"{kind} runs"] += 1
        counts[f"{kind} runs decided"] += bool(certain)
        counts[f"{kind} messages"] += any(is_told(end) for end in certain)
        counts[f"{kind} ends found"] += real.end is not None and any(same_end(end, real.end, program.text) for end in certain)
        for wrong in wrong_ends(trace, real, {_PATH: program.text}):
            kinds = certain[0].exception if certain else "", real.end.type if real.end else ""
            return Disagreement(program, unknown, f"with {options}: {wrong}", kinds)
        for wrong in wrong_branches(trace, real, {_PATH: program.text}):
            return Disagreement(program, unknown, f"with {options}: {wrong}", ("branch", ""))
        if real.end is not None and not unknown and not trace.ends and not trace.notes:
            return Disagreement(program, unknown, f"no end at all, but it is {real.end}")
    return None


def variants(program: Program, unknown: frozenset[str], seed: int) -> Iterator[dict[str, object]]:
    """Values that the options may have: as written, and for unknown ones some others."""
    yield dict(program.options)
    writer = ProgramWriter(seed + 1)
    for _ in range(_VARIANTS if unknown else 0):
        made = dict(program.options)
        for name in sorted(unknown):
            value = made[name]
            kind = "none" if value is None else "list" if isinstance(value, list) else type(value).__name__
            made[name] = writer.option_value(kind if writer.random.random() < 0.85 else writer.random.choice(("int", "str", "none")))
        yield made


def check_program(seed: int, size: int, counts: Counter[str]) -> Disagreement | None:
    """Writes one program and tries it with all options known, then with some unknown."""
    program = ProgramWriter(seed, size).program()
    try:
        program = with_probes(program)
    except SyntaxError:
        return None
    counts["programs"] += 1
    chosen = random.Random(seed).sample(sorted(program.options), random.Random(seed).randint(1, 2))
    for unknown in (frozenset[str](), frozenset(chosen)):
        found = disagreement(program, unknown, seed, counts)
        if found is not None:
            return found
    return None


def with_probes(program: Program) -> Program:
    """The program with a branch on the final value of every variable: one that the walk must not get wrong."""
    lines = program.text.splitlines()
    final = max(index for index, line in enumerate(lines) if line.startswith("    raise RuntimeError"))
    real = execute(program.text, program.options)
    if real.end is None or real.end.line != final + 1:
        return program
    code = "\n".join([*lines[:final], f"    raise Values(dict(zip({program.shown!r}, [{', '.join(program.shown)}])))", *lines[final + 1 :]])
    values = values_of(code, program.options)
    probes = []
    for name, value in values.items():
        probes += [f"    if {name} == {value!r}:", "        pass", "    else:", f"        raise LookupError({name!r})"]
        if value:
            probes += [f"    if not {name}:", f"        raise LookupError({name!r})"]
    return Program("\n".join([*lines[:final], *probes, *lines[final:], ""]), program.options, program.shown)


class Values(Exception):
    """Carries the values of a program's variables out of it."""


def values_of(text: str, options: dict[str, object]) -> dict[str, object]:
    """The values that a program raises."""
    try:
        with patch.object(argparse.ArgumentParser, "parse_args", lambda *_: argparse.Namespace(**copy.deepcopy(options))):
            exec(compile(text, _PATH, "exec"), {"__name__": "__main__", "Values": Values})
    except Values as found:
        values: dict[str, object] = found.args[0]
        return values
    return {}


def smallest(found: Disagreement, seed: int) -> Disagreement:
    """The same kind of disagreement on a program from which nothing more can be left out."""
    tries = 0

    def still(text: str) -> Disagreement | None:
        nonlocal tries
        tries += 1
        return disagreement(Program(text, found.program.options), found.unknown, seed, Counter())

    shrunk = True
    while shrunk and tries < _MOST_TRIES:
        shrunk = False
        for shorter in smaller(found.program.text):
            again = still(shorter) if tries < _MOST_TRIES else None
            if again is not None and again.kind == found.kind:
                found, shrunk = again, True
                break
    return found


def smaller(text: str) -> Iterator[str]:
    """The program with one statement left out, or a compound one replaced by its body."""
    tree = ast.parse(text)
    places = [
        (getattr(node, name), index)
        for node in ast.walk(tree)
        for name in ("body", "orelse", "finalbody")
        if isinstance(getattr(node, name, None), list)
        for index in range(len(getattr(node, name)))
    ]
    places.sort(key=lambda place: -len(ast.unparse(place[0][place[1]])))
    for block, index in places:
        kept = block[index]
        inner = [getattr(kept, name) for name in ("body", "orelse") if isinstance(getattr(kept, name, None), list)]
        for instead in ([], *inner) if not isinstance(kept, ast.FunctionDef | ast.ClassDef) else ([],):
            block[index : index + 1] = instead or ([ast.Pass()] if len(block) == 1 else [])
            width = len(block)
            with contextlib.suppress(SyntaxError, ValueError):
                made = ast.unparse(ast.fix_missing_locations(tree))
                compile(made, _PATH, "exec")
                if made != text:
                    yield made
            block[index : index + (len(instead) or (1 if width == 1 and isinstance(block[0], ast.Pass) else 0))] = [kept]


def main() -> int:
    """Tries programs; the exit status is the number of disagreements, at most 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=14, help="about how many statements a program has")
    parser.add_argument("--most", type=int, default=5, help="stop after so many disagreements")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    wrong = 0
    check: Callable[[int, int, Counter[str]], Disagreement | None] = check_program
    for seed in range(options.seed, options.seed + options.programs):
        found = check(seed, options.size, counts)
        if found is not None:
            wrong += 1
            print(f"== seed {seed}: {smallest(found, seed)}", flush=True)
            if wrong >= options.most:
                break
    print(dict(counts))
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
