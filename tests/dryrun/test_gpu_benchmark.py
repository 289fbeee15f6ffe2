"""The harness that compares real steps on a GPU with traced ones: its matrix, and what it says without a GPU."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lintune.dryrun.protocol import Result

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
        measured = {"dry_run.step.allocated_bytes": allocated, "dry_run.step.reserved_bytes": reserved, "dry_run.step.gpu": "a card"}
        return harness.Compared("m", Result("trace", True, facts={"dry_run.allocated_bytes": 100, "dry_run.reserved_bytes": 100}),
                                Result("step", True, facts=measured))  # fmt: skip

    text = harness.table([row(100, 100), row(98, 95), row(90, 90)])
    assert "allocated: 2 of 3 within 3%, reserved: 2 of 3 within 8%" in text
    assert "a card" in text
