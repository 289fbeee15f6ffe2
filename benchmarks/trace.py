"""The tracer of the dry run against what really happens on the CPU: `python benchmarks/trace.py [--filter WORD]`.

Each case is a small model that is traced on the meta device and then run for two steps with real tensors; compared are the traced peak and
the most bytes that the CPU's allocator had given out, by the events of torch's profiler. Needs the extra `dry-run`.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from lintune.dryrun.trace.fsdp import World  # noqa: E402
from lintune.dryrun.trace.plan import Plan  # noqa: E402
from lintune.dryrun.trace.selftest import Case, compare  # noqa: E402

SHORT = torch.bfloat16
CPU = Plan(kernel="cpu")
EAGER = Plan(attention="eager", kernel="cpu")
AGAIN = Plan(kernel="cpu", checkpointing="reentrant")
ANEW = Plan(kernel="cpu", checkpointing="non-reentrant")
MOE: dict[str, Any] = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 96}
GRID = {"depth": 2, "hidden_size": 64, "num_heads": 4, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}
TOWER = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 14, "image_size": 112}
IMAGE = {"image_token_id": 9, "video_token_id": 10, "vision_start_token_id": 11, "vision_end_token_id": 12}
VISION: dict[str, dict[str, Any]] = {
    "qwen2_vl": {"vision_config": {**GRID, "embed_dim": 64, "hidden_size": 128, "mlp_ratio": 2}, **IMAGE},
    "qwen2_5_vl": {"vision_config": {**GRID, "intermediate_size": 128, "out_hidden_size": 128, "fullatt_block_indexes": [1]}, **IMAGE},
    "llava": {"vision_config": {"model_type": "clip_vision_model", **TOWER, "projection_dim": 64}, "image_token_index": 9},
    "internvl": {"vision_config": {**TOWER, "image_size": [112, 112], "patch_size": [14, 14]}, "image_token_id": 9, "image_seq_length": 16},
    "gemma3": {
        "vision_config": {**TOWER, "model_type": "siglip_vision_model"}, "mm_tokens_per_image": 16, "image_token_index": 9,
        "boi_token_index": 11, "eoi_token_index": 12, "text_config": {"sliding_window": 64},
    },
    "paligemma": {"vision_config": {**TOWER, "model_type": "siglip_vision_model"}, "image_token_index": 9, "projection_dim": 128},
    "idefics3": {"vision_config": TOWER, "image_token_id": 9, "scale_factor": 2},
}  # fmt: skip
ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}}
TEXTS = {"qwen2_vl": ROPE, "qwen2_5_vl": ROPE, "llava": {"model_type": "llama"}, "internvl": {"model_type": "qwen2"},
         "idefics3": {"model_type": "llama"}, "paligemma": {"model_type": "gemma"}}  # fmt: skip
for _family, _text in TEXTS.items():
    VISION[_family]["text_config"] = _text


def cases() -> Iterator[tuple[str, Case]]:
    """The configurations, by name."""
    for family in ("llama", "qwen2", "qwen3", "mistral", "gemma", "phi3", "olmo2", "granite", "stablelm", "starcoder2"):
        yield f"{family} full, bf16", Case(family, CPU, dtype=SHORT)
    yield "gemma2 full, eager", Case("gemma2", EAGER, changes={"query_pre_attn_scalar": 32, "sliding_window": 64})
    yield "gemma3 text full", Case("gemma3_text", CPU, dtype=SHORT, changes={"sliding_window": 64})
    yield "mixtral full", Case("mixtral", CPU, changes={"num_local_experts": 4})
    yield "qwen3_moe LoRA", Case("qwen3_moe", AGAIN, "lora", changes=MOE)
    yield "llama full, fp32", Case("llama", EAGER)
    yield "llama full, eager, bf16", Case("llama", EAGER, dtype=SHORT)
    yield "llama full, checkpointing", Case("llama", AGAIN)
    yield "llama full, checkpointing, not reentrant", Case("llama", ANEW, dtype=SHORT)
    yield "llama full, autocast", Case("llama", replace(CPU, autocast=SHORT))
    yield "qwen2 full, autocast, checkpointing", Case("qwen2", replace(ANEW, autocast=SHORT), length=256)
    for optimizer in ("sgd", "sgd_momentum", "adamw_for_loop", "adamw_torch_fused", "adamw_bnb_8bit", "adafactor", "lion", "adagrad"):
        yield f"llama full, {optimizer}", Case("llama", replace(AGAIN, optimizer=optimizer), length=32)
    yield "llama full, clipped, accumulated", Case("llama", replace(CPU, clip=1.0, accumulate=4))
    yield "llama full, outputs held", Case("llama", replace(CPU, hold_outputs=True))
    yield "qwen2 full, liger's loss", Case("qwen2", replace(AGAIN, loss="liger"))
    yield "qwen2 full, cut cross entropy", Case("qwen2", replace(AGAIN, loss="cce"), dtype=SHORT)
    yield "qwen2 full, chunked loss", Case("qwen2", replace(CPU, loss="chunked"), dtype=SHORT)
    yield "llama full, padded", Case("llama", CPU, layout="padded")
    yield "qwen2 full, packed", Case("qwen2", CPU, layout="packed", rows=1, length=256)
    yield "llama LoRA", Case("llama", CPU, "lora")
    yield "llama LoRA, bf16 with dropout", Case("llama", CPU, "lora", 0.1, SHORT)
    yield "llama LoRA, checkpointing", Case("llama", AGAIN, "lora", dtype=SHORT)
    yield "mistral DoRA", Case("mistral", CPU, "dora")
    yield "llama QLoRA", Case("llama", CPU, "qlora", dtype=SHORT)
    yield "qwen3 QLoRA, checkpointing", Case("qwen3", AGAIN, "qlora", dtype=SHORT)
    yield "qwen2 LoRA, autocast", Case("qwen2", replace(ANEW, autocast=SHORT), "lora", 0.1, length=384)
    yield "qwen2 QLoRA, dropout", Case("qwen2", ANEW, "qlora", 0.1, SHORT, length=256)
    for family, changes in VISION.items():
        yield f"{family} full", Case(family, CPU, images=1, changes=changes)
    yield "qwen2_5_vl LoRA, tower frozen", Case("qwen2_5_vl", AGAIN, "lora", images=2, changes=VISION["qwen2_5_vl"])
    yield "llava, tower frozen", Case("llava", CPU, images=1, frozen=("vision_tower",), changes=VISION["llava"])


def worlds() -> Iterator[tuple[str, Case, World]]:
    """Configurations of FSDP 2, traced and run with real tensors on a process group that answers at once."""
    yield "llama FSDP of 2", Case("llama", CPU), World(2)
    yield "qwen2 FSDP of 4, checkpointing, bf16 over fp32", Case("qwen2", replace(ANEW, clip=1.0)), World(4, SHORT, torch.float32)
    yield "mistral FSDP of 8, kept after forward", Case("mistral", CPU), World(8, SHORT, reshard=False)
    yield "qwen3 FSDP of 2, SGD, checkpointing", Case("qwen3", replace(ANEW, optimizer="sgd")), World(2)


def main() -> int:
    """Runs the cases and prints the table of results/trace.md; returns 1 where one is off by more than 0.5 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filter", default="", help="only cases whose name holds this")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    errors: list[float] = []
    failed = 0
    print("| case | traced | measured | error |\n| --- | ---: | ---: | ---: |")
    started = time.perf_counter()
    for name, case, world in [*((name, case, None) for name, case in cases()), *worlds()]:
        if asked.filter in name:
            try:
                outcome = compare(case, world)
            except Exception as error:  # one family that a release builds otherwise must not hide the others
                print(f"| {name} | failed: {type(error).__name__}: {str(error)[:120]} | | |", flush=True)
                failed += 1
                continue
            errors.append(outcome.error)
            print(f"| {name} | {outcome.traced:,} | {outcome.measured:,} | {outcome.error:+.3%} |", flush=True)
    worst = max(map(abs, errors))
    print(
        f"\n{len(errors)} cases, median {statistics.median(map(abs, errors)):.3%}, worst {worst:.3%}, {time.perf_counter() - started:.0f} s"
    )
    return int(worst > 0.005 or failed > 0)


if __name__ == "__main__":
    sys.exit(main())
