"""Time of a check of whole repositories: everything anew, and again from what was kept.

    python benchmarks/corpus.py FOLDER [--runs 5] [--markdown FILE]

Each run is a process of its own with a cache folder of its own, in which the compiled rules lie already (an installed wheel
has them). CPU seconds are those of all its processes: on a shared machine they say more than wall-clock time.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINTUNE = Path(sys.executable).parent / "lintune"
SHELL, YAML = (".sh", ".bash", ".sbatch", ".slurm"), (".yaml", ".yml")


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, bytes]:
    """Wall-clock and CPU seconds of a command, and what it wrote."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def measure(folder: str, runs: int) -> dict[str, list[tuple[float, float]]]:
    """Wall-clock and CPU seconds by kind of run; the two must report the same."""
    found: dict[str, list[tuple[float, float]]] = {"python -I -c pass": [], "anew": [], "from the cache": []}
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "LINTUNE_CACHE": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [str(LINTUNE), "check", "--exit-zero", folder]
        timed([str(LINTUNE), "rules"], environment)
        timed(command, environment)
        for _ in range(runs):
            for kept in Path(cache).glob("checks-*"):
                kept.unlink()
            found["python -I -c pass"].append(timed([sys.executable, "-I", "-c", "pass"], environment)[:2])
            *anew, said = timed(command, environment)
            *again, repeated = timed(command, environment)
            if said != repeated:
                raise SystemExit("the kept check does not say the same")
            found["anew"].append((anew[0], anew[1]))
            found["from the cache"].append((again[0], again[1]))
    return found


def table(folder: str, found: dict[str, list[tuple[float, float]]]) -> str:
    """The figures as a Markdown table."""
    names = [name for _, _, files in os.walk(folder) for name in files]
    shells, yamls = (sum(name.endswith(ends) for name in names) for ends in (SHELL, YAML))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    lines = [f"{len(names)} files, {shells} shell, {yamls} YAML; {cores} cores", ""]
    lines += ["| run | median s | least s | median CPU s |", "| --- | ---: | ---: | ---: |"]
    for name, times in found.items():
        walls, cpus = zip(*times, strict=True)
        lines.append(f"| {name} | {statistics.median(walls):.3f} | {min(walls):.3f} | {statistics.median(cpus):.3f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", type=Path, help="also write the table here")
    options = parser.parse_args()
    text = table(options.folder, measure(options.folder, options.runs))
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
