"""Real runs of training scripts under stubs, and the runs that the scripts here carry in their first lines."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
_RUN = re.compile(r"# run:(.*)")
_VARIABLE = re.compile(r"[A-Z_]+=")
NOT_FROM_OPTIONS = "# not from options"
"""Marks a statement that raises for other reasons than options: nothing certain is asked there."""


@dataclass(frozen=True)
class Case:
    """A script with the words and the environment of one launch."""

    script: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    root: Path = SCRIPTS

    def __str__(self) -> str:
        return " ".join([*(f"{name}={value}" for name, value in self.env), self.script, *self.argv])


@dataclass(frozen=True)
class Outcome:
    """What a run came to; see `runner.py`."""

    outcome: str
    type: str = ""
    message: str = ""
    texts: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    library: bool = False
    trained: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, frozenset[int]] = field(default_factory=dict)
    calls: list[tuple[str, str, int, dict[str, Any]]] = field(default_factory=list)


class Runner:
    """A process that runs scripts, each in a fork of it, with an environment that holds nothing."""

    def __init__(self) -> None:
        """Starts the process."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(HERE / "runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin"},
        )

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, case: Case) -> Outcome:
        """Runs one case."""
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {"root": str(case.root), "script": case.script, "argv": case.argv, "env": dict(case.env)}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        found.pop("stack", None)
        for name in ("trained", "frozen", "texts"):
            found[name] = tuple(found.get(name, ()))
        found["lines"] = {name: frozenset(lines) for name, lines in found.get("lines", {}).items()}
        return Outcome(**found)


def cases() -> Iterator[Case]:
    """The runs that the scripts carry: `# run: NAME=value --flag word`, one a line."""
    for path in sorted(SCRIPTS.rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = _RUN.match(line)
            if found is not None:
                yield case_of(path.relative_to(SCRIPTS).as_posix(), shlex.split(found[1]))


def case_of(script: str, words: list[str]) -> Case:
    """A case of words, of which the first may be variables."""
    count = next((index for index, word in enumerate(words) if not _VARIABLE.match(word)), len(words))
    env = tuple((name, value) for name, _, value in (word.partition("=") for word in words[:count]))
    return Case(script, tuple(words[count:]), env)
