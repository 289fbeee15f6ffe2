"""`--baseline`, `--write-baseline` and `lintune init` as they are run."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lintune.cli.main import main
from lintune.cli.settings import settings_in

SCRIPT = """\
torchrun --nproc_per_node 2 finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen \\
  --use_lora true --tune_llm true --output_dir out --bf16 true --fp16 true
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A launch with errors, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    path = tmp_path / "finetune.sh"
    path.write_text(SCRIPT)
    return path


def test_known_findings_are_left_out(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written once, they are known, also after lines moved; a new one is reported and fails the check."""
    assert main(["check", "finetune.sh"]) == 1
    capsys.readouterr()
    assert main(["check", "finetune.sh", "--write-baseline", "known.json"]) == 0
    streams = capsys.readouterr()
    assert streams.out == "" and "known.json holds" in streams.err
    entries = json.loads(Path("known.json").read_text())["findings"]
    assert entries and all(entry["path"] == "finetune.sh" and entry["rule"] and entry["count"] >= 1 for entry in entries)
    script.write_text("# a comment more\n\n" + SCRIPT)
    assert main(["check", "finetune.sh", "--baseline", "known.json"]) == 0
    assert "known from known.json" in capsys.readouterr().err
    script.write_text(SCRIPT.replace("--bf16 true", "--bf16 true --no_such_option_at_all 1"))
    assert main(["check", "finetune.sh", "--baseline", "known.json", "--format", "concise"]) == 1
    assert "no_such_option_at_all" in capsys.readouterr().out


def test_what_is_gone_is_said(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline that knows more than there is says so."""
    main(["check", "finetune.sh", "--write-baseline", "known.json"])
    script.write_text(SCRIPT.replace("--tune_llm true", "--tune_llm false").replace(" --fp16 true", ""))
    capsys.readouterr()
    main(["check", "finetune.sh", "--baseline", "known.json"])
    assert "are gone" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lintune_baseline": 99, "findings": []}', '{"lintune_baseline": 1, "findings": [{}]}'])
def test_no_baseline(script: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is none, or is not there, is a usage error in one sentence."""
    Path("known.json").write_text(text)
    assert main(["check", "finetune.sh", "--baseline", "known.json"]) == 2
    assert "no baseline" in capsys.readouterr().err
    assert main(["check", "finetune.sh", "--baseline", "not/there.json"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_formats(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each format as it is run, to standard output and to a file."""
    assert main(["check", "finetune.sh", "--format", "gitlab"]) == 1
    assert {issue["location"]["path"] for issue in json.loads(capsys.readouterr().out)} == {"finetune.sh"}
    assert main(["check", "finetune.sh", "--format", "junit", "--output", "junit.xml"]) == 1
    assert int(ElementTree.parse("junit.xml").getroot().get("failures", "0")) >= 1
    assert main(["check", "finetune.sh", "--format", "markdown", "--exit-zero"]) == 0
    assert "| severity |" in capsys.readouterr().out
    assert main(["check", "finetune.sh", "--format", "html", "--gpu", "2xA100-40G"]) == 1
    shown = capsys.readouterr().out
    assert "<svg" in shown and "A100" in shown


def test_init_writes_what_lintune_reads(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A config that is valid, a hook, and the launches that were found; a second time nothing changes."""
    assert main(["init"]) == 0
    assert "1 fine-tuning launch found: finetune.sh" in capsys.readouterr().out
    config = Path("lintune.toml").read_text()
    settings_in("lintune.toml")
    Path("lintune.toml").write_text(
        "\n".join(line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in config.splitlines())
    )
    assert settings_in("lintune.toml").gpu == "8xA100-80G"
    assert "lintune check --launches-only" in Path(".pre-commit-config.yaml").read_text()
    Path("lintune.toml").write_text('gpu = "H100"\n')
    assert main(["init"]) == 0
    shown = capsys.readouterr().out
    assert "left as it is" in shown and "has the hook already" in shown
    assert Path("lintune.toml").read_text() == 'gpu = "H100"\n'


def test_init_leaves_other_hooks_alone(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would go into an existing file is printed; a config in pyproject.toml is found."""
    Path(".pre-commit-config.yaml").write_text("repos: []\n")
    Path("pyproject.toml").write_text("[tool.lintune]\n")
    assert main(["init", "."]) == 0
    shown = capsys.readouterr().out
    assert "add to its `repos`" in shown and "id: lintune" in shown and "has a [tool.lintune] already" in shown
    assert Path(".pre-commit-config.yaml").read_text() == "repos: []\n" and not Path("lintune.toml").exists()
    assert main(["init", "not-there"]) == 2
