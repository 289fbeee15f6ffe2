"""Qwen and Qwen-VL of 2023 (modeling_qwen.py of the hub's Qwen/Qwen-7B and Qwen/Qwen-VL): fused qkv, fp32 rotary, loss without upcast."""

from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lintune.dryrun.trace.attention import flash_attention
from lintune.dryrun.trace.replicas.base import FloatNorm, Replica, rotated, shifted_loss

_QUERIES = 256
"""Of Qwen-VL's resampler: tokens of an image."""


class Attention(nn.Module):
    """`QWenAttention` with flash attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Attention over (batch, length, width)."""
        batch, length, width = x.shape
        q, k, v = self.c_attn(x).split(width, dim=2)
        q, k, v = (each.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for each in (q, k, v))
        q, k = rotated(q.float(), cos, sin).type_as(x), rotated(k.float(), cos, sin).type_as(x)
        out, _ = flash_attention(self, q, k, v)
        projected: Tensor = self.c_proj(out.reshape(batch, length, width))
        return projected


class Mlp(nn.Module):
    """`QWenMLP`: the config's width is that of both halves."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, inner // 2, bias=False)
        self.w2 = nn.Linear(width, inner // 2, bias=False)
        self.c_proj = nn.Linear(inner // 2, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The gated layer."""
        out: Tensor = self.c_proj(self.w1(x) * F.silu(self.w2(x)))
        return out


class Block(nn.Module):
    """`QWenBlock`."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.ln_1, self.ln_2 = FloatNorm(width), FloatNorm(width)
        self.attn = Attention(width, config["num_attention_heads"])
        self.mlp = Mlp(width, config["intermediate_size"])

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """The block."""
        x = self.attn(self.ln_1(x), cos, sin) + x
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Transformer(nn.Module):
    """`QWenModel`; with `visual`, that of Qwen-VL."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.wte = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.h = nn.ModuleList(Block(config) for _ in range(config["num_hidden_layers"]))
        self.ln_f = FloatNorm(config["hidden_size"])
        if "visual" in config:
            self.visual = Visual(config["visual"], config["hidden_size"])


class Qwen(Replica):
    """`QWenLMHeadModel`."""

    embed_name = "transformer.wte"

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.transformer = Transformer(config)
        self.lm_head = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)
        self.head_width = config["hidden_size"] // config["num_attention_heads"]

    def forward(
        self, input_ids: Tensor, labels: Tensor, attention_mask: Tensor | None = None, images: Tensor | None = None, **_: object
    ) -> SimpleNamespace:
        """Loss and logits."""
        x = self.transformer.wte(input_ids)
        if images is not None:
            seen = self.transformer.visual(images.to(x.dtype))
            x = x.clone()
            x[:, : seen.shape[1]] = seen
        table = torch.empty(1, 1, input_ids.shape[1], self.head_width, dtype=torch.float32, device="meta")
        for block in self.transformer.h:
            x = self.through(block, x, table, table)
        logits = self.lm_head(self.transformer.ln_f(x))
        return SimpleNamespace(loss=shifted_loss(logits, labels, upcast=False), logits=logits)


class Visual(nn.Module):
    """Qwen-VL's `VisionTransformer` (visual.py): ViT-bigG, and a resampler of one cross attention."""

    def __init__(self, config: dict[str, Any], width: int) -> None:
        super().__init__()
        hidden, patch = config["width"], config["patch_size"]
        grid = config["image_size"] // patch
        self.conv1 = nn.Conv2d(3, hidden, patch, patch, bias=False)
        self.positional_embedding = nn.Parameter(torch.empty(256, hidden))
        self.grid = grid
        self.ln_pre = nn.LayerNorm(hidden)
        self.blocks = nn.ModuleList(
            VisualBlock(hidden, int(hidden * config["mlp_ratio"]), config["heads"]) for _ in range(config["layers"])
        )
        self.attn_pool = Resampler(hidden, width)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, width))

    def forward(self, images: Tensor) -> Tensor:
        """(images, 256, width)"""
        x = self.conv1(images).flatten(2).transpose(1, 2)
        x = self.ln_pre(x + x.new_empty(x.shape[1:]))
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.ln_post(self.attn_pool(x)) @ self.proj
        return out


class VisualBlock(nn.Module):
    """`VisualAttentionBlock`: attention written out, with its scores."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.in_proj, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.c_proj = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """The block."""
        batch, length, width = x.shape
        parts = self.in_proj(self.ln_1(x)).view(batch, length, self.heads, 3 * width // self.heads).transpose(1, 2)
        q, k, v = parts.chunk(3, dim=-1)
        scores = torch.softmax(q @ k.transpose(-1, -2), dim=-1)
        x = x + self.out_proj((scores @ v).transpose(1, 2).reshape(batch, length, width))
        out: Tensor = x + self.c_proj(F.gelu(self.c_fc(self.ln_2(x))))
        return out


class Resampler(nn.Module):
    """`Resampler`: learned queries attend to the patches."""

    def __init__(self, inside: int, width: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.empty(_QUERIES, width), requires_grad=False)
        self.query = nn.Parameter(torch.empty(_QUERIES, width))
        self.kv_proj = nn.Linear(inside, width, bias=False)
        self.attn = nn.MultiheadAttention(width, width // 128)
        self.ln_q, self.ln_kv = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(images, 256, width)"""
        x = self.ln_kv(self.kv_proj(x)).permute(1, 0, 2)
        queries = self.ln_q(self.query)[:, None].repeat(1, x.shape[1], 1)
        out: Tensor = self.attn(queries + self.pos_embed[:, None], x, x, need_weights=False)[0]
        return out.permute(1, 0, 2)
