"""Gradients, master weights and optimizer states, by what is trained and how it is sharded.

* Gradients have the type of their parameter; DDP keeps a bucket copy of all of them (torch DDP, gradient_as_bucket_view=False).
* DeepSpeed keeps fp32 master weights and fp32 states of what it trains in 16 bits; ZeRO divides them from stage 1, gradients from stage 2.
* 8-bit Adam: 1 B and a 4 B scale per 256 for each state; Adafactor: rows and columns; Muon: one state of the matrices.
"""

from lintune.memory.constants import constants
from lintune.memory.setting import Part, Setting
from lintune.memory.weights import Trained, adapter_element
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class States:
    """Bytes on one GPU."""

    gradients: Part
    master: Part
    optimizer: Part
    step: Part
    """What the optimizer step needs beside them."""
    host: int
    """Bytes in the memory of the machine, per GPU."""


def state_bytes(optimizer: str, element: int) -> float:
    """Bytes of optimizer states per trainable parameter whose states have `element` bytes; AdamW's where the name is not known."""
    table = constants()["optimizers"]
    entry = table.get(optimizer.lower(), table["adamw_torch"])
    return float(entry["fixed"]) + float(entry["per_element"]) * element


def states_of(setting: Setting, what: Trained) -> States:
    """The states of one GPU."""
    mixed = setting.stage is not None and setting.element == 2
    split = setting.shards if setting.fsdp or (setting.stage or 0) >= 1 else 1
    grad_split = setting.shards if setting.fsdp or (setting.stage or 0) >= 2 else 1
    adapter, full = adapter_element(setting), setting.element
    others = what.copies + what.inside
    gradients = (what.adapters * adapter + others * full) // setting.tensor // grad_split
    ddp = setting.stage is None and not setting.fsdp and setting.shards > 1
    if mixed:
        master = 4 * what.total // setting.tensor // split
        states = int(what.total * state_bytes(setting.optimizer, 4)) // setting.tensor // split
    else:
        master = 0
        states = int(what.adapters * state_bytes(setting.optimizer, adapter) + others * state_bytes(setting.optimizer, full))
        states = states // setting.tensor // split
    of = f" / {split}" if split > 1 else ""
    step = _step(setting, what, mixed, split)
    paged = "paged" in setting.optimizer
    host = states if paged else 0
    on_gpu = not setting.offload_optimizer
    if not on_gpu:
        host += master + states + gradients
    return States(
        Part(
            "gradients",
            gradients * (2 if ddp else 1) if on_gpu or setting.stage == 0 else 0,
            _gradient_formula(what, adapter, full, grad_split, ddp),
        ),
        Part("master", master if on_gpu else 0, f"4 B x {what.total:,} trainable{of}"),
        Part("optimizer", 0 if paged or not on_gpu else states, f"{setting.optimizer} of {what.total:,} trainable{of}"),
        step if on_gpu else Part("step", 0, "on the host"),
        host,
    )


def _gradient_formula(what: Trained, adapter: int, full: int, split: int, ddp: bool) -> str:
    pieces = [f"{adapter} B x {what.adapters:,} LoRA"] if what.adapters else []
    others = what.copies + what.inside
    pieces += [f"{full} B x {others:,} trained in full"] if others else []
    return " + ".join(pieces) + (f" / {split}" if split > 1 else "") + (", and DDP's bucket copy" if ddp else "")


def _step(setting: Setting, what: Trained, mixed: bool, split: int) -> Part:
    """What the optimizer allocates while it steps."""
    constant = constants()["constants"]
    if mixed:
        each = float(constant["deepspeed_step"]["value"])
        size = int(each * what.total) // setting.tensor // split
        return Part("step", size, f"{each:g} B x {what.total:,} trainable / {split}: fp32 gradients and updates of DeepSpeed's step")
    entry = constants()["optimizers"].get(setting.optimizer.lower(), {})
    each = 0.0 if setting.profile.fused_step else float(entry.get("step", 0.0))
    whole = what.adapters * adapter_element(setting) + (what.copies + what.inside) * setting.element
    largest = max(setting.model.head, setting.model.llm.largest_layer) * setting.element
    size = int(each * setting.profile.step_copies * (whole if entry.get("foreach") else min(whole, largest))) // setting.tensor // split
    return Part("step", size, f"{each:g} x {whole:,} B of trainable weights: temporaries of the optimizer's step")
