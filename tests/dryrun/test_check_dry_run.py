"""`check --dry-run` and `memory --exact`, from the command line to the findings, with a real child process."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lintune.cli.main import main
from lintune.dryrun.protocol import Json, Request, Result, Trouble
from lintune.engine import child_process
from lintune.source.data import data_folder

RUN = {
    "lintune_run": 1,
    "values": {
        "model.id": "tiny", "adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": ["q_proj", "vproj"], "precision.compute": "bf16",
        "batch.micro": 1, "seq.max_len": 64,
    },
}  # fmt: skip
CONFIG = {
    "model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 96,
    "num_key_value_heads": 2,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run file and the config of its model; checks are not kept."""
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    return tmp_path


def test_a_real_child_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The finding points at the targets, and the exit status is that of a check."""
    assert main(["check", "--dry-run=count", "--model-config", "config.json", "--format", "json", "run.json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["name"], each["severity"]) for each in findings] == [("adapter-target-missing", "warning")]
    assert "`v_proj`" in findings[0]["message"] and findings[0]["locations"][0]["path"] == "run.json"


def answering(monkeypatch: pytest.MonkeyPatch, result: Result) -> list[Request]:
    """No child is started: every request is answered with this result; returns the requests."""
    asked: list[Request] = []

    def ask(_: object, request: Request, progress: object = None) -> Result:
        asked.append(request)
        return result

    monkeypatch.setattr(child_process.Child, "ask", ask)
    return asked


def test_what_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's values, the given config and the limits reach the child; the bare option means a trace."""
    asked = answering(monkeypatch, Result("trace", True))
    main(
        [
            "check",
            "--dry-run",
            "--model-config",
            "config.json",
            "--time-limit",
            "7",
            "--memory-limit",
            "2",
            "--trust-remote-code",
            "run.json",
        ]
    )
    (request,) = asked
    assert (request.action, request.model_config) == ("trace", CONFIG)
    assert request.values["adapter.targets"] == ["q_proj", "vproj"]
    assert (request.options.time_limit_s, request.options.memory_limit_bytes, request.options.trust_remote_code) == (7.0, 2 * 2**30, True)


def test_equal_launches_are_run_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files with the same values are one request."""
    (folder / "same.json").write_text(json.dumps(RUN))
    asked = answering(monkeypatch, Result("count", True))
    main(["check", "--dry-run=count", "run.json", "same.json"])
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [("bad-config", "model-not-built", 1), ("time-limit", "dry-run-without-answer", 0), ("crash", "dry-run-without-answer", 0)],
)
def test_a_problem_is_a_finding(
    kind: str, name: str, status: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason and what to do; rules that need the facts stay silent."""
    answering(monkeypatch, Result("count", False, Trouble(kind, "the reason", "the way out")))
    assert main(["check", "--dry-run=count", "--format", "json", "run.json"]) == status
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["name"] == name and "the reason" in finding["message"] and finding["help"] == "the way out"


def test_memory_shows_the_trace_beside_the_estimate(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traced figures take the place of the closed form's in JSON, which stays beside them."""
    facts: dict[str, Json] = {"dry_run.allocated_bytes": 5 * 2**30, "dry_run.reserved_bytes": 6 * 2**30, "dry_run.peak_phase": "backward"}
    answering(monkeypatch, Result("trace", True, facts=dict(facts), assumptions=["taken for granted"]))
    assert main(["memory", "--exact", "--model-config", "config.json", "--format", "json", "run.json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["method"] == "traced" and run["per_gpu"]["allocated"] == 5 * 2**30 != run["closed_form"]["allocated"]
    assert run["traced"] == {"problem": None, "peak": "backward", "assumptions": ["taken for granted"]}
    assert main(["memory", "--exact", "--model-config", "config.json", "run.json"]) == 0
    assert "off the trace" in capsys.readouterr().out


def test_without_an_interpreter(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong `--env` is an error of usage."""
    assert main(["check", "--dry-run=count", "--env", "/no/such/python", "run.json"]) == 2
    assert "/no/such/python" in capsys.readouterr().err


def test_the_report_says_what_was_built(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and parts below the findings, modules with `--verbose`, all of it in JSON, which keeps to its schema."""
    facts: dict[str, Json] = {
        "dry_run.total_params": 1000,
        "dry_run.trainable_params": 100,
        "dry_run.parts.llm.params": 1000,
        "dry_run.parts.llm.trainable": 100,
    }
    answer = Result("count", True, facts=dict(facts), detail={"modules": {"layers.*.q_proj": [900, 100]}}, assumptions=["fp32 is taken"])
    answering(monkeypatch, answer)
    main(["check", "--dry-run=count", "run.json"])
    text = capsys.readouterr().out
    assert "1,000 parameters, 100 trained (10.00 %)" in text and "assumed: fp32 is taken" in text and "layers.*.q_proj" not in text
    main(["check", "--dry-run=count", "--verbose", "run.json"])
    assert "layers.*.q_proj" in capsys.readouterr().out
    main(["check", "--dry-run=count", "--format", "json", "run.json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads((data_folder("schemas") / "check-v1.schema.json").read_text(encoding="utf-8")))
    (found,) = document["dry_runs"]
    assert (found["path"], found["facts"], found["problem"]) == ("run.json", facts, None)


def test_every_format_that_can_carries_the_facts(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF and JUnit as properties, Markdown and HTML as a section; numbers that are none do not break JSON."""
    import xml.etree.ElementTree as Tree

    facts: dict[str, Json] = {"dry_run.total_params": 1234, "dry_run.trainable_params": 12, "dry_run.step.losses": [float("nan")]}
    answering(monkeypatch, Result("count", True, facts=facts, assumptions=["a <b> ``` | taken"]))
    shown = {}
    for name in ("sarif", "junit", "markdown", "html", "json"):
        main(["check", "--dry-run=count", "--format", name, "run.json"])
        shown[name] = capsys.readouterr().out

    def strict(text: str) -> Any:
        return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    (run,) = strict(shown["sarif"])["runs"]
    assert run["properties"]["dryRuns"][0]["facts"]["dry_run.total_params"] == 1234
    assert strict(shown["json"])["dry_runs"][0]["facts"]["dry_run.step.losses"] == ["nan"]
    properties = {each.get("name"): each.get("value") for each in Tree.fromstring(shown["junit"].encode()).iter("property")}
    assert properties["dry_run.trainable_params"] == "12"
    assert "1,234" in shown["markdown"] and shown["markdown"].count("```") == 2
    assert "1,234" in shown["html"] and "&lt;b&gt;" in shown["html"]
