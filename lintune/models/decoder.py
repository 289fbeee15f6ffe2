"""A decoder (or encoder) stack from the values of a config.json, by the traits of its family."""

from collections.abc import Mapping
from typing import TypeAlias

from lintune.models.experts import sparse_mlp
from lintune.models.mixers import latent_attention, mixer_of
from lintune.models.reading import flag, layer_runs, number, text
from lintune.models.shapes import Layer, Linear, Model, Role, Stack
from lintune.models.traits import TRAITS, Traits
from lintune.source.record import dataclass

Config: TypeAlias = Mapping[str, object]


_POOLED = {"bert", "roberta"}
"""Encoders with a pooler: counted as the bare model that classification heads are put on."""


class UnknownArchitecture(ValueError):
    """The `model_type` is none whose parameters are known; the text names it."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a decoder layer."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int

    @property
    def queries(self) -> int:
        """Width of all query heads."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all key heads."""
        return self.kv_heads * self.head_dim


def sizes_of(config: Config) -> Sizes:
    """The sizes, with the defaults that the families share."""
    hidden, heads = number(config, "hidden_size"), number(config, "num_attention_heads")
    kv_heads = number(config, "num_key_value_heads", heads)
    inner = number(config, "intermediate_size", 4 * hidden)
    match text(config, "model_type"):
        case "falcon" if flag(config, "new_decoder_architecture"):
            kv_heads = number(config, "num_kv_heads", heads)
        case "falcon":
            kv_heads = 1 if flag(config, "multi_query", True) else heads
        case "chatglm":
            kv_heads = number(config, "multi_query_group_num", heads) if flag(config, "multi_query_attention") else heads
        case "qwen":
            inner //= 2  # the remote code halves it: config.intermediate_size is that of both projections
        case "lfm2" if flag(config, "block_auto_adjust_ff_dim", True):
            multiple = number(config, "block_multiple_of", 256)
            inner = -(-(2 * inner // 3) // multiple) * multiple
    return Sizes(hidden, heads, kv_heads, number(config, "head_dim", hidden // heads), inner)


def decoder_model(config: Config) -> Model:
    """A language model; raises `UnknownArchitecture`, or `KeyError` for a size that is missing."""
    kind = text(config, "model_type")
    traits = TRAITS.get(kind)
    if traits is None:
        raise UnknownArchitecture(kind or "no `model_type`")
    sizes = sizes_of(config)
    vocab, hidden = number(config, "vocab_size"), sizes.hidden
    width = number(config, "word_embed_proj_dim", hidden)  # opt-350m embeds into fewer dimensions
    stack = Stack(
        hidden,
        layer_runs(config, lambda index: _layer(config, traits, sizes, index)),
        traits.names.prefix,
        sizes.heads,
        traits.norm,
        _extra_vectors(config, traits, hidden),
        _extra_matrices(config, traits, hidden, width),
    )
    tied = flag(config, "tie_word_embeddings", traits.tied)
    return Model(
        kind, stack, vocab, vocab * width, vocab * width, tied,
        head_bias=vocab if traits.head_bias else 0, head_name=traits.names.head, softcap=traits.softcap,
    )  # fmt: skip


def _norm_size(traits: Traits, width: int) -> int:
    return width * (2 if traits.norm == "ln" and traits.norm_bias else 1)


def _extra_vectors(config: Config, traits: Traits, hidden: int) -> int:
    norms = int(traits.final_norm) + int(traits.embed_norm)
    if text(config, "model_type") == "opt" and number(config, "word_embed_proj_dim", hidden) != hidden:
        norms -= 1  # opt-350m has no last norm
    pooler = hidden if text(config, "model_type") in _POOLED else 0
    return norms * _norm_size(traits, hidden) + pooler


def _extra_matrices(config: Config, traits: Traits, hidden: int, width: int) -> int:
    found = 2 * hidden * width if width != hidden else 0
    if traits.positions >= 0:
        found += (number(config, "max_position_embeddings", 1024) + traits.positions) * hidden
    found += hidden * hidden if text(config, "model_type") in _POOLED else 0
    return found + number(config, "type_vocab_size", 0) * hidden


def _layer(config: Config, traits: Traits, sizes: Sizes, index: int) -> Layer:
    """The layer of that number."""
    mixer = mixer_of(config, sizes.hidden, index)
    if mixer is not None:
        linears, vectors, matrices, width = mixer
        queries = keys = 0
    elif number(config, "kv_lora_rank", 0):
        linears, vectors, queries, keys = latent_attention(config, sizes.hidden, sizes.heads)
        matrices = width = 0
    else:
        linears, vectors = _attention(config, traits, sizes)
        queries, keys, matrices, width = sizes.queries, sizes.keys, 0, 0
    norms = traits.norms + (1 if flag(config, "new_decoder_architecture") and number(config, "num_ln_in_parallel_attn", 2) == 2 else 0)
    vectors += norms * _norm_size(traits, sizes.hidden)
    sparse = sparse_mlp(config, sizes.hidden, index)
    if sparse is not None:
        mlp, inner, experts = sparse
    else:
        mlp, inner, experts = _mlp(config, traits, sizes), sizes.inner, 0
    return Layer(1, (*linears, *mlp), vectors, matrices, queries, keys, inner, traits.gated, norms, experts, width)


def _switch(config: Config, value: bool | str) -> bool:
    return flag(config, value) if isinstance(value, str) else value


def _attention(config: Config, traits: Traits, sizes: Sizes) -> tuple[tuple[Linear, ...], int]:
    """The projections, and the elements of norms and sinks."""
    names, hidden = traits.names, sizes.hidden
    bias, out_bias = _switch(config, traits.qkv_bias), _switch(config, traits.o_bias)
    out = Linear(names.o, sizes.queries, hidden, "o", out_bias)
    vectors = 0
    if traits.qk_norm:
        vectors = 2 * sizes.head_dim if traits.qk_norm == "head" else sizes.queries + sizes.keys
    if text(config, "model_type") == "gpt_oss":
        vectors += sizes.heads  # sinks
    if names.qkv:
        return (Linear(names.qkv, hidden, sizes.queries + 2 * sizes.keys, "qkv", bias), out), vectors
    # the queries of Qwen3.5 and Qwen3-Next carry a gate of the same width
    gate = 2 if text(config, "model_type") in ("qwen3_5_text", "qwen3_next") else 1
    projections: tuple[tuple[str, int, Role], ...] = (
        (names.q, gate * sizes.queries, "q"),
        (names.k, sizes.keys, "k"),
        (names.v, sizes.keys, "v"),
    )
    return (*(Linear(name, hidden, width, role, bias) for name, width, role in projections), out), vectors


def _mlp(config: Config, traits: Traits, sizes: Sizes) -> tuple[Linear, ...]:
    names, hidden, inner = traits.names, sizes.hidden, sizes.inner
    bias = _switch(config, traits.mlp_bias)
    down = Linear(names.down, inner, hidden, "down", bias)
    if names.gate_up:
        return (Linear(names.gate_up, hidden, 2 * inner, "gate_up", bias), down)
    up = Linear(names.up, hidden, inner, "up", bias)
    return (Linear(names.gate, hidden, inner, "gate", bias), up, down) if traits.gated else (up, down)
