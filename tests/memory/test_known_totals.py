"""Totals of launches that their framework does not count: only where nothing is in doubt."""

import pytest

from lintune.memory.floor import add_floor
from lintune.run.known import data
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Data, Known, Step, Unknown

GIB = 2**30


def run_of(**changes: Data) -> Run:
    """Full tuning of LLaMA 7B by LLaMA-Factory in fp16 on one card of 80 GiB, without DeepSpeed."""
    run = Run("llamafactory", "train.sh", Site(Source("train.sh", ""), Span(0, 0)))
    values: dict[str, Data] = {
        "model.id": "huggyllama/llama-7b",
        "tune.llm.mode": "full",
        "precision.compute": "fp16",
        "precision.fp16": True,
        "derived.world_size": 1,
        "gpu.count": 1,
        "gpu.memory_bytes": 80 * GIB,
        **{name.replace("__", "."): value for name, value in changes.items()},
    }
    run.values = {name: Known(value) for name, value in values.items() if value is not None}
    unsaid = Unknown("the default depends on the release", (Step("default", note="default of transformers"),))
    run.values.update({"optim.name": unsaid, "derived.effective_optim": unsaid, "par.ds.file": run.values.get("par.ds.file", Absent())})
    add_floor(run)
    return run


def test_full_tuning_under_a_gradient_scaler() -> None:
    """fp32 weights and gradients and two fp32 states: 16 B for each of 6,738,415,616 parameters, more than 80 GiB."""
    run = run_of()
    assert data(run.get("derived.trainable_params")) == 6_738_415_616
    assert data(run.get("memory.floor_bytes")) == 16 * 6_738_415_616 + 300 * 2**20
    assert data(run.get("memory.floor_exceeds_gpu")) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"model.id": "nobody/llama-like"},
        {"model.id": "someone/Llama-2-7b-hf-GPTQ"},
        {"tune.llm.mode": "lora"},
        {"model.quant.bits": 4},
        {"flag.use_badam": True},
        {"flag.freeze_parameters_ratio": 0.5},
        {"par.tp": 2},
        {"gpu.count": 4},
        {"mem.unsloth": True},
        {"tune.embed.mode": "frozen"},
    ],
)
def test_in_doubt(changes: dict[str, Data]) -> None:
    """What may hold less on the card is not counted."""
    run = run_of(**{name.replace(".", "__"): value for name, value in changes.items()})
    assert isinstance(run.get("memory.floor_bytes"), Unknown)


def test_zero_3_fits() -> None:
    """The same on eight cards with ZeRO-3 is far below 80 GiB."""
    run = run_of(derived__world_size=8, gpu__count=8, par__ds__file="ds.json", par__ds__stage=3)
    assert data(run.get("memory.floor_exceeds_gpu")) is False
