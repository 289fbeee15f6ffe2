"""How each decoder family differs from Llama, by `model_type`: read in the model code of transformers and of the hub's remote code.

`modeling_<type>.py` of transformers 5.24 unless said otherwise; chatglm, qwen, baichuan, internlm and internlm2 are the remote
code of their repositories.
"""

from typing import Literal

from lintune.source.record import dataclass, replace


@dataclass(frozen=True, slots=True)
class Names:
    """Module names of a layer; a fused projection has one name."""

    prefix: str = "model.layers.{}"
    q: str = "self_attn.q_proj"
    k: str = "self_attn.k_proj"
    v: str = "self_attn.v_proj"
    qkv: str = ""
    o: str = "self_attn.o_proj"
    gate: str = "mlp.gate_proj"
    up: str = "mlp.up_proj"
    gate_up: str = ""
    down: str = "mlp.down_proj"
    head: str = "lm_head"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a family's layers are made of. A switch given as text is a key of config.json that turns it on."""

    names: Names = Names()
    norm: Literal["rms", "ln"] = "rms"
    norm_bias: bool = True
    """Whether layer norms have biases."""
    norms: int = 2
    gated: bool = True
    qkv_bias: bool | str = False
    o_bias: bool | str = False
    mlp_bias: bool | str = False
    qk_norm: Literal["", "head", "full"] = ""
    """Norms of queries and keys: over each head, or over all heads."""
    tied: bool = False
    """Where config.json does not say."""
    head_bias: bool = False
    positions: int = -1
    """Rows of the position table beyond `max_position_embeddings`; -1: no table."""
    embed_norm: bool = False
    final_norm: bool = True
    softcap: bool = False


_GPT_NEOX = Names(
    prefix="gpt_neox.layers.{}", qkv="attention.query_key_value", o="attention.dense", up="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h",
    head="embed_out",
)  # fmt: skip
_FALCON = Names(
    prefix="transformer.h.{}", qkv="self_attention.query_key_value", o="self_attention.dense", up="mlp.dense_h_to_4h",
    down="mlp.dense_4h_to_h",
)  # fmt: skip
_CHATGLM = Names(
    prefix="transformer.encoder.layers.{}", qkv="self_attention.query_key_value", o="self_attention.dense", gate_up="mlp.dense_h_to_4h",
    down="mlp.dense_4h_to_h", head="transformer.output_layer",
)  # fmt: skip
_PHI3 = Names(qkv="self_attn.qkv_proj", gate_up="mlp.gate_up_proj")
_GLM = Names(gate_up="mlp.gate_up_proj")
_BERT = Names(
    prefix="bert.encoder.layer.{}", q="attention.self.query", k="attention.self.key", v="attention.self.value", o="attention.output.dense",
    up="intermediate.dense", down="output.dense",
)  # fmt: skip


def _biased(traits: Traits) -> Traits:
    """The same with biases in every projection."""
    return replace(traits, qkv_bias=True, o_bias=True, mlp_bias=True)


