"""The official examples of public repositories: which files they are, and what lintune makes of each launch in them.

The repositories are not part of this project: check them out at the commits of `tests/corpus/repositories.json` and give their
folders, named `OWNER+NAME` (or `OWNER/NAME=FOLDER`).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lintune.engine.check import check
from lintune.engine.finding import Finding
from lintune.engine.result import CheckOptions
from lintune.run.run import Run
from lintune.values.value import Absent, Known, Unknown, Value

LIST = Path(__file__).resolve().parents[1] / "tests" / "corpus" / "repositories.json"
PARTS = ("llm", "embed", "lm_head", "vision", "projector")
_NAMELESS = ("unknown", "argparse", "")


@dataclass(frozen=True)
class Repository:
    """A repository, the commit that was looked at, and its examples."""

    name: str
    commit: str
    examples: tuple[str, ...]
    """Globs of the files that hold launches."""
    without: tuple[str, ...] = ()
    """Globs of files among them that start no training: export, inference, evaluation."""


@dataclass(frozen=True)
class Checkout:
    """A repository with the folder that holds it."""

    repository: Repository
    folder: Path

    def files(self) -> list[str]:
        """The example files, relative to the folder."""
        left_out = {path for glob in self.repository.without for path in self.folder.glob(glob)}
        found = {path for glob in self.repository.examples for path in self.folder.glob(glob) if path.is_file()}
        return sorted(path.relative_to(self.folder).as_posix() for path in found - left_out)


@dataclass(frozen=True)
class Understood:
    """What was understood of one launch; every text is a value, `?` with a reason, or empty for nothing at all."""

    path: str
    line: int
    framework: str
    model: str
    parts: dict[str, str]

    @property
    def named(self) -> bool:
        """Whether the framework is known."""
        return self.framework not in _NAMELESS

    @property
    def whole(self) -> bool:
        """Whether every part has a mode, or a reason why it has none that is known."""
        return all(self.parts.values())


def repositories() -> dict[str, Repository]:
    """The repositories by name."""
    rows = json.loads(LIST.read_text("utf-8"))["repositories"]
    return {row["name"]: Repository(row["name"], row["commit"], tuple(row["examples"]), tuple(row.get("without", ()))) for row in rows}


def checkouts(folders: list[str]) -> list[Checkout]:
    """The checkouts that the words name; a folder of checkouts stands for all in it. Raises `SystemExit` for one that is not listed."""
    known, found = repositories(), []
    for word in folders:
        name, _, given = word.rpartition("=")
        folder = Path(given)
        inner = [folder] if name or "+" in folder.name else sorted(each for each in folder.iterdir() if "+" in each.name)
        for each in inner:
            repository = known.get(name or each.name.replace("+", "/"))
            if repository is None and len(inner) == 1:
                raise SystemExit(f"{each}: not in {LIST.name}")
            if repository is not None:
                found.append(Checkout(repository, each.resolve()))
    return found


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """The working folder is another one for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def examined(checkout: Checkout) -> tuple[list[Run], list[Finding], list[str]]:
    """The launches of the examples, the findings, and the files in which no launch was found."""
    files = checkout.files()
    with inside(checkout.folder):
        result = check(files, CheckOptions())
    holders = {run.path for run in result.launches}
    return list(result.launches), list(result.findings), [path for path in files if path not in holders]


def understood(run: Run) -> Understood:
    """What a run says of itself."""
    parts = {part: shown(run.get(f"tune.{part}.mode")) for part in PARTS}
    if shown(run.get("model.kind")) == "llm" or parts["llm"]:
        parts |= {part: parts[part] or "none" for part in ("vision", "projector")}
    line = run.site.source.position(run.site.span.start).line
    return Understood(run.path, line, run.framework, shown(run.get("model.id")), parts)


def shown(value: Value) -> str:
    """A value as text: `?` and the reason for one that is not known, nothing for one that is not there."""
    match value:
        case Known(value=found):
            return str(found)
        case Unknown(reason=reason):
            return f"? {reason}"
        case Absent():
            return ""
