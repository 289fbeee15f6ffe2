"""Weights and what is trained of them, in parameters and bytes.

* 16-bit and 32-bit weights: element size x parameters; a tied head is stored once.
* bitsandbytes 4-bit (QLoRA, arXiv 2305.14314): 0.5 B per weight and a 4 B scale per block of 64, with double quantisation a 1 B scale
  per block and 4 B per 256 of them; linear layers only, the output head stays 16-bit (transformers `get_keys_to_not_convert`).
* LLM.int8: 1 B per weight and 4 B per row; GPTQ and AWQ: 0.5 B and 2.5 B per group of 128.
* prepare_model_for_kbit_training casts the rest to fp32 for bitsandbytes (peft/utils/other.py).
"""

from lintune.memory.constants import constants
from lintune.memory.setting import Part, Setting
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Trained:
    """Trainable parameters of a run."""

    adapters: int
    copies: int
    """Saved copies beside the originals."""
    inside: int
    """Trained in place."""
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return self.adapters + self.copies + self.inside


def part_params(setting: Setting) -> dict[str, int]:
    """Parameters of each part."""
    model = setting.model
    return {
        "llm": model.llm.params,
        "embed": model.embed,
        "lm_head": model.head_params,
        "vision": model.vision_params,
        "projector": model.projector_params,
        "others": model.other_params,
    }


def trained(setting: Setting) -> Trained:
    """What is trained."""
    parts: dict[str, int] = {}
    inside = copies = 0
    for name, params in part_params(setting).items():
        mode = setting.modes.get(name, "frozen")
        if name == "llm" and setting.layers_trained and "full" in mode:
            params = _some_layers(setting)
            inside += params
        elif "full" in mode:
            inside += params
        elif "saved_copy" in mode:
            copies += setting.model.head if name == "lm_head" else params
        else:
            continue
        parts[name] = params
    adapters = 0
    for target in setting.targets:
        added = setting.rank * target.fans + (target.times * target.linear.fan_out if setting.dora else 0)
        adapters += added
        parts[target.part] = parts.get(target.part, 0) + added
    return Trained(adapters, copies, inside, parts)


def _some_layers(setting: Setting) -> int:
    """Parameters of the layers that are trained: the last ones."""
    left, found = setting.layers_trained, 0
    for layer in reversed(setting.model.llm.layers):
        count = min(left, layer.count)
        found, left = found + count * layer.params, left - count
    return found


def total_params(setting: Setting, what: Trained) -> int:
    """All parameters, as `model.parameters()` counts after PEFT."""
    return setting.model.params + what.adapters + what.copies


def base_bytes(setting: Setting) -> Part:
    """Bytes of the base weights of one full copy, adapters left out."""
    model, params = setting.model, setting.model.params
    if setting.profile.untied and model.tied:
        params += model.head
    if not setting.quant:
        return Part("weights", params * setting.element, f"{setting.element} B x {params:,} parameters")
    each = constants()["quantised"][setting.quant]
    linear = model.llm.linear_elements
    if setting.quant in ("nf4", "nf4-dq", "int8"):
        linear += (model.vision.stack.linear_elements if model.vision else 0) + sum(linear.matrix for linear in model.projector)
    if setting.whole_experts:
        experts = ((layer.count, each) for layer in model.llm.layers for each in layer.linears if each.copies > 1 and not each.stacked)
        linear -= sum(count * each.matrix for count, each in experts)
    rest = 4 if setting.profile.upcast and setting.quant in ("nf4", "nf4-dq", "int8") else setting.element
    size = int(linear * each + (params - linear) * rest)
    return Part("weights", size, f"{each:.4g} B x {linear:,} quantised + {rest} B x {params - linear:,} others")


def added_bytes(setting: Setting, what: Trained) -> Part:
    """Bytes of adapters and saved copies."""
    adapter, copy = adapter_element(setting), setting.element
    size = what.adapters * adapter + what.copies * copy
    return Part(
        "adapters", size, f"{adapter} B x {what.adapters:,} LoRA" + (f" + {copy} B x {what.copies:,} copied" if what.copies else "")
    )


def adapter_element(setting: Setting) -> int:
    """Bytes of a LoRA weight: DeepSpeed casts them to the type of the model."""
    return setting.element if setting.stage is not None else setting.profile.adapter_bytes
