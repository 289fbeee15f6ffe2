"""The closed form beside a traced step, on a grid of models, modes, checkpointing and attention: `python benchmarks/memory_trace.py`.

No measured figure is in it: the trace runs the real model code of transformers and PEFT without values (the dry-run extra), so that
what differs is the closed form's. Prints allocated bytes of both for each case, and a summary; `--models` takes a part of the grid.
"""

import argparse
import statistics
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.dryrun.problem import DryRunProblem  # noqa: E402
from lintune.dryrun.protocol import Request  # noqa: E402
from lintune.dryrun.trace.run import trace_request  # noqa: E402
from lintune.memory.estimate import estimate  # noqa: E402

GIB = 2**30
MODELS = (
    "meta-llama/Llama-2-7b-hf", "meta-llama/Llama-3.2-1B", "meta-llama/Meta-Llama-3-8B", "Qwen/Qwen2.5-1.5B", "Qwen/Qwen3-4B",
    "mistralai/Mistral-7B-v0.1", "google/gemma-2b", "google/gemma-2-2b", "google/gemma-3-1b-it", "microsoft/phi-2",
    "microsoft/Phi-3-mini-4k-instruct", "EleutherAI/pythia-1.4b", "facebook/opt-1.3b", "allenai/OLMo-2-0425-1B",
    "stabilityai/stablelm-3b-4e1t", "bigcode/starcoder2-3b", "tiiuae/falcon-7b", "gpt2", "Qwen/Qwen1.5-MoE-A2.7B", "Qwen/Qwen3-30B-A3B",
    "mistralai/Mixtral-8x7B-v0.1", "openai/gpt-oss-20b", "LiquidAI/LFM2-350M", "HuggingFaceTB/SmolLM2-1.7B",
    "Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2-VL-7B-Instruct", "llava-hf/llava-1.5-7b-hf",
)  # fmt: skip
MODES: dict[str, dict[str, Any]] = {
    "full": {"tune.llm.mode": "full"},
    "lora q v": {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 16, "adapter.targets": "q_proj,v_proj"},
    "lora all": {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 16, "adapter.targets": "all-linear"},
    "qlora": {
        "tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 16, "adapter.targets": "all-linear",
        "model.quant.method": "bnb", "model.quant.bits": 4, "model.quant.type": "nf4",
    },
}  # fmt: skip
_LORA: dict[str, Any] = MODES["lora q v"]
MODES |= {
    "dora": {**_LORA, "adapter.kind": "dora"},
    "dropout": {**MODES["lora all"], "adapter.dropout": 0.05},
    "saved ends": {**_LORA, "adapter.modules_to_save": ["embed_tokens", "lm_head"]},
    "fp32 mixed": {"tune.llm.mode": "full", "model.load_dtype": "fp32"},
    "lora fp32": {**_LORA, "model.load_dtype": "fp32"},
    "accumulated": {"tune.llm.mode": "full", "batch.accum": 4, "batch.micro": 4},
    "8-bit adam": {"tune.llm.mode": "full", "optim.name": "adamw_bnb_8bit", "batch.micro": 4},
    "liger": {**_LORA, "mem.liger": True, "batch.micro": 8},
    "padded": {**_LORA, "batch.packing": False, "batch.micro": 4},
    "sgd": {"tune.llm.mode": "full", "optim.name": "sgd", "batch.micro": 4},
}
BASE: dict[str, Any] = {
    "launch.nproc": 1, "model.load_dtype": "bf16", "precision.compute": "bf16", "optim.name": "adamw_torch", "seq.max_len": 1024,
    "batch.micro": 1, "batch.packing": True, "adapter.dropout": 0.0,
}  # fmt: skip


def cases(models: tuple[str, ...]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, framework and values of each case."""
    for model in models:
        for mode, values in MODES.items():
            for checkpoint in (True, False):
                for attention in ("flash_attention_2", "eager"):
                    if mode == "qlora" and not checkpoint:
                        continue
                    found = {**BASE, **values, "model.id": model, "mem.ckpt_llm": checkpoint, "model.attn": attention}
                    yield f"{model.rpartition('/')[2]} {mode} {'ckpt' if checkpoint else 'all'} {attention[:5]}", "hf-trainer", found


def compare(framework: str, values: dict[str, Any]) -> tuple[int, int]:
    """Allocated bytes: traced and closed."""
    outcome = trace_request(Request(action="trace", values=values, framework=framework))
    return outcome.figures.allocated, estimate(outcome.setting).allocated


def main() -> int:
    """Prints the grid; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="", help="names that are looked for, with commas")
    parser.add_argument("--modes", default="", help="modes that are taken, with commas")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    wanted = tuple(model for model in MODELS if not asked.models or any(part in model for part in asked.models.split(",")))
    errors: list[float] = []
    for name, framework, values in cases(wanted):
        if asked.modes and not any(f" {mode} " in name for mode in asked.modes.split(",")):
            continue
        try:
            traced, closed = compare(framework, values)
        except (DryRunProblem, RuntimeError, ValueError, KeyError, AttributeError, TypeError, IndexError, NotImplementedError) as problem:
            print(f"{name:<60} no trace: {str(problem)[:100]}", flush=True)
            continue
        errors.append(closed / traced - 1)
        print(f"{name:<60} traced {traced / GIB:7.2f} GiB  closed {closed / GIB:7.2f} GiB  {errors[-1]:+6.1%}", flush=True)
    sizes = sorted(map(abs, errors))
    if sizes:
        within, p90 = sum(size <= 0.10 for size in sizes) / len(sizes), sizes[int(0.9 * (len(sizes) - 1))]
        print(
            f"{len(sizes)} cases: median {statistics.median(sizes):.1%}, p90 {p90:.1%}, largest {sizes[-1]:.1%}, within 10 %: {within:.0%}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
