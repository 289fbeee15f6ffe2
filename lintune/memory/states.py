"""Gradients, master weights and optimizer states, by what is trained and how it is sharded.

* Gradients have the type of their parameter; DDP keeps a bucket copy of all of them (torch DDP, gradient_as_bucket_view=False).
* DeepSpeed keeps fp32 master weights and fp32 states of what it trains in 16 bits; ZeRO divides them from stage 1, gradients from stage 2.
* States by optimizer: `lintune.memory.optimizers`.
"""

from lintune.memory.constants import constants
from lintune.memory.optimizers import entry_of, is_layerwise, largest_parameter, state_bytes, step_bytes
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


def states_of(setting: Setting, what: Trained) -> States:
    """The states of one GPU."""
    mixed = setting.stage is not None and setting.element == 2
    split = setting.shards if setting.fsdp or (setting.stage or 0) >= 1 else 1
    grad_split = setting.shards if setting.fsdp or (setting.stage or 0) >= 2 else 1
    adapter, full = adapter_element(setting), setting.element
    gradients = _gradient_bytes(setting, what, adapter, full) // setting.tensor // grad_split
    ddp = setting.stage is None and not setting.fsdp and setting.shards > 1
    if mixed:
        master = 4 * what.total // setting.tensor // split
        states = int(state_bytes(setting, what, 4, 4)) // setting.tensor // split
    else:
        master = 0
        states = int(state_bytes(setting, what, adapter, full)) // setting.tensor // split
    of = f" / {split}" if split > 1 else ""
    step = _step(setting, what, mixed, split)
    paged = bool(entry_of(setting).get("paged"))
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


def tied_gradient(setting: Setting) -> Part:
    """What adding up the two parts of a tied matrix's gradient takes at the end of the backward pass: the embedding's part and the sum.

    Traced with transformers' models; torchtune's published figures leave no room for it.
    """
    tied = setting.model.tied and setting.trains("embed") and not setting.profile.own_code
    if not tied or setting.stage is not None or setting.fsdp or is_layerwise(setting):
        return Part("step", 0, "")
    size = 2 * setting.model.embed * setting.element
    return Part("step", size, f"2 x {setting.element} B x {setting.model.embed:,}: parts of the tied embedding's gradient")


def _gradient_formula(what: Trained, adapter: int, full: int, split: int, ddp: bool) -> str:
    pieces = [f"{adapter} B x {what.adapters:,} LoRA"] if what.adapters else []
    others = what.copies + what.inside
    pieces += [f"{full} B x {others:,} trained in full"] if others else []
    return " + ".join(pieces) + (f" / {split}" if split > 1 else "") + (", and DDP's bucket copy" if ddp else "")


def _step(setting: Setting, what: Trained, mixed: bool, split: int) -> Part:
    """What the optimizer allocates while it steps."""
    constant = constants()["constants"]
    if mixed:
        entry, profile = entry_of(setting), setting.profile
        copies = float(entry.get("step", 0)) * profile.step_copies if entry.get("foreach") and not profile.fused_step else 0.0
        each = float(constant["deepspeed_step"]["value"]) + 4 * copies
        count = what.total // setting.tensor // split
        count = min(count, int(constant["zero_sub_group"]["value"])) if setting.stage == 3 else count
        return Part("step", int(each * count), f"{each:g} B x {count:,} stepped at once: fp32 gradients, copies of the optimizer")
    size = step_bytes(setting, what, adapter_element(setting), setting.element) // setting.tensor // split
    return Part("step", size, f"temporaries of {setting.optimizer} while it steps")


def _gradient_bytes(setting: Setting, what: Trained, adapter: int, full: int) -> int:
    """All gradients of one copy; of one parameter where each is used as it comes, of one block where one is trained at a time."""
    inside = what.copies + what.inside
    if is_layerwise(setting):
        inside = min(inside, largest_parameter(setting))
    elif entry_of(setting).get("block"):
        inside = 2 * inside // max(1, setting.model.llm.depth)  # fp32 gradients of the block, twice an element of 16 bits
    return what.adapters * adapter + inside * full
