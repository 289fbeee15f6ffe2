"""Megatron's way: tensor, pipeline and expert parallelism with a distributed optimizer (megatron/core/optimizer/distrib_optimizer.py).

Per GPU with D other parameters / (tensor x pipeline) and E parameters of experts / (expert x pipeline):
weights 2 B, gradients 4 B (accumulated in fp32), and 12 B of fp32 weights and Adam states, divided over the data parallel ranks.
Other towers are not divided.
"""

from lintune.memory.setting import Part, Setting
from lintune.memory.states import States
from lintune.memory.weights import Trained
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Divided:
    """Parameters of the base model on one GPU."""

    dense: int
    experts: int
    others: int
    dense_ranks: int
    """Ranks that share the optimizer states of the dense part."""
    expert_ranks: int


def divided(setting: Setting) -> Divided:
    """How the model is divided."""
    model = setting.model
    experts = sum(layer.count * linear.params for layer in model.llm.layers for linear in layer.linears if linear.copies > 1)
    dense = model.llm.params - experts + model.embed + model.head_params
    others = model.vision_params + model.projector_params + model.other_params
    parts = setting.tensor * setting.pipeline
    return Divided(
        dense // parts,
        experts // (setting.expert * setting.pipeline),
        others,
        max(1, setting.world // (parts * setting.context)),
        max(1, setting.world // (setting.expert * setting.pipeline)),
    )


def megatron_weights(setting: Setting, what: Trained) -> tuple[Part, Part, int]:
    """Weights and adapters of one GPU."""
    each = divided(setting)
    size = 2 * (each.dense + each.experts + each.others)
    formula = f"2 B x ({each.dense:,} dense + {each.experts:,} of experts + {each.others:,} of other towers)"
    adapters = what.adapters // (setting.tensor * setting.pipeline * setting.expert)
    return Part("weights", size, formula), Part("adapters", 2 * adapters, f"2 B x {adapters:,} LoRA"), 0


def megatron_states(setting: Setting, what: Trained) -> States:
    """Gradients, fp32 weights and optimizer states of one GPU."""
    each = divided(setting)
    full = setting.trains("llm")
    dense, experts = (each.dense, each.experts) if full else (what.adapters // (setting.tensor * setting.pipeline * setting.expert), 0)
    others = each.others if setting.trains("vision") else 0
    sharded = (dense + others) // each.dense_ranks + experts // each.expert_ranks
    gradients = 4 * (dense + experts + others)
    on_gpu = not setting.offload_optimizer
    return States(
        Part("gradients", gradients, f"4 B x {dense + experts + others:,} trained on this GPU"),
        Part("master", 4 * sharded if on_gpu else 0, f"4 B x {sharded:,}"),
        Part("optimizer", 8 * sharded if on_gpu else 0, f"8 B x {sharded:,}: Adam"),
        Part("step", 0, ""),
        0 if on_gpu else 12 * sharded,
    )
