"""The trace held against a real step on the CPU, on tiny models: what shows that private interfaces still mean what they did.

`python -m lintune.dryrun.trace.selftest` runs a few; `benchmarks/trace.py` many more.
"""

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lintune.dryrun.quantised import QuantisedLinear, not_converted, quantise
from lintune.dryrun.trace.fsdp import World, fake_world, shard, trace_fsdp
from lintune.dryrun.trace.history import find_peak
from lintune.dryrun.trace.inputs import pictures_of, token_kinds
from lintune.dryrun.trace.measure import measure_step
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.step import Batch, trace_step

TOLERANCE = 0.005
"""How far the traced peak may be from the measured one."""
_TEXT: dict[str, Any] = {
    "vocab_size": 1000, "hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 512, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A small configuration that runs for real."""

    family: str
    plan: Plan
    adapter: str = ""
    """Empty, `lora`, `dora` or `qlora`."""
    dropout: float = 0.0
    dtype: torch.dtype = torch.float32
    rows: int = 2
    length: int = 128
    layout: str = ""
    """Empty, `padded` or `packed`."""
    images: int = 0
    frozen: tuple[str, ...] = ()
    """Words in the names of parameters that are not trained."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Values of the config that are not the usual small ones."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Bytes at the peak."""

    traced: int
    measured: int

    @property
    def error(self) -> float:
        """Of the trace, as a share of what was measured."""
        return self.traced / self.measured - 1


def compare(case: Case, world: World | None = None) -> Outcome:
    """Traces a case and runs it; both as a rank of a world that is not there, where one is given."""
    with torch.device("meta"):
        shape = build(case)
    make = lambda: batch_of(shape, case)  # noqa: E731
    traced = trace_step(shape, make, case.plan) if world is None else trace_fsdp(shape, make, case.plan, world)
    with fake_world(world.ranks) if world is not None else nullcontext():
        real = build(case)
        if world is not None:
            shard(real, world)
        measured = measure_step(real, lambda: batch_of(real, case), case.plan)
    return Outcome(find_peak(traced.log, rounding=1).size, measured)


def build(case: Case) -> Any:
    """The case's model on the device that is in force."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    auto = AutoModelForImageTextToText if case.images else AutoModelForCausalLM
    attention = "eager" if case.plan.attention == "eager" else "sdpa"
    model = auto.from_config(config_of(case), dtype=case.dtype, attn_implementation=attention)
    for name, parameter in model.named_parameters():
        if any(word in name for word in case.frozen):
            parameter.requires_grad_(False)
    if not case.adapter:
        return model
    import peft

    if case.adapter == "qlora":
        quantise(model, 4, True, not_converted(model))
        for module in model.modules():
            if isinstance(module, QuantisedLinear):
                module.compute_dtype = torch.bfloat16
    targets = r".*(language_model|layers).*\.(q_proj|v_proj|down_proj)" if case.images else ["q_proj", "v_proj", "down_proj"]
    adapter = peft.LoraConfig(
        r=8, target_modules=targets, lora_dropout=case.dropout, use_dora=case.adapter == "dora", task_type="CAUSAL_LM"
    )
    return peft.get_peft_model(model, adapter)


def config_of(case: Case) -> Any:
    """The small config of a family."""
    from transformers import CONFIG_MAPPING

    kind = CONFIG_MAPPING[case.family]
    if not case.images:
        return kind(**{**_TEXT, **case.changes})
    changes = dict(case.changes)
    text, vision = {**_TEXT, **changes.pop("text_config", {})}, changes.pop("vision_config", {})
    return kind(text_config=text, vision_config=vision, **changes)


def batch_of(model: Any, case: Case) -> Batch:
    """The case's batch: real pixels for a real model."""
    ids = torch.ones(case.rows, case.length, dtype=torch.long) * 5
    batch: dict[str, Tensor] = {"input_ids": ids}
    if case.layout == "packed":
        batch["position_ids"] = (torch.arange(case.length) % (case.length // 2)).repeat(case.rows, 1)
    if case.layout == "padded":
        mask = torch.ones_like(ids)
        mask[0, case.length // 2 :] = 0
        batch["attention_mask"] = mask
    if case.images:
        shown = pictures_of(model.config, case.images, 64)
        assert shown is not None, case.family
        shown.put_into(ids)
        batch |= token_kinds(model.config, ids, shown.token)
        meta = next(model.parameters()).is_meta
        for name, tensor in shown.tensors.items():
            whole = tensor if meta or not tensor.is_meta else torch.ones(tensor.shape)
            batch[name] = whole.repeat(case.rows, *[1] * (tensor.dim() - 1))
    return {**batch, "labels": ids.clone()}


QUICK = (
    Case("llama", Plan(attention="eager", kernel="cpu")),
    Case("llama", Plan(kernel="cpu", checkpointing="reentrant", optimizer="adamw_torch_fused", clip=1.0), "lora", dtype=torch.bfloat16),
    Case("llama", Plan(kernel="cpu", checkpointing="non-reentrant", optimizer="sgd", autocast=torch.bfloat16), length=256),
)


def run() -> int:
    """Runs the quick cases; returns how many are off."""
    torch.set_num_threads(1)
    off = 0
    for case in QUICK:
        outcome = compare(case)
        off += abs(outcome.error) > TOLERANCE
        sys.stdout.write(f"{case.family} {case.adapter or 'full'}: traced {outcome.traced:,}, measured {outcome.measured:,} B\n")
    outcome = compare(QUICK[0], World(2))
    sys.stdout.write(f"FSDP 2 of two ranks: traced {outcome.traced:,}, measured {outcome.measured:,} B\n")
    return off + (abs(outcome.error) > TOLERANCE)


if __name__ == "__main__":
    status = run()
    sys.stdout.flush()
    os._exit(status)
