"""A kept check counts while everything that it rests on is as it was, and says the same as a fresh one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lintune.engine.file_check as file_check
from lintune.engine.check import check
from lintune.engine.result import CheckOptions, Result
from lintune.report.json_v1 import render_json
from lintune.values.version import Pin, Specifiers

LAUNCH = """\
torchrun finetune.py \\
    --use_lora true \\
    --evaluation_strategy "no" \\
    --output_dir out \\
    --deepspeed ds.json
"""
SCRIPT = """\
from dataclasses import dataclass, field
from typing import Optional
import transformers
from more import Extra

@dataclass
class TrainingArguments(transformers.TrainingArguments):
    tune_llm: Optional[bool] = field(default=True)
    use_lora: Optional[bool] = field(default=False)

def train():
    parser = transformers.HfArgumentParser((Extra, TrainingArguments))
    extra, args = parser.parse_args_into_dataclasses()

train()
"""
MORE = "from dataclasses import dataclass\n\n@dataclass\nclass Extra:\n    colour: str = 'red'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINTUNE_CACHE", str(tmp_path / "kept"))
    home = tmp_path / "project"
    home.mkdir()
    (home / ".git").mkdir()
    for name, text in {"run.sh": LAUNCH, "finetune.py": SCRIPT, "more.py": MORE, "ds.json": '{"zero_optimization": {"stage": 2}}'}.items():
        (home / name).write_text(text)
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The files that are checked anew."""
    paths: list[str] = []
    original = file_check.Checker.check

    def noted(self: file_check.Checker, task: file_check.Task, source: object = None) -> object:
        paths.append(task.file.path)
        return original(self, task, source)  # type: ignore[arg-type]

    monkeypatch.setattr(file_check.Checker, "check", noted)
    yield paths


def quick(*paths: str, **options: object) -> Result:
    return check(paths or ("run.sh",), CheckOptions(**options), quick=True)  # type: ignore[arg-type]


def shown(result: Result) -> tuple[str, object]:
    """What reports show."""
    return render_json(result, "0"), result.notes


def test_a_kept_check_says_the_same(folder: Path, read: list[str]) -> None:
    plain = check(["run.sh"], CheckOptions())
    read.clear()
    first = quick()
    assert read == ["run.sh", "ds.json"]
    read.clear()
    second = quick()
    assert read == []
    assert shown(plain) == shown(first) == shown(second)
    assert len(second.findings) >= 1 and len(second.launches) == 1 and second.launches[0].path == "run.sh"
    assert [finding.primary.text for finding in second.findings] == [finding.primary.text for finding in plain.findings]


