"""Fused kernels of Liger and of `torch.compile`, as functions that keep what the kernels keep: norms and gated activations.

* RMSNorm (liger_kernel/ops/rms_norm.py): the input and one fp32 number per row; the gradient overwrites its argument
* SwiGLU and GeGLU (ops/swiglu.py): gate and up; the activation is computed again, and the gradients overwrite gate and up
"""

from typing import Any

import torch
from torch import Tensor, nn


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        sums = x.new_empty(x.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(x, weight, sums)
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, _ = ctx.saved_tensors
        return torch.empty_like(x), torch.empty_like(weight) if ctx.needs_input_grad[1] else None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return torch.empty_like(gate)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gate, up = ctx.saved_tensors
        return gate, up


def fuse(model: nn.Module) -> int:
    """Lets norms and gated layers of a model run fused; returns how many were found."""
    found = 0
    for module in model.modules():
        if "RMSNorm" in type(module).__name__ and isinstance(getattr(module, "weight", None), nn.Parameter):
            module.forward = _norm(module)
        elif all(hasattr(module, name) for name in ("gate_proj", "up_proj", "down_proj", "act_fn")):
            module.forward = _gated(module)
        else:
            continue
        found += 1
    return found


def _norm(module: Any) -> Any:
    return lambda x: _Norm.apply(x, module.weight)


def _gated(module: Any) -> Any:
    return lambda x: module.down_proj(_Gated.apply(module.gate_proj(x), module.up_proj(x)))
