"""Trainable parameters of an adapter on an inventory, by PEFT's rules, without torch.

A list matches whole names or their ends after a dot, a text the whole name as an expression, `all-linear` every linear layer but the
output head (peft/tuners/tuners_utils.py). LoRA adds `rank x (in + out)` to a linear layer or embedding, `rank x (in x kernel + out)` to a
convolution; DoRA a magnitude per output (lora/layer.py, lora/dora.py). `modules_to_save` trains copies of whole modules.
"""

import re
from collections.abc import Iterable, Sequence

from lintune.models.inventories import Module
from lintune.models.parts import EMBEDS, HEADS, part_of_module
from lintune.models.targets import BadTarget, checked_expression
from lintune.source.record import dataclass

_LAYER = re.compile(r".*?\.[^.]*\.(\d+)\.")
_ADAPTED = ("linear", "conv1d", "embedding", "conv")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA-like adapter as PEFT is given it."""

    rank: int
    targets: str | tuple[str, ...]
    """Names, or one expression, or `all-linear`."""
    dora: bool = False
    saved: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    """Layers that it is limited to; empty: all."""
    bias: str = "none"


@dataclass(frozen=True, slots=True)
class AdapterCount:
    """What it trains."""

    adapter: int
    copies: int
    biases: int
    modules: tuple[str, ...]
    """Names of the adapted modules."""

    @property
    def trainable(self) -> int:
        """All trainable parameters."""
        return self.adapter + self.copies + self.biases


def count_adapter(modules: Sequence[Module], adapter: Adapter) -> AdapterCount:
    """The parameters that an adapter trains. Raises `BadTarget` for an expression that is none, or one that is too costly to try."""
    saved = [each for each in modules if any(_below(each.name, name) for name in adapter.saved)]
    inside = {each.name for each in saved}
    adapted = [each for each in _matched(modules, adapter) if each.kind in _ADAPTED and each.name not in inside]
    names = {each.name for each in adapted}
    biases = sum(
        _size(shape)
        for each in modules
        for name, shape in each.shapes
        if name == "bias" and (adapter.bias == "all" or (adapter.bias == "lora_only" and each.name in names))
    )
    copies = sum(each.params for each in saved)
    if any(name in HEADS for name in adapter.saved) and not any(map(is_head, modules)):
        copies += sum(each.params for each in modules if is_embedding(each))  # a tied head is copied too
    return AdapterCount(
        sum(_lora(each, adapter) for each in adapted), copies, biases, tuple(each.name for each in adapted)
    )  # fmt: skip


def _matched(modules: Sequence[Module], adapter: Adapter) -> Iterable[Module]:
    targets = adapter.targets
    if targets == "all-linear":
        return [each for each in modules if each.kind in ("linear", "conv1d") and not is_head(each)]
    if isinstance(targets, str):
        expression = checked_expression(targets)
        return [each for each in modules if expression.fullmatch(each.name)]
    found = [each for each in modules if any(_ends(each.name, name) for name in targets)]
    return [each for each in found if _layer(each.name) in adapter.layers] if adapter.layers else found


def is_head(module: Module) -> bool:
    """Whether a module is the output head."""
    return module.name.rpartition(".")[2] in HEADS and part_of_module(module.name) == "llm" and not _LAYER.match(module.name)


def is_embedding(module: Module) -> bool:
    """Whether a module is the input embedding of the language model."""
    return module.name.rpartition(".")[2] in EMBEDS and part_of_module(module.name) == "llm" and not _LAYER.match(module.name)


def _layer(name: str) -> int | None:
    found = _LAYER.match(f"{name}.")
    return int(found[1]) if found else None


def _ends(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _below(name: str, target: str) -> bool:
    """Whether a module is one that is named so, or lies in it."""
    return f".{name}.".find(f".{target}.") >= 0


def _size(shape: Iterable[int]) -> int:
    count = 1
    for each in shape:
        count *= each
    return count


def _lora(module: Module, adapter: Adapter) -> int:
    weight = dict(module.shapes)["weight"]
    out, inside = (weight[1], weight[0]) if module.kind in ("conv1d", "embedding") else (weight[0], _size(weight[1:]))
    return adapter.rank * (out + inside) + (out if adapter.dora else 0)


__all__ = ["Adapter", "AdapterCount", "BadTarget", "count_adapter", "is_embedding", "is_head"]
