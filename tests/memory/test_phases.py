"""Load, evaluation, reference models, offload: what stands beside the step."""

import pytest

from lintune.memory.loading import host_load
from lintune.values.value import Data

from .conftest import part, phase

P, GIB = 3_212_749_824, 2**30
LORA: dict[str, Data] = {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 8, "adapter.targets": "q_proj,v_proj"}


def test_the_phase_of_the_peak(runs) -> None:  # type: ignore[no-untyped-def]
    """A small batch peaks in the optimizer's step, a large one in the loss."""
    assert runs.estimate(optim__name="adamw_torch").phase == "step"
    assert runs.estimate(LORA, batch__micro=32, mem__ckpt_llm=True).phase == "loss"


def test_litgpt_loads_the_whole_model_before_it_divides_it(runs) -> None:  # type: ignore[no-untyped-def]
    """The whole bf16 model and a quarter of it."""
    found = runs.estimate(LORA, launch__framework="litgpt", launch__nproc=4, par__fsdp__strategy="full_shard", mem__ckpt_llm=True)
    whole = 2 * (P + 128_256 * 3072)  # its tied head is a matrix of its own
    assert phase(found, "load") == whole + whole // 4 and found.phase == "load"


def test_quantising_needs_the_largest_tensor_in_16_bits(runs) -> None:  # type: ignore[no-untyped-def]
    """Beside what stays."""
    found = runs.estimate({**LORA, "model.quant.method": "bnb", "model.quant.bits": 4})
    assert phase(found, "load") == part(found, "weights") + part(found, "adapters") + 2 * 128_256 * 3072


def test_every_process_reads_all_weights(runs) -> None:  # type: ignore[no-untyped-def]
    """Eight times the model in the machine's memory; under ZeRO-3 a file at a time."""
    assert host_load(runs.setting(launch__nproc=8)) == 8 * 2 * P
    assert host_load(runs.setting(launch__nproc=8, par__ds__stage=3)) == 8 * 5_000_000_000


def test_evaluation_may_be_the_peak(runs) -> None:  # type: ignore[no-untyped-def]
    """64 samples at once without gradients: logits in 16 and 32 bits and their exponentials."""
    values: dict[str, Data] = {**LORA, "mem.ckpt_llm": True, "batch.eval_micro": 64, "run.eval_strategy": "steps"}
    found = runs.estimate(values)
    assert found.phase == "evaluation"
    assert part(found, "evaluation") >= 64 * 1024 * 128_256 * 10
    assert "evaluation" not in [each.name for each in runs.estimate({**values, "run.eval_strategy": "no"}).phases]


@pytest.mark.parametrize(("task", "copies"), [("dpo", 1), ("sft", 0), ("orpo", 0)])
def test_reference_model(runs, task: str, copies: int) -> None:  # type: ignore[no-untyped-def]
    """A second copy of the weights for DPO in full; with LoRA the base is the reference."""
    assert part(runs.estimate(task__stage=task), "reference model") == copies * 2 * P
    assert part(runs.estimate({**LORA, "task.stage": task}), "reference model") == 0


def test_pairs_pass_in_one_batch(runs) -> None:  # type: ignore[no-untyped-def]
    """Twice the logits."""
    one, two = (
        part(runs.estimate({**LORA, "task.stage": task, "mem.ckpt_llm": True, "batch.micro": 8}), "logits") for task in ("sft", "dpo")
    )
    assert two == 2 * one > 0


def test_rewards_have_no_vocabulary(runs) -> None:  # type: ignore[no-untyped-def]
    """A head over one score."""
    assert part(runs.estimate({**LORA, "task.stage": "rm", "mem.ckpt_llm": True}), "logits") == 0


def test_some_layers(runs) -> None:  # type: ignore[no-untyped-def]
    """The last three of 28: their parameters are trained, and the backward pass reaches no further."""
    found = runs.estimate(tune__llm__mode="topk:3")
    layer = (P - 128_256 * 3072 - 3072) // 28
    assert found.trained.total == 3 * layer
    assert (
        runs.estimate(tune__llm__mode="topk:3", batch__micro=16).allocated
        < runs.estimate(tune__llm__mode="topk:28", batch__micro=16).allocated
    )


def test_offload_without_zero_is_said(runs) -> None:  # type: ignore[no-untyped-def]
    """And moves nothing."""
    found = runs.estimate(par__ds__offload_opt=True)
    assert found.host == 0 and any("offload" in note for note in found.notes)


def test_unpacked_samples_are_shorter(runs) -> None:  # type: ignore[no-untyped-def]
    """The estimate takes a part of the length, its upper edge all of it."""
    unpacked, said = (runs.estimate({**LORA, "batch.micro": 8, "mem.ckpt_llm": True, "batch.packing": packs}) for packs in (False, True))
    assert unpacked.allocated < said.allocated and unpacked.high == said.high


def test_a_refused_launch_is_estimated_by_a_way_out(runs) -> None:  # type: ignore[no-untyped-def]
    """LoRA alone, with a note, rather than the sum of two modes that exclude each other."""
    found = runs.estimate({**LORA, "tune.llm.mode": "conflict", "tune.conflict": True})
    assert found.trained.inside == 0 and any("refused" in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"batch.micro": "two"}, "whole number"),
        ({"seq.max_len": 1.5}, "whole number"),
        ({"launch.nproc": 10**12}, "more than any run"),
        ({"tune.llm.mode": "banana"}, "banana"),
        ({"model.id": 5}, "a text is expected"),
        ({"par.ds.stage": "three"}, "three"),
        ({**LORA, "adapter.rank": "big"}, "big"),
    ],
)
def test_senseless_values_are_named(runs, values: dict[str, Data], says: str) -> None:  # type: ignore[no-untyped-def]
    """No silent number."""
    from lintune.memory.reading import NotEstimated

    with pytest.raises(NotEstimated, match=says):
        runs.estimate(values)
