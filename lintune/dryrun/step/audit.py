"""What a step really did: which weights have a gradient, which changed, whether everything is finite."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lintune.dryrun.parts import plain_name


@dataclass(slots=True)
class Audit:
    """The findings of a step; names are grouped by module."""

    trainable: int = 0
    """Parameters (tensors) that should be trained."""
    without_gradient: list[str] = field(default_factory=list)
    """Trainable ones that never got a gradient."""
    idle: set[str] = field(default_factory=set)
    """The same, by their full names."""
    unchanged: list[str] = field(default_factory=list)
    """Trainable ones that are the same after the steps, for no reason that numbers explain."""
    rounded_away: list[str] = field(default_factory=list)
    """Trainable ones in 16 bits whose gradient was there, but whose change is less than their type can hold."""
    moved: list[str] = field(default_factory=list)
    """Frozen ones that changed."""
    not_finite: list[str] = field(default_factory=list)
    """Trainable ones with a gradient that is not finite."""
    not_in_optimizer: list[str] = field(default_factory=list)
    """Trainable ones that the optimizer does not hold."""


class Watch:
    """Remembers every weight before the steps, and looks at the gradients before the optimizer does."""

    def __init__(self, model: nn.Module) -> None:
        self._before = {name: checksum(parameter) for name, parameter in model.named_parameters()}
        self._trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
        self._graded: set[str] = set()
        self._not_finite: set[str] = set()
        self._looked = False

    def look(self, model: nn.Module) -> None:
        """Take down which weights have a gradient now."""
        self._looked = True
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                self._graded.add(name)
                local = getattr(parameter.grad, "_local_tensor", parameter.grad)
                if not bool(torch.isfinite(local).all()):
                    self._not_finite.add(name)

    def audit(self, model: nn.Module, optimizer: Any, counts: Callable[[str], bool]) -> Audit:
        """Compare with the weights as they are now; `counts`: whether a parameter's part was reached by the batch at all.

        Gradients that nobody could look at (a sharding engine holds them) are left out.
        """
        after = {name: checksum(parameter) for name, parameter in model.named_parameters()}
        changed = {name for name, before in self._before.items() if name in after and before != after[name]}
        expected = {name for name in self._trainable if counts(name)}
        found = Audit(len(self._trainable))
        found.moved = grouped(changed - self._trainable, set(self._before) - self._trainable)
        if self._looked and self._graded:
            found.without_gradient = missing(expected, self._graded)
            found.idle = expected - self._graded
            found.not_finite = grouped(self._not_finite, self._trainable)
        fine = {name for name, parameter in model.named_parameters() if parameter.element_size() > 2}
        rounded = {name for name in expected - changed if name in self._graded - fine}
        found.rounded_away = grouped(rounded, expected)
        found.unchanged = missing(expected - rounded - (found.idle if self._graded else set()), changed)
        held = {id(parameter) for group in getattr(optimizer, "param_groups", ()) for parameter in group["params"]}
        if held:
            named = dict(model.named_parameters())
            found.not_in_optimizer = grouped({name for name in self._trainable if id(named[name]) not in held}, self._trainable)
        return found


def checksum(tensor: Tensor) -> tuple[int, ...]:
    """Sums over the bits of a tensor, in whole numbers that wrap around, so that no change is lost to rounding; empty without data."""
    local = getattr(tensor, "_local_tensor", tensor)
    if local.is_meta or not local.numel():
        return ()
    octets = local.detach().contiguous().flatten().view(torch.uint8)
    whole = octets.numel() // 8 * 8
    eights = octets[:whole].view(torch.int64)
    return int(eights.sum()), int(eights[::3].sum()), int(octets[whole:].sum())


def missing(expected: set[str], found: set[str]) -> list[str]:
    """What is expected and was not found. Single experts may get no token: they count only where none of their kind was found."""
    seen = {kind_of(name) for name in found}
    return grouped({name for name in expected - found if ".experts." not in name or kind_of(name) not in seen}, expected)


def grouped(names: set[str], among: set[str]) -> list[str]:
    """Names in short: equal tensors of all layers as `*`; of single layers, the layer."""
    whole = {kind for kind in map(kind_of, names) if all(name in names for name in among if kind_of(name) == kind)}
    return sorted({kind_of(name) if kind_of(name) in whole else _layer_of(name) for name in names})


def kind_of(name: str) -> str:
    """The name of a tensor with layer numbers as `*`, without PEFT's wrappers."""
    plain = plain_name(name) if "lora_" not in name else name.removeprefix("base_model.model.")
    return ".".join("*" if word.isdecimal() else word for word in plain.split("."))


def _layer_of(name: str) -> str:
    """The name up to the number of the layer."""
    words = name.removeprefix("base_model.model.").split(".")
    last = max((at for at, word in enumerate(words) if word.isdecimal()), default=len(words) - 1)
    return ".".join(words[: last + 1])
