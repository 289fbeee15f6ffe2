"""Linear layers as GPTQ stores them: what auto_gptq's torch kernel unpacks in the forward pass, and keeps for the backward pass.

After `QuantLinear.forward` of auto_gptq 0.4 (qlinear_cuda.py), where inputs are longer than the kernel's limit: integers shifted out of
their words, zeros and scales gathered per row, the 16-bit product, and a matrix product that keeps that product for its input's gradient.
"""

from typing import Any

import torch
from torch import Tensor, nn

GROUP = 128


class GptqLinear(nn.Linear):
    """A linear layer of packed weights; frozen."""

    def __init__(self, layer: nn.Linear, bits: int) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features, self.bias, self.bits = layer.in_features, layer.out_features, layer.bias, bits
        device, count = layer.weight.device, layer.in_features * layer.out_features
        groups = -(-layer.in_features // GROUP)
        packed = torch.empty(count * bits // 32, 1, dtype=torch.int32, device=device)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.register_buffer("scales", torch.empty(groups, layer.out_features, dtype=layer.weight.dtype, device=device))
        self.register_buffer("zeros", torch.empty(groups * layer.out_features * bits // 32, dtype=torch.int32, device=device))
        self.dtype = layer.weight.dtype

    @property
    def logical_numel(self) -> int:
        """Elements of the weight before packing."""
        return int(self.in_features * self.out_features)

    def unpacked(self) -> Tensor:
        """The weight, with the temporaries of unpacking it: four words of 4, 4, 4 and 2 B per element."""
        shape, words = (self.in_features, self.out_features), {"dtype": torch.float32, "device": "meta"}
        integers = torch.empty(shape, **words)
        scales = torch.empty(shape, dtype=self.dtype, device="meta")
        zeros = torch.empty(shape, **words)
        centred = integers - zeros
        del zeros
        return scales * centred.to(self.dtype)

    def forward(self, input: Tensor) -> Tensor:
        """As a linear layer."""
        out = torch.matmul(input.to(self.dtype), self.unpacked())
        return out if self.bias is None else out + self.bias


def pack(model: nn.Module, bits: int, skip: str = "lm_head") -> int:
    """Replaces the linear layers of a language model's blocks; returns how many."""
    chosen = [
        (name, layer)
        for name, layer in model.named_modules()
        if type(layer) is nn.Linear
        and skip not in name
        and ".visual." not in f".{name}."
        and any(word.isdecimal() for word in name.split("."))
    ]
    for name, layer in chosen:
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, GptqLinear(layer, bits))
    return len(chosen)


def is_packed(module: Any) -> bool:
    """Whether a module is such a layer."""
    return isinstance(module, GptqLinear)
