"""`lintune check` around the engine: formats, files, fixes, exit status."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lintune.cli.main import main
from lintune.engine.finding import Finding, Location, Severity, Way
from lintune.engine.result import CheckedFile, Result
from lintune.run.run import Run
from lintune.source.edits import Edit
from lintune.source.read import read_source
from lintune.source.text import Site, Source, Span

SCRIPT = "torchrun finetune.py --tune_llm true --bf16 yes\n"
Engine = Callable[..., Result]


def at(source: Source, text: str) -> Site:
    """The first place of a text."""
    start = source.text.index(text)
    return Site(source, Span(start, start + len(text)))


def finding(source: Source, text: str, severity: Severity = "error", fix: str = "", applicability: str = "safe") -> Finding:
    """A finding at a text, with a fix that replaces it."""
    site = at(source, text)
    ways = (Way(f"write {fix}", applicability, edits=(Edit(site, fix),)),) if fix else ()  # type: ignore[arg-type]
    return Finding("CLI900", "some-rule", severity, "certain", f"`{text}` is wrong", (Location(site, "", "primary"),), ways=ways)


@pytest.fixture
def launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.sh"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.fixture
def engine(launch: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Source], list[Finding]]], None]:
    """Replaces the engine by one that reads `run.sh` and finds what it is told to."""

    def install(find: Callable[[Source], list[Finding]], **fields: object) -> None:
        def check(paths: object, options: object, **rest: object) -> Result:
            source = read_source("run.sh", "run.sh")
            assert isinstance(source, Source)
            run = Run("minicpmv", "run.sh", Site(source, Span(0, 8)))
            found = tuple(find(source))
            return Result((CheckedFile("run.sh", "launch", "minicpmv", 1),), found, launches=(run,), decided=3, **fields)  # type: ignore[arg-type]

        monkeypatch.setattr("lintune.cli.grouping.engine_check", lambda: check)

    return install


def wrong(source: Source) -> list[Finding]:
    """An error with an unsafe fix, and a warning with a safe one; each while its text stands there."""
    found = []
    if "--tune_llm true" in source.text:
        found.append(finding(source, "--tune_llm true", "error", "--tune_llm false", "unsafe"))
    if "yes" in source.text:
        found.append(finding(source, "yes", "warning", "true"))
    return found


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 1),
        (["--exit-zero"], 0),
        (["--fail-on", "warning"], 1),
        (["--format", "json"], 1),
        (["--format", "sarif"], 1),
        (["--format", "github"], 1),
        (["--format", "concise"], 1),
    ],
)
def test_status_is_the_same_in_every_format(engine: Engine, words: list[str], status: int) -> None:
    """1 where something is at or above the threshold."""
    engine(wrong)
    assert main(["check", "run.sh", *words]) == status


def test_the_threshold(engine: Engine, launch: Path) -> None:
    """A warning fails only where asked for, on the command line or in the config."""
    engine(lambda source: [finding(source, "yes", "warning")])
    assert main(["check", "run.sh"]) == 0
    assert main(["check", "run.sh", "--fail-on", "warning"]) == 1
    (launch.parent / "lintune.toml").write_text('fail-on = "warning"\n', encoding="utf-8")
    assert main(["check", "run.sh"]) == 1
    assert main(["check", "run.sh", "--fail-on", "error"]) == 0


def test_missing_paths_and_crashes_have_a_status(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """2 for a path that does not exist, 3 for a rule that failed."""
    engine(wrong, missing=("gone.sh",))
    assert main(["check", "run.sh", "gone.sh"]) == 2
    assert "lintune: gone.sh: no such file or folder\n" in capsys.readouterr().err
    engine(wrong, crashed=("some-rule",))
    assert main(["check", "run.sh", "--exit-zero"]) == 3


def test_output_goes_to_a_file(engine: Engine, launch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not to standard output."""
    engine(wrong)
    assert main(["check", "run.sh", "--format", "json", "--output", "report.json"]) == 1
    assert capsys.readouterr().out == ""
    assert len(json.loads((launch.parent / "report.json").read_text(encoding="utf-8"))["findings"]) == 2
    assert main(["check", "run.sh", "--output", "no/such/folder.txt"]) == 2


def test_safe_fixes_only(engine: Engine, launch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fix` applies what is safe and reports what is left; the unsafe one needs to be asked for."""
    engine(wrong)
    assert main(["check", "run.sh", "--fix", "--format", "concise"]) == 1
    assert launch.read_text(encoding="utf-8") == SCRIPT.replace("yes", "true")
    out, err = capsys.readouterr()
    assert err.splitlines() == ["lintune: fixed run.sh:1: some-rule: write true", "lintune: 1 launch, 3 rules decided"]
    assert out == "run.sh:1:22: error[CLI900 some-rule] `--tune_llm true` is wrong\n"
    assert main(["check", "run.sh", "--fix", "--unsafe-fixes"]) == 0
    assert "--tune_llm false" in launch.read_text(encoding="utf-8")


def test_a_diff_changes_nothing(engine: Engine, launch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the fixes, and the findings all the same."""
    engine(wrong)
    assert main(["check", "run.sh", "--diff", "--unsafe-fixes", "--format", "concise"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("--- a/run.sh\n+++ b/run.sh\n")
    assert "-" + SCRIPT in out
    assert "+torchrun finetune.py --tune_llm false --bf16 true\n" in out
    assert "run.sh:1:22: error" in out
    assert launch.read_text(encoding="utf-8") == SCRIPT


def test_a_diff_does_not_mix_with_data(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON on standard output stays JSON."""
    engine(wrong)
    assert main(["check", "run.sh", "--diff", "--format", "json"]) == 2
    assert "`--diff` goes with --format text or concise" in capsys.readouterr().err


def test_excluded_and_ignored(engine: Engine, launch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Per-file ignores count as suppressed; an excluded path is not checked."""
    engine(wrong)
    config = launch.parent / "lintune.toml"
    config.write_text('[per-file-ignores]\n"*.sh" = ["CLI"]\n', encoding="utf-8")
    assert main(["check", "run.sh"]) == 0
    assert "2 suppressed" in capsys.readouterr().out
    config.write_text('exclude = ["*.sh"]\n', encoding="utf-8")
    assert main(["check", "run.sh"]) == 0
    assert capsys.readouterr().out == "Nothing was checked: no launch was found\n"


def test_files_and_statistics(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """What was read, and how often each rule fired."""
    engine(wrong)
    main(["check", "run.sh", "--show-files"])
    assert capsys.readouterr().out == "run.sh: launch, minicpmv, 1 launch\n"
    main(["check", "run.sh", "--statistics"])
    out = capsys.readouterr().out
    assert "1  error  CLI900  some-rule\n" in out
    assert out.splitlines()[-2] == "1 launch, 3 rules decided"


def test_any_locale(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is UTF-8 even where the terminal's encoding is not."""
    engine(lambda source: [finding(source, "yes", "warning", fix="真")])
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    main(["check", "run.sh"])
    stream.flush()
    assert "write 真" in stream.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]
