"""What the command line says when it is used wrongly, and of itself."""

import pytest

from lintune.cli.main import COMMANDS, main
from lintune.source.data import data_folder


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command line."""
    try:
        status = main(words)
    except SystemExit as left:
        status = int(left.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chek", "x.sh"], "there is no command `chek` (did you mean `check`?)"),
        (["check", "--selct", "TUN"], "`lintune check` has no option `--selct` (did you mean `--select`?)"),
        (
            ["check", "--format", "jsn"],
            "`--format` does not take `jsn` (did you mean `json`?): it is one of text, concise, json, sarif, github",
        ),
        (["check", "--gpu"], "`--gpu` takes a value: `--gpu SPEC`"),
        (["check", "--assume", "transformers", "x.sh"], "--assume: `transformers` is neither a requirement"),
        (["check", "--stdin-filename", "a.sh", "b.sh"], "`--stdin-filename` names the file on standard input"),
        (["schema", "chek"], "there is no schema `chek` (did you mean `check`?)"),
        (["explain"], "`lintune explain` takes a rule's name or code"),
        (["rules", "no-such-rule-at-all"], "there is no rule `no-such-rule-at-all`"),
    ],
)
def test_one_sentence_and_status_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Never a traceback, never the whole usage."""
    status, out, err = said(words, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("lintune: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_path_for_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The commonest slip is answered with the right command."""
    status, _, err = said([__file__], capsys)
    assert status == 2
    assert f"did you mean `lintune check {__file__}`?" in err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` is an answer (0), no words at all are an error (2)."""
    assert said(["--help"], capsys)[0] == 0
    status, out, _ = said([], capsys)
    assert status == 2
    assert all(name in out for name in COMMANDS)
    assert said(["--version"], capsys)[1].startswith("lintune 0.")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Short, and beginning with how it is called."""
    status, out, _ = said([command, "--help"], capsys)
    assert status == 0
    assert out.startswith(f"usage: lintune {command}")
    assert len(out.splitlines()) < 60


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As they lie in the package."""
    status, out, _ = said(["schema", "check"], capsys)
    assert status == 0
    assert out == (data_folder("schemas") / "check-v1.schema.json").read_text(encoding="utf-8")


def test_an_internal_error_is_said_in_short(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 3 and the place, without a traceback."""

    def broken(words: list[str]) -> int:
        raise KeyError("surprise")

    monkeypatch.setattr("lintune.cli.rules.main", broken)
    status, _, err = said(["rules"], capsys)
    assert status == 3
    assert "internal error at test_usage.py:" in err
    assert "Traceback" not in err
