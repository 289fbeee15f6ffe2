"""What a trace is told, since no dispatcher of the CPU can know it: kernels, casts, loss, optimizer, checkpointing."""

from dataclasses import dataclass, field
from typing import Literal

import torch

from lintune.dryrun.trace.attention import Kernel

LossKind = Literal["model", "liger", "cce", "chunked", "compiled", "plain", "plain compiled"]
Checkpointing = Literal["", "reentrant", "non-reentrant"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One training step, as far as it is not in the model and its batch."""

    attention: str = "sdpa"
    """As transformers names it: `eager`, `sdpa`, `flash_attention_2`; empty leaves the model as it was built."""
    kernel: Kernel = "auto"
    """What `scaled_dot_product_attention` takes."""
    expands_keys: bool = False
    """Whether keys and values are copied to all query heads before the kernel."""
    autocast: torch.dtype | None = None
    outputs_float: bool = False
    """Whether the model's outputs are cast to fp32, as accelerate does under autocast."""
    loss: LossKind = "model"
    flattened: bool = True
    """Whether packed samples of a batch are one row where attention is flash attention."""
    chunks: int = 8
    """Of a chunked loss."""
    floats_held: bool = False
    """Whether the head's output is cast to fp32, so that the model's outputs hold fp32 logits (transformers before 4.46)."""
    copied_logits: bool = False
    """Whether the loss copies the fp32 logits without their last position (transformers before 4.49)."""
    hold_outputs: bool = False
    """Whether the loop still holds the model's outputs, and with them the logits, during the backward pass."""
    hold_graph: bool = False
    """Whether the loss of a micro batch, and with it what its graph still holds, lives until that of the next one is there."""
    offload: bool = False
    """Whether what autograd keeps of the model goes to the host."""
    emptied: str = ""
    """The phase before which the loop empties the allocator's cache: `forward`, `backward`, or empty where it does not."""
    optimizer: str = "adamw_torch"
    foreach_copies: int = 1
    step_in_backward: bool = False
    """Whether each parameter is stepped, and its gradient freed, as soon as it has one."""
    clip: float = 0.0
    """Norm that gradients are clipped to; 0 for none."""
    accumulate: int = 1
    steps: int = 2
    """Steps that are traced: the optimizer's states are there from the second on; 1 where they are laid over the trace."""
    checkpointing: Checkpointing = ""
    assumptions: tuple[str, ...] = field(default=())
