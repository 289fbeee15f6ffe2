"""Vision towers (and Qwen's audio tower) from the values of a config.json.

Read in transformers 5.24 (clip, siglip, qwen2_vl, qwen2_5_vl, qwen3_vl, pixtral) and in remote code (intern_vit, Qwen-VL's visual.py).
"""

from collections.abc import Mapping

from lintune.models.reading import flag, number, text
from lintune.models.shapes import Layer, Linear, Stack, Vision

_QWEN = {"qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen2_5_omni_vision_encoder"}


def tower_of(config: Mapping[str, object], kind: str) -> Vision:
    """The tower of a nested `vision_config`; `kind` says which code reads it."""
    if kind in _QWEN:
        return _qwen_tower(config, kind)
    if kind == "pixtral":
        return _pixtral_tower(config)
    if kind == "qwen_vl":
        return _openclip_tower(config)
    return _vit_tower(config, kind)


def _attention(names: tuple[str, ...], width: int, bias: bool, key_bias: bool = True) -> tuple[Linear, ...]:
    """Projections under four names, or under two where they are fused."""
    if len(names) == 2:
        return (Linear(names[0], width, 3 * width, "qkv", bias), Linear(names[1], width, width, "o", True))
    q, k, v, o = names
    return (
        Linear(q, width, width, "q", bias),
        Linear(k, width, width, "k", bias and key_bias),
        Linear(v, width, width, "v", bias),
        Linear(o, width, width, "o", bias),
    )


def _vit_layer(names: tuple[str, ...], mlp: tuple[str, str], width: int, inner: int, vectors: int, bias: bool = True) -> Layer:
    linears = (
        *_attention(names, width, bias),
        Linear(mlp[0], width, inner, "up", True),
        Linear(mlp[1], inner, width, "down", True),
    )
    return Layer(1, linears, vectors, queries=width, keys=width, inner=inner, gated=False)


