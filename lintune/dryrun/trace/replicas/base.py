"""What every replica offers to PEFT and to the tracer: ends of the model, checkpointing, gradients of the inputs."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Replica(nn.Module):
    """A causal language model; `embed` and `head` are what their model calls them."""

    embed_name = "wte"
    head_name = "lm_head"

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = SimpleNamespace(**config, use_cache=False, _attn_implementation="flash_attention_2")
        self.config.to_dict = lambda: dict(config)
        self.config.get = config.get
        self._reentrant: bool | None = None

    def get_input_embeddings(self) -> nn.Module:
        """The embedding."""
        return self.get_submodule(self.embed_name)

    def get_output_embeddings(self) -> nn.Module:
        """The head."""
        return self.get_submodule(self.head_name)

    def tie_weights(self) -> None:
        """Nothing is tied."""

    def prepare_inputs_for_generation(self, *args: object, **options: object) -> dict[str, object]:
        """Asked for by PEFT; a trace generates nothing."""
        return dict(options)

    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs: dict[str, Any] | None = None) -> None:
        """Checkpoints every block."""
        self._reentrant = bool((gradient_checkpointing_kwargs or {}).get("use_reentrant", True))

    def enable_input_require_grads(self) -> None:
        """Lets gradients reach the first block where the embedding is frozen."""

        def hook(_module: nn.Module, _args: object, out: Tensor) -> Tensor:
            return out.requires_grad_(True)

        self.get_input_embeddings().register_forward_hook(hook)

    def through(self, block: Callable[..., Tensor], *inputs: Any) -> Tensor:
        """A block's output, checkpointed where that is on."""
        if self._reentrant is None or not self.training:
            return block(*inputs)
        out: Tensor = checkpoint(block, *inputs, use_reentrant=self._reentrant)
        return out


class FloatNorm(nn.Module):
    """RMSNorm that computes in fp32 and scales in the type of its input, as most families do."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """The normed input."""
        long = x.float()
        normed = long * torch.rsqrt(long.pow(2).mean(-1, keepdim=True) + 1e-6)
        return normed.type_as(x) * self.weight


def shifted_loss(logits: Tensor, labels: Tensor, upcast: bool) -> Tensor:
    """Cross entropy of the next token, on a contiguous copy of the logits; `upcast`: in fp32."""
    logits = logits.float() if upcast else logits
    shifted = logits[..., :-1, :].contiguous()
    return F.cross_entropy(shifted.view(-1, shifted.shape[-1]), labels[..., 1:].reshape(-1))


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions applied to (batch, heads, length, width)."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin
