"""Launches without a pin that use options which the newest release has no more."""

from pathlib import Path

import pytest

from lintune.cli.config import Config
from lintune.cli.settings import Given, options_for
from lintune.engine.check import check

LAUNCH = """megatron sft \\
    --model Qwen/Qwen3-8B-Base \\
    --micro_batch_size 1 \\
    {option} \\
    --report_to wandb
"""


def found(folder: Path, option: str) -> dict[str, int]:
    """The rules that fire on the launch, with their lines."""
    (folder / "sft.sh").write_text(LAUNCH.format(option=option), encoding="utf-8")
    result = check(["sft.sh"], options_for(Config(), Given()))
    return {
        finding.name: finding.locations[0].site.source.text.count("\n", 0, finding.locations[0].site.span.start) + 1
        for finding in result.findings
    }


def test_what_came_after_another_option_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`save` ended with 3.12, `report_to` began with it: few releases take both."""
    monkeypatch.chdir(tmp_path)
    both = found(tmp_path, "--save out")
    assert both["removed-flag"] == 4
    assert both["flag-newer-than-pin"] == 5


def test_the_newest_release_is_the_likely_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing that it lacks, its own options are not taken for too new."""
    monkeypatch.chdir(tmp_path)
    assert "flag-newer-than-pin" not in found(tmp_path, "--global_batch_size 8")
