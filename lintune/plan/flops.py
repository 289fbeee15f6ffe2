"""Floating-point operations of a training step, per sample.

* a matrix of P weights takes 2 P per token forward, 2 P for the gradient of its input, 2 P for that of its weights: 6 N D in all for a
  model trained in full (Kaplan et al., arXiv 2001.08361, section 2.1); a frozen matrix takes no third part, and what stands before
  everything that is trained no second one
* causal attention over S tokens takes 2 S q per token and layer forward (scores and their product with the values, half of them masked;
  arXiv 2204.02311, appendix B, counts them unmasked), twice that backward
* gradient checkpointing does the forward pass of the layers again
* LoRA of rank r takes 2 r (in + out) forward, three times that in all
"""

from lintune.memory.setting import Setting
from lintune.models.shapes import Layer, Stack
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Operations for one sample on whatever computes it."""

    forward: float
    backward: float
    again: float
    """The forward pass that gradient checkpointing repeats."""

    @property
    def total(self) -> float:
        """All of them."""
        return self.forward + self.backward + self.again


def passed(layer: Layer) -> int:
    """Weights of the matrices that a token passes in a layer: of the experts only those it is sent to."""
    return sum(
        linear.fan_in * linear.fan_out * (min(layer.experts, linear.copies) if linear.copies > 1 and layer.experts else linear.copies)
        for linear in layer.linears
    )


def work_of(setting: Setting, length: int | None = None) -> Work:
    """Operations of one sample of `length` tokens (the longest where not said), images included."""
    tokens = length or setting.length
    model = setting.model
    llm, head = _stack(model.llm, tokens, causal=True), 2.0 * model.head
    trained = setting.trains("llm")
    adapted = 2.0 * setting.rank * sum(target.fans for target in setting.targets if target.part != "vision")
    flows = trained or bool(adapted) or setting.trains("embed") or setting.trains("projector") or vision_trained(setting)
    backward = (llm if flows else 0.0) + (_weights(model.llm) if trained else 0.0)
    backward += _attention(model.llm, tokens, causal=True) if flows else 0.0
    backward += (head if flows or setting.trains("lm_head") else 0.0) + (head if setting.trains("lm_head") else 0.0) + 2 * adapted
    again = llm + adapted if setting.checkpoint and flows else 0.0
    vision = _vision(setting)
    return Work(
        tokens * (llm + head + adapted) + vision.forward,
        tokens * backward + vision.backward,
        tokens * again + vision.again,
    )


def _weights(stack: Stack) -> float:
    return 2.0 * sum(layer.count * passed(layer) for layer in stack.layers)


def _attention(stack: Stack, tokens: float, causal: bool) -> float:
    """Forward, per token."""
    return (2.0 if causal else 4.0) * tokens * sum(layer.count * layer.queries for layer in stack.layers)


def _stack(stack: Stack, tokens: float, causal: bool) -> float:
    """Forward pass of a stack, per token."""
    return _weights(stack) + _attention(stack, tokens, causal)


def vision_trained(setting: Setting) -> bool:
    """Whether gradients flow into the vision tower: it is trained, or has LoRA."""
    return setting.trains("vision") or any(target.part == "vision" for target in setting.targets)


def _vision(setting: Setting) -> Work:
    """The images of one sample through the vision tower."""
    vision = setting.model.vision
    if vision is None or not setting.patches:
        return Work(0.0, 0.0, 0.0)
    patches = setting.patches / setting.micro
    around = setting.patches / max(1, setting.images)
    forward = patches * _stack(vision.stack, around, causal=False)
    if not vision_trained(setting):
        return Work(forward, 0.0, 0.0)
    backward = forward + patches * (_weights(vision.stack) if setting.trains("vision") else 0.0)
    return Work(forward, backward, forward if setting.checkpoint_vision else 0.0)
