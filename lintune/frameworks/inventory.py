"""The modules of a MiniCPM-V model with their parameter counts, computed from its shapes.

Formulas: a linear layer has `in * out (+ out)` parameters, an RMS norm its width, a layer norm twice its width,
`torch.nn.MultiheadAttention` of width e has `3 e e + 3 e` for the inputs and `e e + e` for the output. Module names are
those of the checkpoints (`llm.model.layers.0.self_attn.q_proj`), since `lora_target_modules` is matched against them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from lintune.frameworks.known_models import DecoderShape, KnownModel, ResamplerShape, VisionShape
from lintune.source.record import dataclass

Part = Literal["llm", "embed", "lm_head", "vision", "projector"]
PARTS: tuple[Part, ...] = ("llm", "embed", "lm_head", "vision", "projector")
"""The parts that are tuned or frozen as one: decoder layers, input embedding, output head, vision tower, resampler."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module that holds parameters itself."""

    name: str
    part: Part
    matrix: int
    """Elements of tensors with two or more dimensions."""
    vector: int = 0
    """Elements of one-dimensional tensors: norms and biases."""
    bias: int = 0
    """Of the vectors, the elements of biases."""
    fan: tuple[int, int] | None = None
    """Input and output width where PEFT can put LoRA on it (linear, embedding, convolution)."""
    frozen: bool = False
    """Whether the model code itself keeps the parameter from being trained."""

    @property
    def params(self) -> int:
        """All its parameters."""
        return self.matrix + self.vector


@lru_cache(maxsize=16)
def inventory(model: KnownModel) -> tuple[Module, ...]:
    """Every parameter-holding module of a model as finetune.py loads it; empty where the shapes are not known."""
    if model.decoder is None or model.vision is None or model.resampler is None:
        return ()
    return (
        *_decoder(model.decoder),
        *_vision(model.vision),
        *_resampler(model.resampler, model.decoder.hidden, model.vision.hidden),
    )


def _linear(name: str, part: Part, fan_in: int, fan_out: int, bias: bool) -> Module:
    extra = fan_out if bias else 0
    return Module(name, part, fan_in * fan_out, extra, extra, (fan_in, fan_out))


def _norm(name: str, part: Part, width: int, bias: bool) -> Module:
    return Module(name, part, 0, width * (2 if bias else 1), width if bias else 0)


def _decoder(shape: DecoderShape) -> Iterator[Module]:
    hidden, inner = shape.hidden, shape.intermediate
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield Module("llm.model.embed_tokens", "embed", shape.vocab * hidden, fan=(shape.vocab, hidden))
    for layer in range(shape.layers):
        prefix = f"llm.model.layers.{layer}"
        yield _linear(f"{prefix}.self_attn.q_proj", "llm", hidden, queries, shape.qkv_bias)
        yield _linear(f"{prefix}.self_attn.k_proj", "llm", hidden, keys, shape.qkv_bias)
        yield _linear(f"{prefix}.self_attn.v_proj", "llm", hidden, keys, shape.qkv_bias)
        yield _linear(f"{prefix}.self_attn.o_proj", "llm", queries, hidden, False)
        if shape.qk_norm:
            yield _norm(f"{prefix}.self_attn.q_norm", "llm", shape.head_dim, False)
            yield _norm(f"{prefix}.self_attn.k_norm", "llm", shape.head_dim, False)
        yield _linear(f"{prefix}.mlp.gate_proj", "llm", hidden, inner, False)
        yield _linear(f"{prefix}.mlp.up_proj", "llm", hidden, inner, False)
        yield _linear(f"{prefix}.mlp.down_proj", "llm", inner, hidden, False)
        yield _norm(f"{prefix}.input_layernorm", "llm", hidden, False)
        yield _norm(f"{prefix}.post_attention_layernorm", "llm", hidden, False)
    yield _norm("llm.model.norm", "llm", hidden, False)
    if not shape.tied:
        yield _linear("llm.lm_head", "lm_head", hidden, shape.vocab, False)


def _vision(shape: VisionShape) -> Iterator[Module]:
    hidden, inner = shape.hidden, shape.intermediate
    pixels = shape.channels * shape.patch * shape.patch
    timm = shape.naming == "timm"
    yield _linear("vpm.patch_embed.proj" if timm else "vpm.embeddings.patch_embedding", "vision", pixels, hidden, True)
    positions = shape.positions * hidden
    if timm:
        yield Module("vpm.pos_embed", "vision", positions)
    else:
        yield Module("vpm.embeddings.position_embedding", "vision", positions, fan=(shape.positions, hidden))
    for layer in range(shape.layers):
        prefix = f"vpm.blocks.{layer}" if timm else f"vpm.encoder.layers.{layer}"
        if timm:
            yield _linear(f"{prefix}.attn.qkv", "vision", hidden, 3 * hidden, True)
            yield _linear(f"{prefix}.attn.proj", "vision", hidden, hidden, True)
        else:
            for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
                yield _linear(f"{prefix}.self_attn.{name}", "vision", hidden, hidden, True)
        yield _linear(f"{prefix}.mlp.fc1", "vision", hidden, inner, True)
        yield _linear(f"{prefix}.mlp.fc2", "vision", inner, hidden, True)
        for name in ("norm1", "norm2") if timm else ("layer_norm1", "layer_norm2"):
            yield _norm(f"{prefix}.{name}", "vision", hidden, True)
    yield _norm("vpm.norm" if timm else "vpm.post_layernorm", "vision", hidden, True)


def _resampler(shape: ResamplerShape, width: int, vision: int) -> Iterator[Module]:
    yield Module("resampler.query", "projector", shape.queries * width)
    if shape.positions:
        yield Module("resampler.pos_embed", "projector", shape.positions * width, frozen=True)
    yield _linear("resampler.kv_proj", "projector", vision, width, False)
    yield Module("resampler.attn", "projector", 3 * width * width, 3 * width, 3 * width)
    yield _linear("resampler.attn.out_proj", "projector", width, width, True)
    for name in ("ln_q", "ln_kv", "ln_post"):
        yield _norm(f"resampler.{name}", "projector", width, True)
    yield Module("resampler.proj", "projector", width * width)


def params_of(modules: tuple[Module, ...], part: Part | None = None) -> int:
    """The parameters of a part, or of the whole model."""
    return sum(module.params for module in modules if part is None or module.part == part)
