"""Losses that never hold all logits, as functions that allocate what their kernels allocate.

* liger: `liger_kernel/ops/fused_linear_cross_entropy.py`: chunks of rows; gradients of hidden states and head are made in the forward pass
* cce: Cut Cross-Entropy (arXiv 2411.09009): no logits at all; the gradients of hidden states and head in the backward pass
* chunked: torchtune's `CEWithChunkedOutputLoss`: the head and an fp32 cross entropy per chunk, every chunk kept for the backward pass
* plain: torchtune's model without chunks, which casts all logits to fp32; `plain compiled`: its loss as one kernel
* compiled: chunked under `torch.compile`, whose one kernel keeps the 16-bit logits and casts them as it goes
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lintune.dryrun.trace.offload import Offload
from lintune.dryrun.trace.plan import Plan


class _Liger(torch.autograd.Function):
    """The loss with its gradients, chunk by chunk."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, trained: bool) -> Tensor:
        rows, width = hidden.shape
        grad_hidden = torch.zeros_like(hidden)
        grad_head = torch.zeros_like(head) if trained else None
        losses = hidden.new_zeros(rows, dtype=torch.float32)
        parts = -(-head.shape[0] // width)
        chunk = 1 << max(0, -(-rows // parts) - 1).bit_length()
        for begin in range(0, rows, chunk):
            part = hidden[begin : begin + chunk]
            logits = part @ head.t()
            grad_hidden[begin : begin + chunk] = logits @ head
            if grad_head is not None:
                grad_head += torch.mm(logits.t(), part)
        ctx.save_for_backward(grad_hidden, grad_head)
        return losses.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_head = ctx.saved_tensors
        return grad_hidden, grad_head, None


class _Cut(torch.autograd.Function):
    """The loss whose logits live in registers only."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, trained: bool) -> Tensor:
        sums = hidden.new_empty(hidden.shape[0], dtype=torch.float32)
        ctx.save_for_backward(hidden, head, sums)
        ctx.trained = trained
        return sums.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        hidden, head, _sums = ctx.saved_tensors
        return torch.empty_like(hidden), torch.empty_like(head) if ctx.trained else None, None


class _CompiledChunk(torch.autograd.Function):
    """A chunk's cross entropy as one kernel in each direction."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        sums = logits.new_empty(logits.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(logits, sums)
        return sums.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return torch.empty_like(ctx.saved_tensors[0])


def compute_loss(model: nn.Module, batch: Mapping[str, Tensor], plan: Plan, offload: Offload | None = None) -> tuple[Tensor, object]:
    """The loss of a batch, and what the training loop holds of the model's outputs; `offload`: the host that activations go to."""
    if plan.loss == "model":
        with offload.context(_head(model)) if offload is not None else nullcontext():
            outputs = model(**batch)
            logits = getattr(outputs, "logits", None)
            cast = logits.float() if plan.outputs_float and isinstance(logits, Tensor) else None
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs.loss
        return loss, (outputs, cast)
    head, inner = head_of(model)
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    with offload.context(None) if offload is not None else nullcontext():
        hidden = inner(**inputs)[0]
    labels = batch.get("labels")
    if plan.loss in ("chunked", "compiled"):
        return _chunked(hidden, head, labels, plan), None
    if plan.loss in ("plain", "plain compiled"):
        return _plain(hidden, head, labels, plan), None
    rows = hidden.flatten(0, 1)
    if plan.autocast is not None and rows.dtype is torch.float32:
        rows = rows.to(plan.autocast)
    weight = getattr(head, "weight")  # noqa: B009
    function = _Liger if plan.loss == "liger" else _Cut
    return function.apply(rows, weight if weight.dtype == rows.dtype else weight.to(rows.dtype), weight.requires_grad), None


def _head(model: Any) -> Any:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return base.get_output_embeddings() if hasattr(base, "get_output_embeddings") else None


@contextmanager
def of_its_release(model: Any, plan: Plan) -> Iterator[None]:
    """Lets a model of transformers compute its loss as the release of the launch does, where that was another way."""
    base, head = model.get_base_model() if hasattr(model, "get_base_model") else model, _head(model)
    if plan.loss != "model" or not plan.copied_logits or head is None or not hasattr(type(base), "loss_function"):
        yield
        return
    handle = head.register_forward_hook(lambda _module, _args, out: out.float()) if plan.floats_held else None
    base.loss_function = _copying_loss
    try:
        yield
    finally:
        del base._loss_function
        if handle is not None:
            handle.remove()


def _copying_loss(logits: Tensor, labels: Tensor, vocab_size: int, **_options: object) -> Tensor:
    """`ForCausalLMLoss` of transformers 4.46: the copy is made of the fp32 logits."""
    long = logits.float()  # alive until the loss is there
    shifted = long[..., :-1, :].contiguous()
    return F.cross_entropy(shifted.view(-1, vocab_size), labels[..., 1:].contiguous().view(-1))


def head_of(model: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The output head of a model, and the module that computes its inputs; adapters are looked through."""
    base = getattr(model, "base_model", model)
    inner = getattr(base, "model", base) if type(model).__module__.startswith("peft") else model
    head = inner.get_output_embeddings()
    return head, inner.model if hasattr(inner, "model") else inner.base_model


def _plain(hidden: Tensor, head: nn.Module, labels: Tensor | None, plan: Plan) -> Tensor:
    """torchtune's loss without chunks: fp32 logits of all positions (modules/transformer.py unembed), cross entropy over them."""
    logits = head(hidden).float().flatten(0, 1)
    if plan.loss == "plain compiled":
        return _CompiledChunk.apply(logits)
    targets = torch.zeros(hidden.shape[:2], dtype=torch.long) if labels is None else labels
    return F.cross_entropy(logits, targets.flatten())


def _chunked(hidden: Tensor, head: nn.Module, labels: Tensor | None, plan: Plan) -> Tensor:
    """A cross entropy per chunk of the length."""
    chunks = plan.chunks
    total = hidden.new_zeros((), dtype=torch.float32)
    logits = [head(part) for part in hidden.chunk(chunks, dim=1)]
    targets = torch.zeros(hidden.shape[:2], dtype=torch.long) if labels is None else labels
    for part, target in zip(logits, targets.chunk(chunks, dim=1), strict=True):
        if plan.loss == "compiled":
            total = total + _CompiledChunk.apply(part)
        else:
            total = total + F.cross_entropy(part.flatten(0, 1).float(), target.flatten(), reduction="sum")
    return total
