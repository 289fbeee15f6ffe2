"""What scripts train, told twice: by the adapter that knows the script, and by walking through it.

    python benchmarks/scripts.py FOLDER ...     folders of checked out repositories

Prints per repository how many launches were compared, part by part: equal, different, not known to the walk; every
difference with its launch; certain ends; and of each entry script the CPU time of reading it and of its first walk, with the
lines of the files they rest on.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

from lintune.cli.config import Config
from lintune.cli.settings import Given, options_for
from lintune.engine.check import check
from lintune.frameworks import walked_parts
from lintune.frameworks.inventory import PARTS
from lintune.frameworks.script_walk import trace_of
from lintune.frameworks.walked_parts import modes_of
from lintune.run.known import text
from lintune.run.run import Run
from lintune.scripts import entry
from lintune.scripts.walk import trace as walks

ADAPTERS = ("minicpmv", "llava", "internvl", "qwenvl", "2u1", "qwen2u1")


def main(folders: list[str]) -> None:
    """Compare the launches of each folder."""
    os.environ["LINTUNE_CACHE"] = "off"
    walked_parts.prefer_walk = lambda run: None  # the adapters are asked themselves
    here = Path.cwd()
    for folder in folders:
        os.chdir(folder)
        try:
            print(f"{Path(folder).name}")
            took: dict[str, list[float]] = {}
            with timed(took):
                launches = check(["."], options_for(Config(), Given())).launches
            compare(launches, took)
        finally:
            os.chdir(here)


@contextmanager
def timed(took: dict[str, list[float]]) -> Iterator[None]:
    """CPU seconds of reading each entry script, then of each walk through it, by its path."""

    def noting(function: Callable[..., object], path_of: Callable[..., str]) -> Callable[..., object]:
        @wraps(function)
        def run(*args: object, **keywords: object) -> object:
            start = time.process_time()
            found = function(*args, **keywords)
            took.setdefault(path_of(args[0]), []).append(time.process_time() - start)
            return found

        return run

    read, walk = entry.read_entry_script, walks.walk_script
    entry.read_entry_script = noting(read, lambda source: source.path)  # type: ignore[assignment]
    walks.walk_script = noting(walk, lambda script: script.source.path)  # type: ignore[assignment]
    try:
        yield
    finally:
        entry.read_entry_script, walks.walk_script = read, walk


def compare(launches: list[Run], took: dict[str, list[float]]) -> None:
    """Print what adapter and walk say of each launch, and what reading and walking took."""
    parts: Counter[str] = Counter()
    compared = 0
    lines: dict[str, int] = {}
    certain = 0
    reasons: Counter[str] = Counter()
    for run in launches:
        if run.walk is None or text(run.get("tune.llm.mode")) is None:
            continue
        compared += 1
        trace = trace_of(run)
        if trace is None:
            continue
        path = text(run.get("script.path")) or ""
        lines[path] = sum(len(Path(each).read_text(errors="replace").splitlines()) for each in trace.paths_read if Path(each).is_file())
        if any(end.certain for end in trace.ends):
            certain += 1  # it does not come to training: there is nothing to compare
            continue
        modes = modes_of(trace)
        for part in PARTS:
            told, walked = text(run.get(f"tune.{part}.mode")), modes.get(part, (None, ()))[0]
            verdict = "open" if walked is None or told is None else "equal" if told == walked else "different"
            parts[verdict] += 1
            reasons.update([f"{run.path.rpartition('/')[2]} {part}" if told is not None else "the adapter"] if verdict == "open" else [])
            if verdict == "different":
                print(f"  {run.path}:{run.site.line} {part}: the adapter says {told}, the walk {walked}")
    if reasons:
        print("  open:", ", ".join(sorted(reasons))[:600])
    print(f"  {compared} launches, parts {dict(parts)}, {certain} end for certain")
    for path, seconds in took.items():
        if len(seconds) > 1 and path in lines:
            print(f"  {path}: read in {1000 * seconds[0]:.0f} ms, walked in {1000 * seconds[1]:.0f} ms of CPU, {lines[path]:,} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