def _vit_tower(config: Mapping[str, object], kind: str) -> Vision:
    """CLIP, SigLIP (also as SmolVLM and Idefics3 have it) and InternViT."""
    width, inner = number(config, "hidden_size"), number(config, "intermediate_size")
    depth, patch = number(config, "num_hidden_layers"), number(config, "patch_size", 14)
    image, channels = number(config, "image_size", 224), number(config, "num_channels", 3)
    patches = (image // patch) ** 2
    clip, intern = kind.startswith("clip"), kind.startswith("intern_vit")
    rms = text(config, "norm_type") == "rms_norm"
    norms = 2 * width * (1 if rms else 2)
    split = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
    if intern:
        extra = 2 * width + (2 * width if flag(config, "qk_normalization") else 0)  # layer scales, norms of queries and keys
        bias = flag(config, "qkv_bias", True)
        layer = _vit_layer(("attn.qkv", "attn.proj"), ("mlp.fc1", "mlp.fc2"), width, inner, norms + extra, bias)
        prefix = "vision_model.encoder.layers.{}"
    else:
        layer = _vit_layer(split, ("mlp.fc1", "mlp.fc2"), width, inner, norms)
        prefix = "model.vision_tower.vision_model.encoder.layers.{}"
    layer = _repeated(layer, depth)
    vectors = 0 if intern else 4 * width if clip else 2 * width
    vectors += (0 if clip else width) + (width if clip or intern else 0)  # bias of the patch embedding, class token
    positions = patches + (1 if clip or intern else 0)
    matrices = channels * patch * patch * width + number(config, "positions", positions) * width
    if flag(config, "attention_pool"):
        matrices += 4 * width * width + 2 * width * inner + width
        vectors += 4 * width + inner + width + 2 * width
    heads = number(config, "num_attention_heads", 16)
    stack = Stack(width, (layer,), prefix, heads, "rms" if rms else "ln", vectors, matrices)
    return Vision(stack, patch, image, clip or intern)


def _repeated(layer: Layer, count: int) -> Layer:
    from lintune.source.record import replace

    return replace(layer, count=count)


def _qwen_tower(config: Mapping[str, object], kind: str) -> Vision:
    width, depth, patch = (
        number(config, "embed_dim", number(config, "hidden_size", 0)),
        number(config, "num_hidden_layers"),
        number(config, "patch_size", 14),
    )
    channels, merge, frames = (
        number(config, "num_channels", 3),
        number(config, "spatial_merge_size", 2),
        number(config, "temporal_patch_size", 2),
    )
    third, fifth = kind.startswith("qwen3"), kind.startswith("qwen2_5")
    inner = number(config, "intermediate_size", int(width * float(str(config.get("mlp_ratio", 4)))))
    if fifth:
        split = ("attn.q", "attn.k", "attn.v", "attn.proj") if "omni" in kind else ("attn.qkv", "attn.proj")
        linears = (
            *_attention(split, width, True),
            Linear("mlp.gate_proj", width, inner, "gate", True),
            Linear("mlp.up_proj", width, inner, "up", True),
            Linear("mlp.down_proj", inner, width, "down", True),
        )
        layer = Layer(depth, linears, 2 * width, queries=width, keys=width, inner=inner, gated=True)
    else:
        mlp = ("mlp.linear_fc1", "mlp.linear_fc2") if third else ("mlp.fc1", "mlp.fc2")
        layer = _repeated(_vit_layer(("attn.qkv", "attn.proj"), mlp, width, inner, 4 * width), depth)
    matrices = channels * frames * patch * patch * width + number(config, "num_position_embeddings", 0) * width
    stack = Stack(
        width, (layer,), "model.visual.blocks.{}", number(config, "num_attention_heads", 16), "rms" if fifth else "ln",
        width if third else 0, matrices,
    )  # fmt: skip
    return Vision(stack, patch, merge=merge)


def _pixtral_tower(config: Mapping[str, object]) -> Vision:
    width, inner, patch = number(config, "hidden_size"), number(config, "intermediate_size"), number(config, "patch_size", 14)
    linears = (
        *_attention(("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj"), width, False),
        Linear("feed_forward.gate_proj", width, inner, "gate"),
        Linear("feed_forward.up_proj", width, inner, "up"),
        Linear("feed_forward.down_proj", inner, width, "down"),
    )
    layer = Layer(number(config, "num_hidden_layers"), linears, 2 * width, queries=width, keys=width, inner=inner)
    heads = number(config, "num_attention_heads", 16)
    stack = Stack(
        width,
        (layer,),
        "model.vision_tower.transformer.layers.{}",
        heads,
        "rms",
        width,
        number(config, "num_channels", 3) * patch**2 * width,
    )
    return Vision(stack, patch, merge=2)


def _openclip_tower(config: Mapping[str, object]) -> Vision:
    """Qwen-VL's ViT-bigG with its `attn_pool` left to the projector."""
    width, patch, image = number(config, "width"), number(config, "patch_size"), number(config, "image_size")
    inner = int(width * float(str(config["mlp_ratio"])))
    layer = _vit_layer(("attn.in_proj", "attn.out_proj"), ("mlp.c_fc", "mlp.c_proj"), width, inner, 4 * width)
    layers, heads = (_repeated(layer, number(config, "layers")),), number(config, "num_attention_heads")
    stack = Stack(
        width, layers, "transformer.visual.transformer.resblocks.{}", heads, "ln", 2 * width, 3 * patch * patch * width + 256 * width
    )
    return Vision(stack, patch, image, tokens=256)


def audio_of(config: Mapping[str, object]) -> Stack:
    """Qwen2.5-Omni's audio encoder with its output projection."""
    width, inner, out = number(config, "hidden_size"), number(config, "intermediate_size"), number(config, "output_dim")
    names = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
    linears = (
        *_attention(names, width, True, key_bias=False),
        Linear("fc1", width, inner, "up", True),
        Linear("fc2", inner, width, "down", True),
    )
    layer = Layer(number(config, "num_hidden_layers"), linears, 4 * width, queries=width, keys=width, inner=inner, gated=False)
    mels = number(config, "num_mel_bins", 128)
    matrices = 3 * mels * width + 3 * width * width + width * out + 2 * out
    return Stack(
        width, (layer,), "audio_tower.layers.{}", number(config, "num_attention_heads"), "ln", 2 * width + 2 * width + out, matrices
    )
