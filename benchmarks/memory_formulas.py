"""Published rules of thumb for training memory, as functions of a row's facts, in bytes. Each names its source.

None of them knows LoRA, quantised bases or activations where it is not said; people apply them that way, so that they stand in the table.
"""

from collections.abc import Callable
from typing import Any

Job = dict[str, Any]
GB = 10**9


def deepspeed_zero2(job: Job) -> float:
    """`estimate_zero2_model_states_mem_needs` without offload on one GPU: 2 P + 18 P / N and no activations.

    deepspeed/runtime/zero/stage_1_and_2.py.
    """
    return 20.0 * job["params"] if job["mode"] == "full" else 2.0 * job["params"] + 18.0 * job["trained"]


def deepspeed_zero3(job: Job) -> float:
    """`estimate_zero3_model_states_mem_needs` without offload: 18 P / N + 4 x the largest layer (deepspeed/runtime/zero/stage3.py)."""
    return 18.0 * job["params"] + 4.0 * job["largest_layer"]


def accelerate_memory(job: Job) -> float:
    """`accelerate estimate-memory`, training with Adam: four times the model in 16 bits (accelerate/commands/estimate.py)."""
    return 4 * 2.0 * job["params"]


def llamafactory_table(job: Job) -> float:
    """The table of LLaMA-Factory's README: 18 GB per billion in full, 8 in pure 16 bits, 2 with LoRA, 1 with 8 bits, 0.5 with 4 bits."""
    each = 18.0 if job["mode"] == "full" else 0.5 if job["quant"] else 2.0
    return each * job["params"] / 10**9 * GB


def eleutherai(job: Job) -> float:
    """EleutherAI cookbook calc_transformer_mem.py: 2 P weights, 4 P gradients, 12 P states, activations of Korthikanti et al. (2205.05198).

    s b h L (34 + 5 a s / h) bytes without, 2 s b h L with checkpointing of every layer.
    """
    tokens, h = job["micro"] * job["length"], job["hidden"]
    states = 18.0 * job["params"]
    each = 2 * h if job["checkpoint"] else 34 * h + 5 * job["heads"] * job["length"]
    return states + tokens * each * job["layers"]


FORMULAS: dict[str, Callable[[Job], float]] = {
    "DeepSpeed ZeRO-2 states": deepspeed_zero2,
    "DeepSpeed ZeRO-3 states": deepspeed_zero3,
    "accelerate estimate-memory": accelerate_memory,
    "LLaMA-Factory's table": llamafactory_table,
    "EleutherAI's calculator": eleutherai,
}
