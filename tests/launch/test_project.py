"""A project on disk: roots, start folders, near names, and what is never read."""

import os
from pathlib import Path

import pytest

from lintune.launch.launchers import unwrap
from lintune.launch.near_names import edit_distance, nearest_name
from lintune.launch.project import Project
from lintune.launch.word import Command, Piece, Word
from lintune.source.text import Site, Source, Span


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {
        "repo/.git/HEAD": "",
        "repo/requirements.txt": "transformers==4.40.0\npeft\n",
        "repo/finetune/finetune.sh": "torchrun finetune.py\n",
        "repo/finetune/finetune.py": "",
        "repo/finetune/requirements.txt": "transformers==4.51.2\n",
        "repo/finetune/ds_config_zero2.json": "{}",
        "repo/scripts/run.sh": "deepspeed src/train.py\n",
        "repo/src/train.py": "",
        "repo/pkg/train.py": "",
        "outside.json": "{}",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def launch(text: str, cwd: str | None = ".") -> object:
    source = Source("run.sh", text)
    site = Site(source, Span(0, len(text)))
    words = tuple(Word(site, (Piece(word, site),)) for word in text.split())
    return unwrap(Command(words, site, {}, cwd))


def test_root_is_the_repository(repository: Path) -> None:
    project = Project(["repo/finetune/finetune.sh"], str(repository))
    assert project.root_of("repo/finetune/finetune.sh") == "repo"
    assert project.start_folders("repo/finetune/finetune.sh") == ["repo/finetune", "repo", "."]


def test_root_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert Project([], str(tmp_path)).root_of("a/b/c/x.sh") == "."
    assert Project([], str(tmp_path / "a" / "b" / "c")).root_of("../x.sh") == ".."
    (tmp_path / "a" / "requirements.txt").write_text("")
    (tmp_path / "a" / "b" / "pyproject.toml").write_text("")
    assert Project([], str(tmp_path)).root_of("a/b/c/x.sh") == "a"
    assert Project([], str(tmp_path / "a" / "b" / "c")).root_of("../x.sh") == "../.."


def test_paths_are_relative_to_the_working_folder(repository: Path) -> None:
    project = Project(["finetune.sh"], str(repository / "repo" / "finetune"))
    assert project.root_of("finetune.sh") == ".."
    assert project.start_folders("finetune.sh") == [".", ".."]
    assert project.read("../requirements.txt") is not None


@pytest.mark.parametrize(
    ("script", "text", "cwd", "folder"),
    [
        ("repo/finetune/finetune.sh", "torchrun finetune.py", ".", ("repo/finetune", True)),
        ("repo/scripts/run.sh", "deepspeed src/train.py", ".", ("repo", True)),
        ("repo/scripts/run.sh", "python -m pkg.train", ".", ("repo", False)),
        ("repo/scripts/run.sh", "python -m pkg.train --deepspeed ../finetune/ds_config_zero2.json", ".", ("repo/scripts", True)),
        ("repo/scripts/run.sh", "torchrun finetune.py", "../finetune", ("repo/finetune", True)),
        ("repo/scripts/run.sh", "torchrun finetune.py", "finetune", ("repo/finetune", True)),
        ("repo/scripts/run.sh", "deepspeed src/train.py", None, ("repo", True)),
        ("repo/scripts/run.sh", "deepspeed gone.py", ".", ("repo/scripts", False)),
        ("repo/scripts/run.sh", "deepspeed gone.py --deepspeed finetune/ds_config_zero2.json", ".", ("repo", True)),
    ],
)
def test_folder_is_where_the_entry_is_found(repository: Path, script: str, text: str, cwd: str | None, folder: tuple[str, bool]) -> None:
    project = Project([script], str(repository))
    assert project.folder_of(launch(text, cwd), script) == folder  # type: ignore[arg-type]


def test_near_names(repository: Path) -> None:
    project = Project(["repo/finetune/finetune.sh"], str(repository))
    assert project.near("repo/finetune/ds_config_zero_2.json") == "repo/finetune/ds_config_zero2.json"
    assert project.near("repo/ds_config_zero2.json") == "repo/finetune/ds_config_zero2.json"
    assert project.near("repo/finetun/requirements.txt") in ("repo/finetune/requirements.txt", "repo/requirements.txt")
    assert project.near("repo/finetune/something_else.yaml") is None


def test_only_the_project_is_read(repository: Path) -> None:
    project = Project(["repo/finetune/finetune.sh"], str(repository))
    assert project.read("outside.json") is None
    problem = project.problem("outside.json")
    assert problem is not None and problem.kind == "outside-project"
    os.symlink(repository / "outside.json", repository / "repo" / "link.json")
    assert project.read("repo/link.json") is None
    assert Project(["outside.json"], str(repository)).read("outside.json") is not None


def test_missing_files_say_so(repository: Path) -> None:
    project = Project(["repo/finetune/finetune.sh"], str(repository))
    problem = project.problem("repo/gone.py")
    assert problem is not None and problem.kind == "missing-file"
    assert not project.exists("repo/gone.py")
    assert project.exists("repo/src/train.py") and project.is_dir("repo/src")


def test_files_are_read_once(repository: Path) -> None:
    project = Project(["repo/src/train.py"], str(repository))
    assert project.read("repo/src/train.py") is project.read("repo/src/./train.py")


def test_pins_come_nearest_first(repository: Path) -> None:
    pins = Project([], str(repository)).pins_near("repo/finetune/finetune.sh")
    assert pins == ()
    pins = Project(["repo/finetune/finetune.sh"], str(repository)).pins_near("repo/finetune/finetune.sh")
    found = [(pin.package, pin.specifier, pin.site.source.path) for pin in pins]
    assert found == [
        ("transformers", "==4.51.2", "repo/finetune/requirements.txt"),
        ("transformers", "==4.40.0", "repo/requirements.txt"),
        ("peft", "", "repo/requirements.txt"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "axc", 1), ("kitten", "sitting", 3), ("ab", "wxyz", 4)],
)
def test_edit_distance(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other, 10) == distance
    assert edit_distance(one, other, 1) == distance or edit_distance(one, other, 1) > 1


def test_nearest_name() -> None:
    assert nearest_name("zero3.jsn", ["zero2.json", "zero3.json"]) == "zero3.json"
    assert nearest_name("a.py", ["b.sh"]) is None
