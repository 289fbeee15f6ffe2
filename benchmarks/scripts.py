"""What scripts train, told twice: by the adapter that knows the script, and by walking through it.

    python benchmarks/scripts.py FOLDER ...     folders of checked out repositories

Prints per repository how many launches were compared, part by part: equal, different, not known to the walk; every
difference with its launch; certain ends; and the time of reading and walking, first and again.
"""

import os
import sys
import time
from collections import Counter
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
            compare(check(["."], options_for(Config(), Given())).launches)
        finally:
            os.chdir(here)


def compare(launches: list[Run]) -> None:
    """Print what adapter and walk say of each launch."""
    parts: Counter[str] = Counter()
    times: list[float] = []
    certain = 0
    reasons: Counter[str] = Counter()
    for run in launches:
        if run.walk is None or text(run.get("tune.llm.mode")) is None:
            continue
        start = time.perf_counter()
        trace = trace_of(run)
        times.append(time.perf_counter() - start)
        if trace is None:
            continue
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
    slowest = f", slowest walk {1000 * max(times):.0f} ms" if times else ""
    print(f"  {len(times)} launches, parts {dict(parts)}, {certain} end for certain{slowest}")


if __name__ == "__main__":
    main(sys.argv[1:])
