"""What MiniCPM-V's finetune.py really trains: modes of the parts, and parameters as PEFT counts them.

Read in finetune.py (OpenBMB/MiniCPM-V@0dbb566): the resampler is always trained; with LoRA everything else is frozen
and `embed_tokens`, `resampler` (and `vpm` with tune_vision) are trained as full copies beside the originals
(`modules_to_save`). OpenBMB/OmniLMM@08ae772 reaches the same set by switching gradients on after PEFT: no copies.
"""

from collections.abc import Mapping

from lintune.frameworks.inventory import PARTS, Module, Part
from lintune.frameworks.lora_targets import Targets
from lintune.source.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Tuning:
    """The flags that decide what is trained."""

    use_lora: bool
    tune_llm: bool
    tune_vision: bool
    copies: bool = True
    """Whether LoRA's full parts are saved copies (MiniCPM-V) or the originals (OmniLMM)."""

    @property
    def conflict(self) -> bool:
        """Whether the script refuses the combination."""
        return self.use_lora and self.tune_llm


def full_parts(tuning: Tuning) -> frozenset[Part]:
    """The parts of which every parameter is trained."""
    parts: set[Part] = {"projector"}
    if tuning.tune_vision:
        parts.add("vision")
    if tuning.use_lora:
        parts.add("embed")
    elif tuning.tune_llm:
        parts.update(("llm", "embed", "lm_head"))
    return frozenset(parts)


def modes(tuning: Tuning, lora_parts: frozenset[Part]) -> dict[Part, str]:
    """The mode of each part: frozen, full, lora, saved_copy, lora+full; `conflict` for the LLM where the script refuses."""
    full = full_parts(tuning)
    found: dict[Part, str] = {}
    for part in PARTS:
        names = ["lora"] if tuning.use_lora and part in lora_parts else []
        if part in full:
            names.append("saved_copy" if tuning.use_lora and tuning.copies else "full")
        found[part] = "+".join(names) or "frozen"
    if tuning.conflict:
        found["llm"] = "conflict"
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """Parameters of a run."""

    total: int
    """As `model.parameters()` counts after PEFT: originals, saved copies and LoRA."""
    trainable: int
    lora: int = 0
    copies: int = 0
    """Parameters of the saved copies (part of `trainable`)."""
    matrices: int = 0
    """Trainable elements in tensors of two or more dimensions: those that get weight decay, in one optimizer group."""
    by_part: Mapping[Part, int] = field(default_factory=dict)
    """Trainable parameters of each part."""


def count(modules: tuple[Module, ...], tuning: Tuning, targets: Targets, rank: int, bias: str = "none") -> Counts:
    """Total and trainable parameters; `bias` is PEFT's `bias` setting (`none`, `all`, `lora_only`)."""
    full = full_parts(tuning)
    copied = tuning.use_lora and tuning.copies
    matched = frozenset(module.name for module in targets.modules) if tuning.use_lora else frozenset()
    by_part: dict[Part, int] = dict.fromkeys(PARTS, 0)
    total = lora = copies = matrices = 0
    for module in modules:
        total += module.params
        if module.part in full and (tuning.use_lora or not module.frozen):
            by_part[module.part] += module.params
            matrices += module.matrix
            copies += module.params if copied else 0
        elif tuning.use_lora and (bias == "all" or (bias == "lora_only" and module.name in matched)):
            by_part[module.part] += module.bias
        if module.name in matched and module.fan:
            added = rank * sum(module.fan)
            lora += added
            by_part[module.part] += added
            matrices += added
    return Counts(total + lora + copies, sum(by_part.values()), lora, copies, matrices, by_part)
