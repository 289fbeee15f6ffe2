"""The ZeRO overlay of the tracer beside DeepSpeed itself, two processes on the CPU.

    DS_BUILD_OPS=0 pip install deepspeed
    torchrun --nproc_per_node 2 benchmarks/trace_deepspeed.py --stage 2 [--lora] [--accumulate 2]

Rank 0 prints the most bytes that its allocator had given out over two steps (events of torch's profiler), and the traced peak. The first
run takes minutes, since DeepSpeed builds its communication kernel. `torchrun`, since `accelerate launch --cpu` silently runs one process.
"""

import argparse
import gc
import os
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DS_ACCELERATOR", "cpu")

import torch  # noqa: E402

from lintune.dryrun.trace.history import find_peak  # noqa: E402
from lintune.dryrun.trace.overlay import Sharding, overlay  # noqa: E402
from lintune.dryrun.trace.plan import Plan  # noqa: E402
from lintune.dryrun.trace.step import trace_step  # noqa: E402

BUCKET = 1_000_000
SHAPE = {"vocab_size": 2000, "hidden_size": 256, "intermediate_size": 688, "num_hidden_layers": 6, "num_attention_heads": 8}


def build(lora: bool) -> Any:
    """A small Llama in bf16 on the device in force."""
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM._from_config(LlamaConfig(**SHAPE, tie_word_embeddings=False), dtype=torch.bfloat16)
    if lora:
        import peft

        model = peft.get_peft_model(model, peft.LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    return model.train()


def batch() -> dict[str, torch.Tensor]:
    """Two rows of 256 tokens."""
    ids = torch.ones(2, 256, dtype=torch.long)
    return {"input_ids": ids, "labels": ids}


def traced(asked: argparse.Namespace, ranks: int) -> int:
    """The overlay's peak."""
    with torch.device("meta"):
        model = build(asked.lora)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    log = trace_step(model, batch, Plan(kernel="cpu", optimizer="lomo", steps=2 if asked.stage == 3 else 1)).log
    sharding = Sharding(ranks, asked.stage, bucket=BUCKET, accumulates=asked.accumulate > 1, prefetch=58_982)
    return find_peak(overlay(log, sharding), rounding=1).size


def measured(asked: argparse.Namespace) -> int:
    """The real peak of this rank, from before the model is made."""
    import deepspeed

    config = {
        "train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": asked.accumulate, "bf16": {"enabled": True},
        "gradient_clipping": 1.0, "zero_allow_untested_optimizer": True, "steps_per_print": 10**9,
        "zero_optimization": {
            "stage": asked.stage, "reduce_bucket_size": BUCKET, "allgather_bucket_size": BUCKET, "overlap_comm": False,
            "contiguous_gradients": True, "stage3_prefetch_bucket_size": 58_982, "stage3_param_persistence_threshold": 2560,
        },
    }  # fmt: skip
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        model = build(asked.lora)
        optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], foreach=True)
        engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
        for _ in range(2 * asked.accumulate):
            gc.collect()
            loss = engine(**batch(), use_cache=False).loss
            engine.backward(loss)
            del loss
            engine.step()
    events = profile.profiler.kineto_results.events()
    size = peak = 0
    for _, change in sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"):
        size += change
        peak = max(peak, size)
    return peak


def main() -> None:
    """Measures on all ranks, traces on the first."""
    import deepspeed
    import torch.distributed as dist

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", type=int, default=2)
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--accumulate", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    deepspeed.init_distributed("gloo")
    real = measured(asked)
    if dist.get_rank() == 0:
        peak = traced(asked, dist.get_world_size())
        print(f"stage {asked.stage}: traced {peak:,}, measured {real:,}, error {peak / real - 1:+.3%}")
    dist.barrier()
    dist.destroy_process_group()  # without it processes abort at their exit


if __name__ == "__main__":
    main()
