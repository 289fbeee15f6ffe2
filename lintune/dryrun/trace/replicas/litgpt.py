"""litgpt's own GPT with its own LoRA (litgpt/model.py, litgpt/lora.py): fused qkv, untied head, loss in chunks of 128 positions.

Every linear layer is `linear` inside of a LoRA layer, as in litgpt, whether it is adapted or not; bitsandbytes replaces all of them.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lintune.dryrun.trace.replicas.base import Replica, rotated

CHUNK = 128
_WORDS = {
    "query": ("query", "q_proj"),
    "key": ("key", "k_proj"),
    "value": ("value", "v_proj"),
    "projection": ("projection", "o_proj"),
    "mlp": ("mlp", "gate_proj", "up_proj", "down_proj"),
    "head": ("head", "lm_head"),
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """What is adapted: which of `query`, `key`, `value`, `projection`, `mlp`, `head`."""

    rank: int = 0
    dropout: float = 0.0
    parts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, targets: str, rank: int, dropout: float) -> "Adapter":
        """From names of either vocabulary, separated by commas."""
        names = {name.strip() for name in targets.split(",")}
        return cls(rank, dropout, frozenset(part for part, words in _WORDS.items() if names & set(words)))


class LoraLinear(nn.Module):
    """`LoRALinear`; a plain layer where it is not adapted."""

    def __init__(self, inside: int, outside: int, adapter: Adapter, part: str, bias: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(inside, outside, bias=bias)
        self.adapted = bool(adapter.rank) and part in adapter.parts
        self.dropout = adapter.dropout
        if self.adapted:
            self.lora_A = nn.Parameter(torch.empty(adapter.rank, inside))
            self.lora_B = nn.Parameter(torch.empty(outside, adapter.rank))

    def forward(self, x: Tensor) -> Tensor:
        """The layer with its adapter."""
        whole: Tensor = self.linear(x)
        if not self.adapted:
            return whole
        dropped = F.dropout(x, self.dropout) if self.dropout else x
        return whole + (dropped @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * 1.0


class LoraQkv(nn.Module):
    """`LoRAQKVLinear`: one product for all adapted parts, a convolution by groups, zeros for the others."""

    def __init__(self, inside: int, widths: tuple[int, int, int], adapter: Adapter, bias: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(inside, sum(widths), bias=bias)
        self.widths = [width for width, part in zip(widths, ("query", "key", "value"), strict=True) if part in adapter.parts]
        self.adapted, self.dropout = bool(adapter.rank) and bool(self.widths), adapter.dropout
        if self.adapted:
            self.lora_A = nn.Parameter(torch.empty(adapter.rank * len(self.widths), inside))
            self.lora_B = nn.Parameter(torch.empty(sum(self.widths), adapter.rank))

    def forward(self, x: Tensor) -> Tensor:
        """Queries, keys and values of all heads."""
        whole: Tensor = self.linear(x)
        if not self.adapted:
            return whole
        dropped = F.dropout(x, self.dropout) if self.dropout else x
        first = F.linear(dropped, self.lora_A).transpose(-2, -1)
        weights = self.lora_B.unsqueeze(-1).split(self.widths)
        parts = first.chunk(len(self.widths), dim=1)
        second = torch.cat([F.conv1d(part, weight) for part, weight in zip(parts, weights, strict=True)], dim=1).transpose(-2, -1)
        if sum(self.widths) != whole.shape[-1]:
            padded = x.new_zeros(*second.shape[:-1], whole.shape[-1])
            index = torch.arange(sum(self.widths))
            second = padded.view(-1, whole.shape[-1]).index_copy(1, index, second.reshape(-1, sum(self.widths))).view_as(whole)
        return whole + second * 1.0


class Norm(nn.Module):
    """litgpt's `RMSNorm`: weight and product in fp32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """The normed input."""
        long = x.float()
        normed = long * torch.rsqrt(torch.mean(long * long, dim=-1, keepdim=True) + 1e-6)
        return (normed * self.weight.float()).to(x.dtype)


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's shape in litgpt's words."""

    width: int
    layers: int
    heads: int
    groups: int
    head: int
    inner: int
    vocab: int
    gated: bool
    gelu: bool
    parallel: bool
    layer_norm: bool
    bias: bool
    post_norms: bool
    softcap: bool
    rotary: float

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Shape":
        """From a config.json of transformers."""
        kind, heads = config["model_type"], config["num_attention_heads"]
        parallel = kind in ("phi", "falcon", "gpt_neox")
        groups = config.get("num_key_value_heads") or (1 if kind == "falcon" else heads)
        return cls(
            width=config["hidden_size"], layers=config["num_hidden_layers"], heads=heads, groups=groups,
            head=config.get("head_dim") or config["hidden_size"] // heads,
            inner=config.get("intermediate_size") or 4 * config["hidden_size"], vocab=config["vocab_size"],
            gated=not parallel, gelu=kind.startswith("gemma"), parallel=parallel, layer_norm=parallel, bias=kind == "phi",
            post_norms=kind == "gemma2", softcap=kind == "gemma2", rotary=0.4 if kind == "phi" else 1.0,
        )  # fmt: skip


class Attention(nn.Module):
    """`CausalSelfAttention`."""

    def __init__(self, shape: Shape, adapter: Adapter) -> None:
        super().__init__()
        self.shape = shape
        widths = (shape.heads * shape.head, shape.groups * shape.head, shape.groups * shape.head)
        self.attn = LoraQkv(shape.width, widths, adapter, shape.bias)
        self.proj = LoraLinear(shape.heads * shape.head, shape.width, adapter, "projection", shape.bias)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Attention over (batch, length, width)."""
        shape, (batch, length, _) = self.shape, x.shape
        each = shape.heads // shape.groups
        qkv = self.attn(x).view(batch, length, shape.groups, each + 2, shape.head).permute(0, 2, 3, 1, 4)
        q, k, v = qkv.split((each, 1, 1), dim=2)
        if shape.groups not in (shape.heads, 1):
            k, v = (part.expand(batch, shape.groups, each, length, shape.head) for part in (k, v))
        q, k, v = (part.reshape(batch, -1, length, shape.head) for part in (q, k, v))
        turned = cos.shape[-1]
        q, k = (torch.cat((rotated(part[..., :turned], cos, sin).to(x.dtype), part[..., turned:]), -1) for part in (q, k))
        return self.proj(self._attend(q, k, v).reshape(batch, length, -1))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if not self.shape.softcap:
            shared = k.shape[1] != q.shape[1]
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=shared).transpose(1, 2)
        scores = q @ k.mT * 1.0
        scores = torch.tanh(scores / 50.0) * 50.0
        scores = scores + scores.new_empty(scores.shape[-2:])
        return (F.softmax(scores, dim=-1, dtype=torch.float).to(q.dtype) @ v).transpose(1, 2)


