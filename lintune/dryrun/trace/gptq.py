"""Linear layers as GPTQ stores them: what auto_gptq's torch kernel unpacks in the forward pass, and keeps for the backward pass.

After `QuantLinear.forward` of auto_gptq 0.4 (qlinear_cuda_old.py, the kernel of weights without act-order), where inputs are longer than
the kernel's limit of 128 rows: integers shifted out of their words as int32, cast to int8, less their zeros in int8, times fp16 scales, and
a matrix product that keeps the fp16 matrix for its input's gradient; the bias, which these layers always have, is added to a new tensor.
"""

from typing import Any

import torch
from torch import Tensor, nn

GROUP = 128
_BYTE = torch.float8_e4m3fn
"""One byte that counts as floating point, so that it stays on the meta device."""


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
        self.register_buffer("g_idx", torch.empty(layer.in_features, dtype=torch.int32, device=device))
        self.register_buffer("zeros_bias", torch.empty(layer.out_features, dtype=layer.weight.dtype, device=device))
        self.register_buffer("zeros", torch.empty(groups * layer.out_features * bits // 32, dtype=torch.int32, device=device))
        self.dtype = layer.weight.dtype

    @property
    def logical_numel(self) -> int:
        """Elements of the weight before packing."""
        return int(self.in_features * self.out_features)

    def unpacked(self) -> Tensor:
        """The weight, with the temporaries of unpacking it: words of 4 B shifted out, as bytes, less their zeros, times their scales."""
        shape = (self.in_features, self.out_features)
        shifted = torch.empty(shape, dtype=torch.float32, device="meta")
        integers = shifted.to(_BYTE)
        del shifted
        centred = torch.empty(shape, dtype=_BYTE, device="meta")
        whole = torch.empty(shape, dtype=self.dtype, device="meta")
        del integers, centred
        return whole

    def forward(self, input: Tensor) -> Tensor:
        """As a linear layer."""
        out = torch.matmul(input.to(self.dtype), self.unpacked())
        return out + self.zeros_bias if self.bias is None else out + self.bias


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