LLAMA = Traits(qkv_bias="attention_bias", o_bias="attention_bias", mlp_bias="mlp_bias")
TRAITS: dict[str, Traits] = {
    "llama": LLAMA,
    "mistral": Traits(),
    "ministral": Traits(),
    "ministral3": Traits(),
    "yi": Traits(),
    "qwen2": Traits(qkv_bias=True),
    "mimo": Traits(qkv_bias=True),
    "qwen3": Traits(qk_norm="head", qkv_bias="attention_bias", o_bias="attention_bias"),
    "qwen": Traits(
        Names(prefix="transformer.h.{}", qkv="attn.c_attn", o="attn.c_proj", gate="mlp.w2", up="mlp.w1", down="mlp.c_proj"), qkv_bias=True
    ),
    "gemma": Traits(tied=True, qkv_bias="attention_bias", o_bias="attention_bias"),
    "gemma2": Traits(tied=True, norms=4, softcap=True),
    "gemma3_text": Traits(tied=True, norms=4, qk_norm="head"),
    "phi": _biased(Traits(Names(o="self_attn.dense", up="mlp.fc1", down="mlp.fc2"), norm="ln", norms=1, gated=False, head_bias=True)),
    "phi3": Traits(_PHI3),
    "gpt_neox": _biased(Traits(_GPT_NEOX, norm="ln", gated=False)),
    "gptj": Traits(
        Names(
            prefix="transformer.h.{}",
            q="attn.q_proj",
            k="attn.k_proj",
            v="attn.v_proj",
            o="attn.out_proj",
            up="mlp.fc_in",
            down="mlp.fc_out",
        ),
        norm="ln",
        norms=1,
        gated=False,
        mlp_bias=True,
        head_bias=True,
    ),
    "gpt2": _biased(
        Traits(
            Names(prefix="transformer.h.{}", qkv="attn.c_attn", o="attn.c_proj", up="mlp.c_fc", down="mlp.c_proj"),
            norm="ln",
            gated=False,
            tied=True,
            positions=0,
        )
    ),
    "opt": _biased(
        Traits(
            Names(prefix="model.decoder.layers.{}", o="self_attn.out_proj", up="fc1", down="fc2"),
            norm="ln",
            gated=False,
            tied=True,
            positions=2,
        )
    ),
    "bloom": _biased(Traits(_FALCON, norm="ln", gated=False, tied=True, embed_norm=True)),
    "falcon": Traits(_FALCON, norm="ln", norms=1, gated=False, tied=True, qkv_bias="bias", o_bias="bias", mlp_bias="bias"),
    "mpt": Traits(
        Names(prefix="transformer.blocks.{}", qkv="attn.Wqkv", o="attn.out_proj", up="ffn.up_proj", down="ffn.down_proj"),
        norm="ln",
        norm_bias=False,
        gated=False,
        tied=True,
    ),
    "stablelm": Traits(norm="ln", qkv_bias="use_qkv_bias"),
    "starcoder2": _biased(Traits(Names(up="mlp.c_fc", down="mlp.c_proj"), norm="ln", gated=False, tied=True)),
    "chatglm": Traits(_CHATGLM, qkv_bias="add_qkv_bias"),
    "glm": Traits(_GLM, qkv_bias="attention_bias"),
    "glm4": Traits(_GLM, qkv_bias="attention_bias", norms=4),
    "baichuan": Traits(Names(qkv="self_attn.W_pack")),
    "internlm": Traits(qkv_bias="bias", o_bias="bias"),
    "internlm2": Traits(
        Names(qkv="attention.wqkv", o="attention.wo", gate="feed_forward.w1", up="feed_forward.w3", down="feed_forward.w2", head="output"),
        qkv_bias="bias",
        o_bias="bias",
    ),
    "cohere": Traits(norm="ln", norm_bias=False, norms=1, tied=True),
    "olmo2": Traits(qk_norm="full"),
    "olmo3": Traits(qk_norm="full"),
    "granite": Traits(tied=True),
    "minicpm": Traits(tied=True),
    "smollm3": Traits(tied=True),
    "arcee": Traits(gated=False),
    "exaone4": Traits(qk_norm="head"),
    "bert": _biased(Traits(_BERT, norm="ln", gated=False, tied=True, positions=0, embed_norm=True, final_norm=False)),
    "roberta": _biased(Traits(_BERT, norm="ln", gated=False, tied=True, positions=0, embed_norm=True, final_norm=False)),
    "mixtral": Traits(),
    "qwen2_moe": Traits(qkv_bias=True),
    "qwen3_moe": Traits(qk_norm="head"),
    "olmoe": Traits(qk_norm="full"),
    "deepseek_v2": Traits(),
    "deepseek_v3": Traits(),
    "minicpm3": Traits(),
    "glm4_moe": Traits(qkv_bias="attention_bias"),
    "glm4_moe_lite": Traits(),
    "gpt_oss": Traits(qkv_bias=True, o_bias=True),
    "lfm2": Traits(
        Names(o="self_attn.out_proj", gate="feed_forward.w1", up="feed_forward.w3", down="feed_forward.w2"), tied=True, qk_norm="head"
    ),
    "lfm2_moe": Traits(
        Names(o="self_attn.out_proj", gate="feed_forward.w1", up="feed_forward.w3", down="feed_forward.w2"), tied=True, qk_norm="head"
    ),
    "qwen3_next": Traits(qk_norm="head"),
    "qwen3_5_text": Traits(qk_norm="head"),
}
"""By `model_type`."""
