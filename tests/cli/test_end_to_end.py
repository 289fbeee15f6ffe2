"""The whole program as a process: a launch of the examples, and inputs that are none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "examples/minicpm-v/finetune_lora.sh"


def lintune(*words: str, cwd: Path = ROOT, text: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m lintune` with these words."""
    return subprocess.run(
        [sys.executable, "-m", "lintune", *words],
        cwd=cwd,
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def validator(name: str) -> Draft202012Validator:
    """The validator of a shipped schema."""
    return Draft202012Validator(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")))


def test_the_seed_conflict() -> None:
    """Found at the command, whose default did it, with the line that raises; status 1."""
    done = lintune("check", "--format", "json", EXAMPLE)
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads(done.stdout)
    validator("check-v1").validate(document)
    found = next(finding for finding in document["findings"] if finding["name"] == "lora-with-full-llm-tuning")
    assert (found["severity"], found["stage"]) == ("error", "after-weights")
    assert {location["path"] for location in found["locations"]} == {EXAMPLE, "examples/minicpm-v/finetune.py"}
    assert len(found["ways"]) == 2


def test_text_on_a_terminal_of_any_locale() -> None:
    """Excerpts, ways and the footer, in UTF-8, without escape sequences where nothing shows them."""
    done = lintune("check", EXAMPLE, LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 1
    assert "error[TUN001 lora-with-full-llm-tuning]" in done.stdout
    assert f"--> {EXAMPLE}:" in done.stdout
    assert "= way 1: " in done.stdout
    assert "\n1 launch, " in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x1b[1;31m" in lintune("check", EXAMPLE, FORCE_COLOR="1").stdout


def test_show_holds_its_contract() -> None:
    """The launch, its command, values with origins."""
    done = lintune("show", "--format", "json", EXAMPLE)
    assert done.returncode == 0
    document = json.loads(done.stdout)
    validator("show-v1").validate(document)
    launch = document["launches"][0]
    command = document["commands"][launch["command"]]
    assert command["argv"][0]["text"] == "torchrun"
    assert launch["framework"] == "minicpmv"
    assert launch["values"]["flag.use_lora"]["origin"][0]["kind"] == "flag"


def test_a_run_file_can_be_checked(tmp_path: Path) -> None:
    """What `show --format run` writes, `check` reads."""
    run = tmp_path / "run.json"
    run.write_text(lintune("show", "--format", "run", EXAMPLE).stdout, encoding="utf-8")
    done = lintune("check", "--format", "json", str(run))
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["files"][0]["role"] == "launch"


def test_bad_inputs_do_not_stop_the_others(tmp_path: Path) -> None:
    """Each is named with what is wrong; the status says that a path does not exist."""
    (tmp_path / "empty.sh").write_bytes(b"")
    (tmp_path / "binary.sh").write_bytes(b"\x00\x01")
    (tmp_path / "broken.sh").write_text("for x in a; do\n  torchrun t.py\n", encoding="utf-8")
    (tmp_path / "none.sh").write_text("echo hello\n", encoding="utf-8")
    (tmp_path / "ds.json").write_text('{\n  "zero_optimization": {"stage": 2,}\n}\n', encoding="utf-8")
    done = lintune("check", "empty.sh", "binary.sh", "gone.sh", "broken.sh", "none.sh", "ds.json", "--format", "concise", cwd=tmp_path)
    assert done.returncode == 2
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == {"binary.sh", "broken.sh", "ds.json"}
    assert "ds.json:2:35: error" in done.stdout
    for said in ("empty.sh is empty", "gone.sh: no such file or folder", "none.sh starts no fine-tuning launch"):
        assert said in done.stderr


def test_a_folder_without_launches(tmp_path: Path) -> None:
    """Said on standard error, status 0."""
    done = lintune("check", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert "holds no fine-tuning launch" in done.stderr


def test_standard_input(tmp_path: Path) -> None:
    """Under the name that is given."""
    script = "torchrun finetune.py --x 1 --x 2 --deepspeed gone.json\n"
    done = lintune("check", "-", "--stdin-filename", "a/run.sh", "--format", "json", cwd=tmp_path, text=script)
    assert done.returncode in (0, 1)
    assert json.loads(done.stdout)["files"][0]["path"] == "a/run.sh"
    shown = json.loads(lintune("show", "-", "--format", "json", cwd=tmp_path, text=script).stdout)
    assert [word["text"] for word in shown["commands"][shown["launches"][0]["command"]]["argv"][:2]] == ["torchrun", "finetune.py"]


@pytest.mark.parametrize("words", [["--select", "no-such-rule"], ["--gpu", "8"], ["--select", "lora-with-ful-llm-tuning"]])
def test_wrong_rules_and_cards(words: list[str]) -> None:
    """Status 2 and one sentence."""
    done = lintune("check", EXAMPLE, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_wrong_rules_and_cards_of_a_config(tmp_path: Path) -> None:
    """Named with the config's key."""
    (tmp_path / "run.sh").write_text("echo\n", encoding="utf-8")
    for text, message in (
        ('ignore = ["no-such-rule"]\n', "lintune.toml: `ignore`: no rule is called `no-such-rule`"),
        ('[per-file-ignores]\n"*" = ["TUN1X"]\n', "lintune.toml: `per-file-ignores`: no rule is called `TUN1X`"),
        ('gpu = "8"\n', "lintune.toml: `gpu`: not a GPU: `8`"),
        ('house-rules = "rules"\n', "lintune.toml:1: `house-rules`: there is no folder `rules`"),
    ):
        (tmp_path / "lintune.toml").write_text(text, encoding="utf-8")
        done = lintune("check", "run.sh", cwd=tmp_path)
        assert done.returncode == 2, text
        assert message in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell pipeline")
def test_a_closed_pipe_is_no_error() -> None:
    """`lintune rules | head -1` ends in peace."""
    done = subprocess.run(f"{sys.executable} -m lintune rules | head -1", shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_every_rule_can_be_explained() -> None:
    """The catalogue lists what `explain` shows."""
    rules = json.loads(lintune("rules", "--format", "json").stdout)
    assert len({rule["code"] for rule in rules}) == len(rules) > 40
    pages = json.loads(lintune("explain", "--format", "json", rules[0]["name"], rules[-1]["code"]).stdout)
    assert [page["name"] for page in pages] == [rules[0]["name"], rules[-1]["name"]]
    assert all(page["evidence"] for page in pages)
