"""Linear layers of the shapes that bitsandbytes would put in their place; the package itself is not needed.

Packed as bitsandbytes packs them: 4 bits: two elements per byte in a column `(elements + 1) // 2 x 1`, one fp32 `absmax` per block of
64 elements, or with double quantisation one byte per block and an fp32 value per 256 of them; 8 bits: a byte per element and an fp32
`SCB` per output (bitsandbytes 0.50 nn/modules.py, functional.py quantize_4bit).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

BLOCK, NESTED_BLOCK = 64, 256


class _Dequantised(torch.autograd.Function):
    """`x @ W.T` that keeps the packed weight for the backward pass and unpacks it again there, as bitsandbytes does."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, bias: torch.Tensor | None, layer: "QuantisedLinear") -> torch.Tensor:
        ctx.layer, ctx.has_bias = layer, bias is not None
        ctx.kept = x if layer.keeps_input else None
        return nn.functional.linear(x, layer.unpacked(x.dtype), bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        gradient = gradients[0]
        wanted = gradient @ ctx.layer.unpacked(gradient.dtype) if ctx.needs_input_grad[0] else None
        bias = gradient.flatten(0, -2).sum(0) if ctx.has_bias and ctx.needs_input_grad[1] else None
        return wanted, bias, None


class QuantisedLinear(nn.Linear):
    """A linear layer whose weight is packed; frozen."""

    bits: int
    compute_dtype: torch.dtype | None = None
    """What inputs are cast to before the product, as bitsandbytes does; None: their own type."""
    keeps_input: bool = False
    """Whether the input is kept as long as the graph is there, as bitsandbytes did up to 0.42."""
    stored_dtype: torch.dtype | None = None
    """What the weight had before it was packed, in which it is unpacked before it is cast; None: what is computed in."""

    def __init__(self, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.bias = layer.bias
        self._pack(layer.weight)

    @property
    def logical_numel(self) -> int:
        """Elements of the weight before packing."""
        return int(self.in_features * self.out_features)

    def _pack(self, weight: torch.Tensor) -> None:
        raise NotImplementedError

    def unpacked(self, dtype: torch.dtype) -> torch.Tensor:
        """A new tensor of the whole weight, of uninitialised values: what is measured is its size."""
        shape, stored = (self.out_features, self.in_features), self.stored_dtype or dtype
        return torch.empty(shape, dtype=stored, device=self.weight.device).to(dtype)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """As a linear layer."""
        inside = input if self.compute_dtype is None else input.to(self.compute_dtype)
        bias = self.bias if self.bias is None or self.compute_dtype is None else self.bias.to(self.compute_dtype)
        made: torch.Tensor = _Dequantised.apply(inside, bias, self)  # type: ignore[no-untyped-call,unused-ignore]
        return made.to(input.dtype)


class Linear4bit(QuantisedLinear):
    """As `bitsandbytes.nn.Linear4bit` on the GPU."""

    bits = 4

    def __init__(self, layer: nn.Linear, double: bool) -> None:
        self._double = double
        super().__init__(layer)

    def _pack(self, weight: torch.Tensor) -> None:
        device, blocks = weight.device, -(-weight.numel() // BLOCK)
        packed = torch.empty(((weight.numel() + 1) // 2, 1), dtype=torch.uint8, device=device)
        self.weight = nn.Parameter(packed, requires_grad=False)
        scale = torch.uint8 if self._double else torch.float32
        self.register_buffer("absmax", torch.empty(blocks, dtype=scale, device=device), persistent=False)
        if self._double:
            nested = torch.empty(-(-blocks // NESTED_BLOCK), dtype=torch.float32, device=device)
            self.register_buffer("nested_absmax", nested, persistent=False)


class Linear8bit(QuantisedLinear):
    """As `bitsandbytes.nn.Linear8bitLt` on the GPU, without fp16 weights."""

    bits = 8

    def _pack(self, weight: torch.Tensor) -> None:
        packed = torch.empty(tuple(weight.shape), dtype=torch.int8, device=weight.device)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.register_buffer("SCB", torch.empty(weight.shape[0], dtype=torch.float32, device=weight.device), persistent=False)


def quantise(model: nn.Module, bits: int, double: bool, skip: frozenset[str]) -> int:
    """Replace every linear layer but those in (or below) `skip`; returns how many were replaced."""
    chosen = packable(model, skip)
    for name, layer in chosen:
        parent, _, last = name.rpartition(".")
        made = Linear4bit(layer, double) if bits == 4 else Linear8bit(layer)
        setattr(model.get_submodule(parent), last, made)
    return len(chosen)


def packable(model: nn.Module, skip: frozenset[str]) -> list[tuple[str, nn.Linear]]:
    """The linear layers with their names that are packed."""
    return [(name, layer) for name, layer in model.named_modules() if type(layer) is nn.Linear and not _skipped(name, skip)]


def _skipped(name: str, skip: frozenset[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") or f".{each}." in f".{name}." for each in skip)


def not_converted(model: Any) -> frozenset[str]:
    """The modules that transformers leaves as they are: the output head, tied weights, the last module (quantizers/base.py)."""
    from transformers.quantizers import base

    find = getattr(base, "get_keys_to_not_convert", None)
    if find is None:  # before 5.0
        import transformers.integrations

        find = transformers.integrations.get_keys_to_not_convert
    return frozenset(find(model))


def logical_parameters(model: nn.Module) -> Iterator[tuple[str, torch.nn.Parameter, int]]:
    """Every parameter once, with its elements before packing."""
    packed = {id(module.weight): module.logical_numel for module in model.modules() if hasattr(type(module), "logical_numel")}
    for name, parameter in model.named_parameters():
        yield name, parameter, packed.get(id(parameter), parameter.numel())
