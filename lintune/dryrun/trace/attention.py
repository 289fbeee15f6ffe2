"""Attention kernels that the CPU and the meta device do not have, as functions that allocate what the kernels allocate.

After aten/src/ATen/native/transformers/cuda/{attention,attention_backward}.cu and flash-attn 2's flash_api.cpp: what each keeps for the
backward pass (output, log-sum-exp) and what its backward pass takes for a while (fp32 accumulators, expanded keys).
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

Kernel = Literal["auto", "flash", "efficient", "math", "cpu"]
"""`auto`: what SDPA takes on CUDA; `cpu`: what it takes on the CPU, for comparison with real runs there."""
_LARGEST_FLASH_HEAD = 256


def padded(count: int, unit: int) -> int:
    """The next multiple."""
    return -(-count // unit) * unit


class _Flash(torch.autograd.Function):
    """Flash attention over (batch, heads, length, width), whose heads may share keys and values; results are laid out as queries are."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, workspace: bool) -> Tensor:
        batch, heads, length, width = q.shape
        out = torch.empty_like(q) if v.shape[-1] == width else q.new_empty(batch, length, heads, v.shape[-1]).transpose(1, 2)
        sums = q.new_empty(batch, heads, length, dtype=torch.float32)
        ctx.save_for_backward(q, k, v, out, sums, mask)
        ctx.workspace = workspace
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v = ctx.saved_tensors[:3]
        batch, heads, length, width = q.shape
        keys, values = k.shape[2], v.shape[-1]
        held = [gradients[0].transpose(1, 2).contiguous()]
        found = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v), None, None
        if ctx.workspace:
            rows = padded(length, 128)
            held.append(q.new_empty(batch, heads, rows, dtype=torch.float32))
            held.append(q.new_empty(batch, rows, heads, padded(width, 32), dtype=torch.float32))
            if k.shape[1] != heads:
                held += [k.new_empty(batch, keys, heads, width), v.new_empty(batch, keys, heads, values)]
        held.clear()
        return found


class _Efficient(torch.autograd.Function):
    """The memory-efficient kernel of xFormers that SDPA has: it takes a mask, and no shared heads."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        batch, heads, length, _ = q.shape
        out = q.new_empty(batch, length, heads, v.shape[-1]).transpose(1, 2)
        sums = q.new_empty(batch, heads, padded(length, 32), dtype=torch.float32)
        ctx.save_for_backward(q, k, v, out, sums, mask)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v = ctx.saved_tensors[:3]
        batch, heads, length, width = q.shape
        grad = gradients[0].transpose(1, 2).contiguous()
        dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
        taken = [q.new_empty(batch, heads, length, dtype=torch.float32)]
        if q.dtype is not torch.float32:
            taken.append(q.new_empty(batch, heads, padded(length, 64), padded(width, 64), dtype=torch.float32))
        del grad, taken
        return dq, dk, dv, None


def attend(
    kernel: Kernel,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor | None:
    """`scaled_dot_product_attention` by a kernel; None for the one that is made of ordinary operators."""
    if kernel == "auto":
        kernel = _chosen(query, value, attn_mask)
    if kernel == "math":
        return None
    if attn_mask is not None and attn_mask.dtype is torch.bool:
        attn_mask = _float_mask(attn_mask, query.dtype)
    if kernel != "efficient" and (attn_mask is None or kernel == "cpu"):
        return _Flash.apply(query, key, value, attn_mask, kernel == "flash")
    if enable_gqa and key.shape[1] != query.shape[1]:
        times = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(times, 1), value.repeat_interleave(times, 1)
    return _Efficient.apply(query, key, value, attn_mask)


def _chosen(query: Tensor, value: Tensor, mask: Tensor | None) -> Kernel:
    """The kernel that SDPA takes on CUDA (sdp_utils.cpp): flash without a mask, for 16 bits and heads up to 256 wide."""
    short = query.dtype in (torch.bfloat16, torch.float16)
    fits = query.shape[-1] <= _LARGEST_FLASH_HEAD and query.shape[-1] == value.shape[-1]
    return "flash" if mask is None and short and fits else "efficient"


def _float_mask(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A boolean mask as numbers, which every layer makes anew and keeps (convert_boolean_attn_mask)."""
    return torch.empty(mask.shape, dtype=dtype, device="meta")


def flash_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    **options: object,
) -> tuple[Tensor, None]:
    """The attention that transformers calls `flash_attention_2`: 16 bits, padding taken out and put back."""
    if query.dtype is torch.float32:
        dtype = _short_type(module)
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    width = value.shape[-1]
    if width != query.shape[-1]:
        value = torch.nn.functional.pad(value, [0, query.shape[-1] - width])
    if attention_mask is None or attention_mask.dim() != 2:
        out = _Flash.apply(query, key, value, None, True).transpose(1, 2)
        return out[..., :width], None
    batch, length = query.shape[0], query.shape[2]
    kept = attention_mask.flatten().nonzero().flatten()
    short = (each.transpose(1, 2).flatten(0, 1)[kept] for each in (query, key, value))
    q, k, v = (each[None].transpose(1, 2) for each in short)
    out = _Flash.apply(q, k, v, None, True).transpose(1, 2)[0]
    whole = out.new_zeros(batch * length, *out.shape[1:]).index_copy(0, kept, out)
    return whole.view(batch, length, *out.shape[1:])[..., :width], None


def _short_type(module: torch.nn.Module) -> torch.dtype:
    """The type that fp32 queries are cast to: that of the attention's weights, else bf16."""
    for parameter in module.parameters():
        if parameter.dtype in (torch.bfloat16, torch.float16):
            return parameter.dtype
    return torch.bfloat16


def install_flash() -> Callable[[], None]:
    """Puts `flash_attention` where transformers looks up `flash_attention_2` and `_3`; returns what takes it away again."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS as functions

    names = ("flash_attention_2", "flash_attention_3")
    before = {name: functions[name] for name in names if name in functions}
    for name in names:
        functions[name] = flash_attention

    def restore() -> None:
        functions.update(before)

    return restore
