"""What the layers of a family keep beyond the common formula, by `model_type`.

Read in the model code of transformers 5.24 and confirmed with saved-tensor hooks (benchmarks/memory_layers.py).
"""

from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """How a family's code departs from Llama's."""

    norm: str = "llama"
    """`llama`: normed values are cast back before the weight; `fp32`: the weight multiplies in fp32 (OLMo 2, Gemma); `cohere`: the
    centred values are kept as well."""
    act: int = 1
    """Tensors of the MLP's width that the activation of a non-gated MLP keeps: 4 for the GELU written in Python (`gelu_new`), 0 where
    the output alone is kept (ReLU)."""
    whole_qkv: bool = False
    """Whether the values are a view that keeps a fused, rotated projection alive."""
    qk_norm: bool = False
    """Whether queries and keys are normed."""


_PYTHON_GELU = Kept(act=4)
_FUSED = Kept(whole_qkv=True)
_QK = Kept(qk_norm=True)
_GEMMA = Kept("fp32")

KEPT: dict[str, Kept] = {
    "gemma": _GEMMA, "gemma2": _GEMMA, "paligemma": _GEMMA, "gemma3": Kept("fp32", qk_norm=True), "gemma3_text": Kept("fp32", qk_norm=True),
    "olmo2": Kept("fp32", qk_norm=True), "olmo3": Kept("fp32", qk_norm=True),
    "cohere": Kept("cohere"),
    "phi": _PYTHON_GELU, "gpt2": _PYTHON_GELU, "gptj": _PYTHON_GELU,
    "opt": Kept(act=0), "gpt_neox": _FUSED, "phi3": _FUSED, "falcon": _FUSED, "chatglm": _FUSED, "baichuan": _FUSED, "internlm2": _FUSED,
    **dict.fromkeys(("qwen3", "qwen3_moe", "qwen3_vl", "qwen3_vl_moe", "lfm2", "lfm2_moe", "qwen3_5", "qwen3_5_text", "qwen3_next",
                     "exaone4", "olmoe"), _QK),
}  # fmt: skip
"""Families that depart; Llama's way where a family is not named."""

TOWERS: dict[str, Kept] = {
    **dict.fromkeys(("llava", "llava_next", "llava_llama", "llava_mistral", "llava_qwen"), Kept(act=2)),  # CLIP's quick_gelu
    "qwen2_vl": Kept(act=2, whole_qkv=True),
    **dict.fromkeys(("qwen2_5_vl", "qwen2_5_omni", "qwen2_5_omni_thinker", "qwen3_vl", "qwen3_vl_moe", "qwen3_5"), _FUSED),
}
"""The same of vision towers, by the `model_type` of the whole model; SigLIP's way where it is not named."""

PLAIN = Kept()


def kept_of(kind: str, tower: bool = False) -> Kept:
    """How a `model_type` departs, in its language model or its vision tower."""
    return (TOWERS if tower else KEPT).get(kind, PLAIN)
