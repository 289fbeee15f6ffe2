"""`lintune compat`: its reports, and wrong words."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lintune.cli import compat as command
from lintune.cli.main import main
from lintune.source.data import data_folder
from lintune.surfaces.surface import SurfaceError

TRAIN = """
from transformers import HfArgumentParser, TrainingArguments
(a,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two scripts and a pin that suits one of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "old.sh").write_text("torchrun train.py --output_dir out --evaluation_strategy no\n", encoding="utf-8")
    (tmp_path / "new.sh").write_text("torchrun train.py --output_dir out --eval_strategy no\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("transformers==4.51.2\n", encoding="utf-8")
    return tmp_path


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_json_holds_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """The keys of the contract, and the shipped schema."""
    status, out, err = said(["compat", "--format", "json", "."], capsys)
    assert (status, err) == (0, "")
    document = json.loads(out)
    schema = json.loads((data_folder("schemas") / "compat-v1.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    old = next(launch for launch in document["launches"] if launch["path"] == "old.sh")
    package = next(package for package in old["packages"] if package["name"] == "transformers")
    assert (package["pinned"], package["pin_inside"]) == ("==4.51.2", False)
    last = package["windows"][-1]
    assert (last["from"], last["starts"], last["because"][0]["name"]) == ("4.51.0", False, "removed-flag")
    assert last["because"][0]["locations"][0]["path"] == "old.sh"
    assert document["common"][0]["transformers"] == {"from": "4.41.0", "to": "4.50.3"}
    assert [(pin["specifier"], pin["inside"], pin["in_force"]) for pin in document["pins"]] == [("==4.51.2", False, True)]


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows, the common one, and that no pin lies in it."""
    status, out, _ = said(["compat", "old.sh", "new.sh", "--color", "never"], capsys)
    assert status == 0
    assert "transformers  pinned ==4.51.2 (requirements.txt:1): it does not start" in out
    assert "    4.28.0 - 4.50.3  starts\n" in out
    assert "`--evaluation_strategy` exists only in transformers <4.51  [removed-flag] old.sh:1:36" in out
    assert "start together with transformers 4.41.0 - 4.50.3" in out
    assert "transformers==4.51.2 (requirements.txt:1), in force: outside" in out
    assert "no pin in force is inside" in out
    assert "\x1b" not in out


def test_an_assumed_release_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    """`--assume` wins; a release that is not known is said to be none."""
    _, out, _ = said(["compat", "old.sh", "new.sh", "--assume", "transformers==4.45.2"], capsys)
    assert "pinned ==4.45.2 (--assume): it starts" in out
    assert "no pin in force is inside" not in out
    _, out, _ = said(["compat", "old.sh", "--assume", "transformers==4.99.1"], capsys)
    assert "4.99.1 is no release that lintune knows, taken as 4.57.6" in out


def test_names_that_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """An assumed package with the one that was meant, a release with the one it is taken for."""
    status, out, err = said(
        ["compat", "old.sh", "--assume", "tranformers==4.45.2", "--assume", "transformers==4.99.1", "--format", "json"], capsys
    )
    assert status == 0
    assert "the releases of `tranformers` are not known (did you mean `transformers`?)" in err
    assert json.loads(out)["launches"][0]["packages"][0]["pin_taken_as"] == "4.57.6"


def test_a_damaged_surface(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Named in one sentence, status 3."""

    def damaged(*_: object) -> None:
        raise SurfaceError("the option surface schemas/x.json is damaged: no JSON")

    monkeypatch.setattr(command, "compat", damaged)
    status, out, err = said(["compat", "old.sh"], capsys)
    assert (status, out) == (3, "")
    assert err == "lintune: the option surface schemas/x.json is damaged: no JSON; reinstalling lintune brings it back\n"


def test_only_one_package(capsys: pytest.CaptureFixture[str]) -> None:
    """`--package` limits the sweep."""
    _, out, _ = said(["compat", "old.sh", "--package", "Transformers", "--format", "json"], capsys)
    assert [package["name"] for package in json.loads(out)["launches"][0]["packages"]] == ["transformers"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compat"], "takes the path of a launch script or a folder"),
        (["compat", "old.sh", "--package", "tranformers"], "(did you mean `transformers`?)"),
        (["compat", "old.sh", "--format", "jsn"], "did you mean `json`?"),
        (["compat", "old.sh", "--select", "no-such-rule"], "no rule is called `no-such-rule`"),
        (["compat", "gone.sh"], "gone.sh: no such file or folder"),
    ],
)
def test_wrong_words(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and one sentence with the name that was meant."""
    status, _, err = said(words, capsys)
    assert status == 2
    assert message in err


def test_a_folder_without_launches(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said on standard error, status 0."""
    (here / "empty").mkdir()
    status, out, err = said(["compat", "empty"], capsys)
    assert (status, out) == (0, "")
    assert "empty holds no fine-tuning launch" in err


def test_output_goes_to_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output`."""
    status, out, _ = said(["compat", "old.sh", "--output", "report.txt"], capsys)
    assert (status, out) == (0, "")
    assert "old.sh:1" in (here / "report.txt").read_text(encoding="utf-8")
