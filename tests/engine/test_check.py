"""The whole way from paths to a result: errors stay in their file, comments silence, what was looked at is said."""

import io
import sys
from pathlib import Path

import pytest

from lintune.engine.check import check
from lintune.engine.page import PageError
from lintune.engine.result import CheckOptions, Result
from lintune.engine.select import SelectionError

SCRIPT = """import transformers
from dataclasses import dataclass, field


@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="model")


def main():
    parser = transformers.HfArgumentParser((ModelArguments, transformers.TrainingArguments))
    parser.parse_args_into_dataclasses()


main()
"""
LAUNCH = """torchrun --nproc_per_node=2 train.py \\
    --model_name_or_path model \\
    --runn_name first \\
    --output_dir out
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "train.sh").write_text(LAUNCH)
    return tmp_path


def names(result: Result) -> list[tuple[str, int]]:
    return [(finding.name, finding.primary.line) for finding in result.findings if finding.severity != "info"]


def house_page(name: str, front: str) -> str:
    return f'---\ncode: HSE001\nseverity: warning\n{front}\nevidence: ["our wiki"]\n---\n# {name}\n'


def only(*rules: str) -> CheckOptions:
    return CheckOptions(select=rules)


def test_a_launch_script(folder: Path) -> None:
    result = check(["train.sh"], CheckOptions())
    assert names(result) == [("unknown-flag", 3)]
    assert [(file.path, file.role, file.launches) for file in result.files] == [("train.sh", "launch", 1)]
    assert result.decided > 0 and not result.crashed and not result.missing


def test_a_folder_is_searched_and_other_scripts_are_left_alone(folder: Path) -> None:
    (folder / "build.sh").write_text("make all\n")
    (folder / "settings.json").write_text('{"a": 1,}')
    result = check(["."], CheckOptions())
    assert names(result) == [("unknown-flag", 3)]
    assert [file.path for file in result.files] == ["train.sh"]
    assert result.notes == ()


def test_a_folder_without_a_launch_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build.sh").write_text("make all\n")
    result = check(["."], CheckOptions())
    assert result.notes == (". holds no fine-tuning launch",) and not result.files


def test_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LAUNCH.encode())))
    result = check(["-"], CheckOptions(), stdin_name="other.sh")
    assert [(finding.primary.source.path, finding.name) for finding in result.findings if finding.severity == "error"] == [
        ("other.sh", "unknown-flag")
    ]


def test_what_is_missing_empty_or_no_launch(folder: Path) -> None:
    (folder / "empty.sh").write_text(" \n")
    (folder / "tool.sh").write_text("echo hello\n")
    result = check(["empty.sh", "nowhere.sh", "tool.sh"], CheckOptions())
    assert result.missing == ("nowhere.sh",)
    assert result.notes == ("empty.sh is empty", "tool.sh starts no fine-tuning launch: only its shell text was checked")


def test_binary_bytes_do_not_stop_the_other_files(folder: Path) -> None:
    (folder / "a.sh").write_bytes(b"torchrun\0\xff" * 10)
    result = check(["a.sh", "train.sh"], CheckOptions())
    assert ("unknown-flag", 3) in names(result)
    assert any(file.path == "a.sh" and file.role == "other" for file in result.files)


def test_a_file_that_cannot_be_read_is_a_finding(folder: Path) -> None:
    result = check(["/dev/null", "train.sh"], CheckOptions())
    assert names(result) == [("unreadable-file", 1), ("unknown-flag", 3)]


def test_an_error_of_lintune_in_one_file_stays_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lintune.engine import shell_file

    original = shell_file.read_shell

    def read(source, *more):  # type: ignore[no-untyped-def]
        if source.path == "bad.sh":
            raise RuntimeError("planned")
        return original(source, *more)

    monkeypatch.setattr(shell_file, "read_shell", read)
    (folder / "bad.sh").write_text(LAUNCH)
    result = check(["bad.sh", "train.sh"], CheckOptions())
    assert [finding.name for finding in result.findings if finding.severity == "error"] == ["internal-error", "unknown-flag"]
    assert result.crashed == ("reading",)


@pytest.mark.parametrize(
    ("comment", "expected", "suppressed"),
    [
        ("# lintune: ignore[unknown-flag] not now", [], 1),
        ("# lintune: ignore[CLI001]", [], 1),
        ("# lintune: ignore[unknown-flga]", [("unused-suppression", 1), ("unknown-flag", 4)], 0),
        ("# lintune: ignore[unset-variable]", [("unused-suppression", 1), ("unknown-flag", 4)], 0),
        ("# lintune: ignore-file[unknown-flag]", [], 1),
    ],
)
def test_comments_silence(folder: Path, comment: str, expected: list[tuple[str, int]], suppressed: int) -> None:
    (folder / "train.sh").write_text(f"{comment}\n{LAUNCH}")
    result = check(["train.sh"], CheckOptions())
    assert (names(result), result.suppressed) == (expected, suppressed)


def test_an_unused_comment_of_a_rule_that_did_not_run_is_not_reported(folder: Path) -> None:
    (folder / "train.sh").write_text("# lintune: ignore[unset-variable]\n" + LAUNCH)
    assert names(check(["train.sh"], only("unknown-flag", "unused-suppression"))) == [("unknown-flag", 4)]
    assert names(check(["train.sh"], CheckOptions(ignore=("unused-suppression",)))) == [("unknown-flag", 4)]


def test_selection(folder: Path) -> None:
    assert names(check(["train.sh"], only("shell"))) == []
    with pytest.raises(SelectionError, match="did you mean `unknown-flag`"):
        check(["train.sh"], only("unknown-flags"))


def test_house_rules(folder: Path) -> None:
    house = folder / "house"
    house.mkdir()
    page = house_page("no-out", 'when: flag.output_dir == "out"\nat: flag.output_dir\nmessage: "not {flag.output_dir}"')
    (house / "no-out.md").write_text(page)
    result = check(["train.sh"], CheckOptions(select=("no-out",), house_rules="house"))
    assert [(finding.name, finding.message, finding.primary.line) for finding in result.findings] == [("no-out", "not out", 4)]
    (house / "no-out.md").write_text(page.replace("flag.output_dir ==", "flag.output_dir is"))
    with pytest.raises(PageError, match=r"house/no-out.md:4: "):
        check(["train.sh"], CheckOptions(house_rules="house"))


def test_possible_findings_are_held_back_and_counted(folder: Path) -> None:
    house = folder / "house"
    house.mkdir()
    (house / "maybe-out.md").write_text(house_page("maybe-out", 'confidence: possible\nwhen: flag.output_dir == "out"\nmessage: "m"'))
    options = CheckOptions(select=("maybe-out",), house_rules="house")
    assert (names(check(["train.sh"], options)), check(["train.sh"], options).held_back) == ([], 1)
    assert len(check(["train.sh"], CheckOptions(select=("maybe-out",), house_rules="house", pedantic=True)).findings) == 1


def test_a_run_file(folder: Path) -> None:
    (folder / "run.json").write_text(
        '{"lintune_run": 1, "values": {"optim.lr": 0.0, "pins.transformers": "==4.51.3", "launch.framework": "minicpmv"}}'
    )
    result = check(["run.json"], CheckOptions())
    [run] = result.launches
    assert run.framework == "minicpmv" and run.versions["transformers"].specifiers.text == "==4.51.3"
    assert [(file.role, file.launches) for file in result.files] == [("launch", 1)]


def test_waits_name_what_would_settle_them(folder: Path) -> None:
    (folder / "train.sh").write_text(LAUNCH.replace("--runn_name first", "--learning_rate $LR"))
    result = check(["train.sh"], only("learning-rate-zero", "unknown-flag"))
    assert result.undecided == 1
    assert {wait.rule for wait in result.waits} == {"learning-rate-zero"}


def test_a_deepspeed_file_on_its_own(folder: Path) -> None:
    """Rules that its keys alone decide fire; what is not known of the launch is not complained about."""
    (folder / "ds.json").write_text('{"zero_optimization": {"stage": 2}, "fp16": {"enabled": true}, "bf16": {"enabled": true},}')
    (folder / "other.json").write_text('{"a": 1}')
    result = check(["ds.json", "other.json"], CheckOptions())
    assert {"ds-both-precisions", "json-trailing-comma"} <= {finding.name for finding in result.findings}
    assert result.waits == ()
    assert [(file.path, file.framework) for file in result.files] == [("ds.json", "deepspeed"), ("other.json", "")]
    assert result.notes == ("other.json: only its syntax was checked; give the launch that uses it",)


def test_a_file_that_a_launch_names_is_checked_once(folder: Path) -> None:
    (folder / "ds.json").write_text('{"zero_optimization": {"stage": 2}, "fp16": {"enabled": true}, "bf16": {"enabled": true},}')
    (folder / "train.sh").write_text(LAUNCH.replace("--runn_name first", "--bf16 true --deepspeed ds.json"))
    result = check(["ds.json", "train.sh"], CheckOptions())
    found = [finding.name for finding in result.findings]
    assert found.count("json-trailing-comma") == 1 and found.count("ds-both-precisions") == 1


def test_what_a_run_file_says_wrongly(folder: Path) -> None:
    (folder / "run.json").write_text('{"lintune_run": 9, "values": {}}')
    result = check(["run.json"], CheckOptions())
    assert [finding.name for finding in result.findings] == ["run-file-invalid"] and not result.launches


def test_a_loop_runs_a_launch_once_per_setting(folder: Path) -> None:
    """Every setting of a loop is a launch of its own; a loop without an end is cut, said, and its launch looked at twice."""
    launch = "torchrun train.py --model_name_or_path model --output_dir out --learning_rate"
    (folder / "sweep.sh").write_text(f"for rate in 1e-4 1e-5 1e-6; do {launch} $rate; done\n")
    (folder / "endless.sh").write_text(f"while true; do {launch} 1e-4; done\n")
    assert len(check(["sweep.sh"], CheckOptions()).launches) == 3
    endless = check(["endless.sh"], CheckOptions())
    assert len(endless.launches) == 2
    assert "evaluation stopped" in " ".join(endless.notes)