class Mlp(nn.Module):
    """`LLaMAMLP`, `GemmaMLP` or `GptNeoxMLP`."""

    def __init__(self, shape: Shape, adapter: Adapter) -> None:
        super().__init__()
        self.shape = shape
        self.fc_1 = LoraLinear(shape.width, shape.inner, adapter, "mlp", shape.bias)
        if shape.gated:
            self.fc_2 = LoraLinear(shape.width, shape.inner, adapter, "mlp", shape.bias)
        self.proj = LoraLinear(shape.inner, shape.width, adapter, "mlp", shape.bias)

    def forward(self, x: Tensor) -> Tensor:
        """The layer."""
        first = self.fc_1(x)
        if not self.shape.gated:
            return self.proj(F.gelu(first))
        second = self.fc_2(x)
        return self.proj((F.gelu(first) if self.shape.gelu else F.silu(first)) * second)


class Block(nn.Module):
    """`Block`."""

    def __init__(self, shape: Shape, adapter: Adapter) -> None:
        super().__init__()
        norm = nn.LayerNorm if shape.layer_norm else Norm
        self.parallel = shape.parallel
        self.norm_1 = norm(shape.width)
        self.norm_2 = None if shape.parallel else norm(shape.width)
        self.post_1, self.post_2 = (norm(shape.width) if shape.post_norms else nn.Identity() for _ in range(2))
        self.attn, self.mlp = Attention(shape, adapter), Mlp(shape, adapter)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """The block."""
        normed = self.norm_1(x)
        attended = self.post_1(self.attn(normed, cos, sin))
        if self.norm_2 is None:
            return self.mlp(normed) + attended + x
        x = attended + x
        return self.post_2(self.mlp(self.norm_2(x))) + x


class LitGpt(Replica):
    """`GPT` with the loss of `finetune/lora.py`."""

    def __init__(self, config: dict[str, Any], adapter: Adapter) -> None:
        super().__init__(config)
        self.shape = shape = Shape.of(config)
        self.wte = nn.Embedding(shape.vocab, shape.width)
        self.h = nn.ModuleList(Block(shape, adapter) for _ in range(shape.layers))
        self.ln_f = nn.LayerNorm(shape.width) if shape.layer_norm else Norm(shape.width)
        self.lm_head = LoraLinear(shape.width, shape.vocab, adapter, "head", shape.bias)

    def forward(self, input_ids: Tensor, labels: Tensor, **_: object) -> SimpleNamespace:
        """Loss and the logits of every chunk."""
        x = self.wte(input_ids)
        if self.shape.gelu:
            x = x * self.shape.width**0.5
        table = torch.empty(input_ids.shape[1], int(self.shape.rotary * self.shape.head), dtype=x.dtype, device=x.device)
        for block in self.h:
            x = self.through(block, x, table, table)
        logits = [self._capped(self.lm_head(part)) for part in self.ln_f(x).split(CHUNK, dim=1)]
        logits = [part.float() for part in logits]  # Fabric's precision plugins convert outputs to the default type
        logits[-1] = logits[-1][..., :-1, :]
        targets = labels[..., 1:].split(logits[0].shape[1], dim=1)
        losses = [
            F.cross_entropy(part.reshape(-1, part.shape[-1]), target.reshape(-1), reduction="none")
            for part, target in zip(logits, targets, strict=True)
        ]
        return SimpleNamespace(loss=torch.cat(losses).sum() / labels.numel(), logits=logits)

    def _capped(self, logits: Tensor) -> Tensor:
        return torch.tanh(logits / 30.0) * 30.0 if self.shape.softcap else logits
