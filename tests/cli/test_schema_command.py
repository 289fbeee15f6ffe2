"""`lintune schema`: its names, releases, and wrong words."""

import json
from pathlib import Path

import pytest

from lintune.cli.main import main
from lintune.surfaces import surface


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    status = main(["schema", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("name", ["config", "check", "show", "compat"])
def test_own_formats_are_as_shipped(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said([name], capsys)
    assert status == 0 and json.loads(out)["$schema"].endswith("2020-12/schema")


def test_the_newest_release_unless_one_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, newest, _ = said(["deepspeed"], capsys)
    _, old, _ = said(["deepspeed", "--at", "0.14.0"], capsys)
    _, same, _ = said(["deepspeed", "--at=deepspeed==0.14.0"], capsys)
    assert json.loads(old)["title"].endswith("deepspeed 0.14.0") and old == same != newest


def test_releases_of_further_packages(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(["trl-grpo", "--at", "1.0.0,transformers==5.0.0"], capsys)
    assert status == 0 and json.loads(out)["properties"]["evaluation_strategy"]["not"] == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "takes a name"),
        (["axolotle"], "there is no schema `axolotle` (did you mean `axolotl`?)"),
        (["trl-gprs"], "there is no schema `trl-gprs` (did you mean `trl-grpo`?)"),
        (["axolotl", "--at", "0.18.7"], "--at: axolotl 0.18.7 is not a known release (nearest: 0.18.0, 0.19.0)"),
        (["axolotl", "--at", "99"], "axolotl 99 is not a known release (nearest: "),
        (["axolotl", "--at", "newest"], "`newest` is no release of axolotl"),
        (["trl-sft", "--at", "0.0.1"], "trl 0.0.1 is not a known release (nearest: "),
        (["trl-sft", "--at", "transformer==4.50.0"], "the releases of `transformer` are not known (did you mean `transformers`?)"),
        (["trl-sft", "--at", "transformers==4.50.99"], "transformers 4.50.99 is not a known release (nearest: 4.50.3, 4.51.0)"),
        (["check", "--at", "1.0"], "`check` is lintune's own format"),
    ],
)
def test_wrong_words(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(words, capsys)
    assert status == 2 and out == "" and message in err, err


@pytest.mark.parametrize("text", ["{", "[]", '{"releases": ["x"]}'])
def test_a_damaged_surface_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str) -> None:
    broken = tmp_path / "config.json"
    broken.write_text(text, encoding="utf-8")
    surface.load_surface.cache_clear()
    monkeypatch.setattr(surface, "data_path", lambda *_: str(broken))
    try:
        status, out, err = said(["deepspeed", "--at", "0.14.0"], capsys)
    finally:
        surface.load_surface.cache_clear()
    assert status == 3 and out == "" and "config.json is damaged" in err and "internal error" not in err
