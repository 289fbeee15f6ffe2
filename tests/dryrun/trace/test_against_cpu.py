"""The traced peak beside the bytes that the CPU's allocator really gave out, on tiny models."""

import warnings
from dataclasses import replace

import pytest
import torch

from lintune.dryrun.trace.fsdp import World
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.selftest import TOLERANCE, Case, compare

SHORT = torch.bfloat16
CPU = Plan(kernel="cpu")
EAGER = Plan(attention="eager", kernel="cpu")
AGAIN = Plan(kernel="cpu", checkpointing="reentrant")
ANEW = Plan(kernel="cpu", checkpointing="non-reentrant")
GRID = {"depth": 2, "hidden_size": 64, "num_heads": 4, "patch_size": 14, "intermediate_size": 128, "out_hidden_size": 128,
        "fullatt_block_indexes": [1]}  # fmt: skip
LOOKS = {
    "vision_config": GRID, "image_token_id": 9, "video_token_id": 10, "vision_start_token_id": 11, "vision_end_token_id": 12,
    "text_config": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}},
}  # fmt: skip
CASES = {
    "llama": Case("llama", CPU, dtype=SHORT),
    "eager": Case("llama", EAGER),
    "phi3": Case("phi3", CPU, dtype=SHORT),
    "gemma2": Case("gemma2", EAGER, changes={"query_pre_attn_scalar": 32, "sliding_window": 64}),
    "mixtral": Case("mixtral", CPU, changes={"num_local_experts": 4}),
    "checkpointing": Case("qwen2", AGAIN, length=256),
    "checkpointing, not reentrant, autocast": Case("qwen3", replace(ANEW, autocast=SHORT), length=256),
    "optimizer in 8 bits": Case("llama", replace(AGAIN, optimizer="adamw_bnb_8bit", clip=1.0), length=64),
    "accumulated, outputs held": Case("mistral", replace(CPU, accumulate=2, hold_outputs=True)),
    "liger": Case("qwen2", replace(AGAIN, loss="liger")),
    "padded": Case("llama", CPU, layout="padded"),
    "packed": Case("qwen2", CPU, layout="packed", rows=1, length=256),
    "LoRA": Case("llama", CPU, "lora", 0.1, SHORT),
    "DoRA": Case("mistral", CPU, "dora"),
    "QLoRA": Case("llama", CPU, "qlora", dtype=SHORT),
    "qwen2_5_vl, LoRA": Case("qwen2_5_vl", AGAIN, "lora", images=2, changes=LOOKS),
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries warn of what these cases mean to do; one thread, since kernels take scratch memory per thread."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", CASES)
def test_traced_peak_is_the_real_one(name: str) -> None:
    outcome = compare(CASES[name])
    assert abs(outcome.error) <= TOLERANCE, f"traced {outcome.traced:,}, measured {outcome.measured:,}"


@pytest.mark.parametrize("world", [World(2), World(4, SHORT, torch.float32)])
def test_fsdp_on_a_world_that_is_not_there(world: World) -> None:
    outcome = compare(Case("llama", ANEW), world)
    assert abs(outcome.error) <= TOLERANCE, f"traced {outcome.traced:,}, measured {outcome.measured:,}"


def test_a_wrong_kernel_is_seen() -> None:
    """The comparison can fail: eager attention keeps scores that the CPU's flash kernel does not."""
    right, wrong = compare(Case("llama", CPU)), compare(CASES["eager"])
    assert wrong.traced > (1 + 10 * TOLERANCE) * right.measured
