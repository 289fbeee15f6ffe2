"""A real step on the CPU: what a launch trains, and what stops it."""

from typing import Any

import pytest

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Options, Request, Result
from lintune.dryrun.step.run import device_of, processes_of, step

TINY: dict[str, Json] = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
    "intermediate_size": 64, "vocab_size": 512,
}  # fmt: skip
LORA: dict[str, Json] = {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": "all-linear"}


def taken(values: dict[str, Json], config: dict[str, Json] | None = None) -> Result:
    given: dict[str, Json] = {"batch.micro": 1, "seq.max_len": 16, "precision.weights": "fp32", **values}
    return step(Request("step", given, model_config=config or TINY, options=Options(device="cpu")))


def fact(result: Result, name: str) -> Any:
    return result.facts[f"dry_run.step.{name}"]


def test_full_tuning() -> None:
    result = taken({"tune.llm.mode": "full"})
    assert fact(result, "finite") is True
    assert len(fact(result, "losses")) == 2
    assert [fact(result, name) for name in ("without_gradient", "unchanged", "moved", "idle_parts", "not_in_optimizer")] == [[]] * 5
    assert any("random" in str(each) for each in result.detail["not_proved"])  # type: ignore[union-attr]


def test_lora_moves_nothing_else() -> None:
    result = taken({**LORA, "batch.accum": 2, "mem.ckpt": True})
    assert fact(result, "trainable_tensors") == 28  # seven linear layers in two blocks, A and B each
    assert [fact(result, name) for name in ("without_gradient", "unchanged", "moved")] == [[], [], []]


def test_half_precision_that_is_stepped_alone() -> None:
    result = taken({"tune.llm.mode": "full", "precision.weights": "bf16", "precision.pure": True, "optim.lr": 1e-5})
    assert "model.norm.weight" in fact(result, "rounded_away")


def test_an_optimizer_that_is_not_here() -> None:
    result = taken({"tune.llm.mode": "full", "optim.name": "galore_adamw"})
    assert any("galore_torch" in each for each in result.assumptions)


def test_images_reach_the_tower() -> None:
    config: dict[str, Json] = {
        "model_type": "qwen2_5_vl", "image_token_id": 500, "vision_start_token_id": 501, "vision_end_token_id": 502, "video_token_id": 503,
        "text_config": {**TINY, "model_type": "qwen2_5_vl_text", "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]}},
        "vision_config": {"depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 64,
                          "fullatt_block_indexes": [1], "window_size": 56},
    }  # fmt: skip
    trained: dict[str, Json] = {f"tune.{part}.mode": "full" for part in ("llm", "vision", "projector")}
    result = taken(trained, config)
    assert fact(result, "without_gradient") == fact(result, "idle_parts") == []
    assert "one image per sample" in result.assumptions


def test_nothing_trained() -> None:
    with pytest.raises(DryRunProblem, match="no parameter is trained"):
        taken({f"tune.{part}.mode": "frozen" for part in ("llm", "embed", "lm_head")})


def test_adapter_that_matches_nothing() -> None:
    with pytest.raises(DryRunProblem, match="PEFT refuses"):
        taken({**LORA, "adapter.targets": "c_attn"})


def test_two_processes() -> None:
    result = taken({**LORA, "derived.world_size": 8})
    assert result.ok, result.problem
    assert fact(result, "processes") == 2
    assert fact(result, "moved") == []


def test_fsdp_really_shards() -> None:
    """Two processes with a part of every weight each, by torch's own `fully_shard`; frozen weights stay, trained ones move."""
    result = taken({**LORA, "par.fsdp.on": True, "precision.compute": "bf16"})
    assert result.ok, result.problem
    assert fact(result, "processes") == 2 and fact(result, "finite") is True
    assert fact(result, "without_gradient") == fact(result, "unchanged") == fact(result, "moved") == []
    assert any("fully_shard" in each for each in result.assumptions)


def test_quantised_layers_without_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is taken with the layers' own weights, and that is said."""
    monkeypatch.setattr("lintune.dryrun.step.model.find_spec", lambda name: None)
    result = taken({**LORA, "model.quant.method": "bnb", "model.quant.bits": 4})
    assert result.ok and any("not quantised on the CPU" in each for each in result.assumptions)


def test_what_several_processes_refuse() -> None:
    """Reentrant checkpointing under DDP, where PEFT's model is searched for unused parameters."""
    result = taken({**LORA, "derived.world_size": 2, "mem.ckpt": True, "mem.reentrant": True})
    assert result.problem is not None
    assert result.problem.kind == "step-failed"
    assert "mark a variable ready only once" in result.problem.message


@pytest.mark.parametrize(("values", "processes"), [({}, 1), ({"derived.world_size": 1}, 1), ({"launch.nproc": 4}, 2),
                                                   ({"launch.nproc": 4, "par.ds.stage": 2}, 1), ({"par.fsdp.on": True}, 2)])  # fmt: skip
def test_processes_on_the_cpu(values: dict[str, Json], processes: int) -> None:
    assert processes_of(Request("step", values), "cpu") == processes


def test_a_device_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DryRunProblem, match="no CUDA device"):
        device_of(Request("step", options=Options(device="cuda:0")))
    assert device_of(Request("step")) == "cpu"
