"""The harness that compares real steps on a GPU with traced ones: its matrix, and what it says without a GPU."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lintune.dryrun.protocol import Json, Result, Trouble

PATH = Path(__file__).parents[2] / "benchmarks" / "gpu" / "measure.py"


@pytest.fixture(scope="module")
def harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_measure", PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look it up
    spec.loader.exec_module(module)
    return module


def test_matrix(harness: ModuleType) -> None:
    names = [name for name, _ in harness.settings(harness.MODELS)]
    assert len(names) == len(set(names)) == 30
    values = dict(harness.settings(("m",)))["m QLoRA checkpointed"]
    assert (values["model.quant.bits"], values["mem.ckpt"], values["tune.llm.mode"]) == (4, True, "lora")


def test_without_a_gpu(harness: ModuleType) -> None:
    rows = [harness.Compared("m", Result("trace", True, facts={"dry_run.allocated_bytes": 10}), Result("step", True))]
    assert "not measured on a GPU" in harness.table(rows)


def test_how_near_is_near(harness: ModuleType) -> None:
    def row(allocated: int, reserved: int) -> object:
        measured: dict[str, Json] = {
            "dry_run.step.allocated_bytes": allocated,
            "dry_run.step.reserved_bytes": reserved,
            "dry_run.step.gpu": "a card",
        }
        return harness.Compared("m", Result("trace", True, facts={"dry_run.allocated_bytes": 100, "dry_run.reserved_bytes": 100}),
                                Result("step", True, facts=measured))  # fmt: skip

    text = harness.table([row(100, 100), row(98, 95), row(90, 90)])
    assert "allocated: 2 of 3 within 3%" in text and "reserved: 2 of 3 within 8%" in text
    assert "a card" in text


def test_goes_on_where_it_was(
    harness: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row that was measured is not measured again; one that failed, or was cut off while it was written, is."""
    asked: list[str] = []

    def compared(name: str, values: object, device: str, config: object = None) -> object:
        asked.append(name)
        failed = Result("step", False, Trouble("crash", "out of luck")) if "full" in name and len(asked) < 3 else Result("step", True)
        return harness.Compared(name, Result("trace", True, facts={"dry_run.allocated_bytes": 1}), failed)

    monkeypatch.setattr(harness, "compared", compared)
    words = ["--models", "m", "--cpu", "--folder", str(tmp_path)]
    assert harness.main(words) == 0 and len(asked) == 6
    with (tmp_path / "cpu.jsonl").open("a") as stream:
        stream.write('\n{"name": "m LoRA", "tra')
    asked.clear()
    assert harness.main(words) == 0 and asked == ["m full checkpointed", "m full"]
    assert "out of luck" in capsys.readouterr().out and (tmp_path / "cpu.md").read_text().count("| m ") == 6
    monkeypatch.setattr(harness, "gpu_here", lambda: "")
    with pytest.raises(SystemExit):
        harness.main(["--models", "m", "--folder", str(tmp_path)])  # no GPU here


def test_the_whole_way_with_tiny_shapes(harness: ModuleType, tmp_path: Path) -> None:
    """Trace and step of a row, really run on the CPU."""
    config = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
              "num_key_value_heads": 2, "vocab_size": 500}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    words = ["--cpu", "--models", "tiny", "--only", "QLoRA checkpointed", "--config", str(tmp_path / "config.json")]
    assert harness.main([*words, "--folder", str(tmp_path)]) == 0
    (line,) = (tmp_path / "cpu.jsonl").read_text().strip().splitlines()
    row = json.loads(line)
    assert row["traced"]["ok"] and row["traced"]["facts"]["dry_run.reserved_bytes"] and row["traced"]["versions"]["torch"]
    assert row["measured"]["ok"] and row["measured"]["facts"]["dry_run.step.finite"]
    assert "not measured on a GPU" in (tmp_path / "cpu.md").read_text()