CHANGES: dict[str, Callable[[Path], object]] = {
    "the launch": lambda folder: (folder / "run.sh").write_text(LAUNCH.replace("use_lora true", "use_lora false")),
    "the entry script": lambda folder: (folder / "finetune.py").write_text(SCRIPT.replace("tune_llm: Opt", "tune_all: Opt")),
    "a module that it imports": lambda folder: (folder / "more.py").write_text(MORE.replace("colour", "color")),
    "the entry script taken away": lambda folder: (folder / "finetune.py").unlink(),
    "the DeepSpeed file taken away": lambda folder: (folder / "ds.json").unlink(),
    "a requirement file added": lambda folder: (folder / "requirements.txt").write_text("transformers==4.40.0\n"),
    "a requirement file added above": lambda folder: (folder / "pyproject.toml").write_text("[project]\nname='x'\n"),
    "no repository any more": lambda folder: (folder / ".git").rmdir(),
    "a module that hides an import": lambda folder: ((folder / "more").mkdir(), (folder / "more" / "__init__.py").write_text(MORE)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(folder: Path, read: list[str], change: str) -> None:
    (folder / "sub").mkdir()
    quick()
    CHANGES[change](folder)
    read.clear()
    after = quick()
    if change not in ("a module that hides an import", "no repository any more"):
        assert "run.sh" in read
    assert shown(after) == shown(check(["run.sh"], CheckOptions()))


def test_the_deepspeed_file_is_checked_anew_alone_where_only_its_syntax_counts(folder: Path, read: list[str]) -> None:
    quick()
    (folder / "ds.json").write_text('{"zero_optimization": {"stage": 3}}')
    read.clear()
    quick()
    assert "ds.json" in read


def test_a_changed_config_of_the_model_is_noticed(folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the model's folder, and in the cache of the hub, where it may also come up later."""
    (folder / "run.sh").write_text(LAUNCH.replace("--use_lora", "--model_name_or_path org/mine --use_lora"))
    (folder / "more.py").write_text(MORE + "    model_name_or_path: str = ''\n")
    monkeypatch.setenv("HF_HOME", str(folder.parent / "hf"))
    for place in (folder.parent / "hf" / "hub" / "models--org--mine" / "snapshots" / "main", folder / "org" / "mine"):
        quick()
        read.clear()
        quick()
        assert read == []
        place.mkdir(parents=True)
        for text in ('{"model_type": "llama"}', '{"model_type": }'):
            (place / "config.json").write_text(text)
            read.clear()
            found = quick()
            assert "run.sh" in read
            assert any(each.name == "model-config-syntax" for each in found.findings) is (text != '{"model_type": "llama"}')


def test_other_files_are_not_checked_anew(folder: Path, read: list[str]) -> None:
    (folder / "two.sh").write_text(LAUNCH)
    quick(".")
    (folder / "two.sh").write_text(LAUNCH.replace("out", "out2"))
    read.clear()
    quick(".")
    assert read == ["two.sh"]


@pytest.mark.parametrize(
    "options",
    [
        {"gpu": "8xA100-80G"},
        {"pins": (Pin("transformers", Specifiers.parse("==4.40.0")),)},
        {"ignore": ("TUN",)},
        {"pedantic": True},
        {"arguments": ("x",)},
        {"environment": {"A": "b"}},
    ],
)
def test_other_options_are_another_check(folder: Path, read: list[str], options: dict[str, object]) -> None:
    quick()
    read.clear()
    result = quick(**options)
    assert "run.sh" in read
    assert shown(result) == shown(check(["run.sh"], CheckOptions(**options)))  # type: ignore[arg-type]


def test_a_changed_house_rule_is_noticed(folder: Path, read: list[str]) -> None:
    page = folder / "house" / "tuning" / "no-lora.md"
    page.parent.mkdir(parents=True)
    text = '---\ncode: TUN990\nseverity: error\nwhen: flag.use_lora\nmessage: "m"\nevidence: ["e"]\n---\n# no-lora\n\nClaim.\n'
    page.write_text(text)
    assert "TUN990" in {finding.code for finding in quick(house_rules="house").findings}
    page.write_text(text.replace("flag.use_lora", "not flag.use_lora and flag.use_lora"))
    assert "TUN990" not in {finding.code for finding in quick(house_rules="house").findings}


def test_lintune_itself_counts(folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    quick()
    monkeypatch.setattr("lintune.engine.kept_checks.__version__", "99")
    read.clear()
    quick()
    assert "run.sh" in read


def test_a_comment_that_ends_some_day_is_read_each_time(folder: Path, read: list[str]) -> None:
    (folder / "run.sh").write_text("# lintune: ignore-file[TUN001, until=2999-01-01] later\n" + LAUNCH)
    quick()
    read.clear()
    quick()
    assert "run.sh" in read


def test_fixes_are_kept(folder: Path) -> None:
    (folder / "requirements.txt").write_text("transformers==4.51.3\n")
    first, second = quick(), quick()
    fixes = [[(fix.title, [(edit.site.span, edit.text) for edit in fix.edits]) for fix in finding.fixes] for finding in first.findings]
    assert any(fixes)
    assert fixes == [[(fix.title, [(e.site.span, e.text) for e in fix.edits]) for fix in finding.fixes] for finding in second.findings]


def test_what_failed_is_not_kept(folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import lintune.engine.shell_file as shell_file

    def fail(*_: object) -> None:
        raise ValueError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(shell_file, "read_shell", fail)
        assert quick().crashed == ("reading",)
    assert quick().crashed == ()


def test_many_files_in_processes_are_like_one_by_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        (folder / f"run{number:02}.sh").write_text(LAUNCH.replace("out", f"out{number}"))
    (folder / "alone.json").write_text('{"zero_optimization": {"stage": 9}, }')
    monkeypatch.setattr("lintune.engine.check.FEWEST_APART", 3)
    monkeypatch.setattr("lintune.engine.workers.processors", lambda: 2)
    plain = check(["."], CheckOptions())
    assert shown(quick(".")) == shown(plain) == shown(quick("."))
    assert len(plain.launches) == 13


def test_folders_of_an_installed_package_tell_of_replaced_files(tmp_path: Path) -> None:
    """An installer puts a new file in the place of an old one; below, too."""
    from lintune.engine.kept_checks import _stamps

    inner = tmp_path / "rules"
    inner.mkdir()
    page = inner / "page.md"
    page.write_text("a")
    before = _stamps(str(tmp_path), False)
    assert before == _stamps(str(tmp_path), False) and len(before) == 2
    os.utime(inner, ns=(1, 1))
    before = _stamps(str(tmp_path), False)
    page.unlink()
    page.write_text("b")
    assert before != _stamps(str(tmp_path), False)
    assert [path for path, *_ in _stamps(str(tmp_path), True)] == [str(page)]
