"""Configs of families whose model code comes with the model: brought into the form that their inventories read."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lintune.models.reading import flag, mapping, number, text

Config: TypeAlias = Mapping[str, object]

_MINICPM_TEXT = {"2.5": "llama", "2.6": "qwen2", "4.0": "llama", "4.5": "qwen3"}
"""The language model inside by the config's `version`; before 2.5 there is none, and it is MiniCPM."""
_TEXT_KEYS = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size", "vocab_size",
    "tie_word_embeddings", "attention_bias", "max_position_embeddings",
)  # fmt: skip
_CLIP_L = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "patch_size": 14}


def adapted(config: Config) -> dict[str, object]:
    """The config with nested models under `text_config` and `vision_config`, as the inventory of its type expects it."""
    kind = text(config, "model_type")
    if kind == "qwen" and isinstance(config.get("visual"), Mapping):
        kind = "qwen_vl"
    if kind == "minicpmv" and "vision_encoder" in config:
        kind = "minicpmv_timm"  # MiniCPM-V 1 and 2: the tower is timm's, by its name
    change = _CHANGES.get(kind)
    return {**config, **change(config), "model_type": kind} if change else dict(config)


def _text_of(config: Config, kind: str) -> dict[str, object]:
    return {"model_type": kind, **{name: config[name] for name in _TEXT_KEYS if name in config}}


def _minicpmv(config: Config) -> dict[str, object]:
    vision = mapping(config, "vision_config")
    if number(config, "drop_vision_last_layer", 0) or flag(config, "drop_vision_last_layer"):
        vision["num_hidden_layers"] = number(vision, "num_hidden_layers", 27) - 1
    if "text_config" in config:
        return {"vision_config": vision}
    version = config.get("version")
    return {"vision_config": vision, "text_config": _text_of(config, _MINICPM_TEXT.get(str(version), "minicpm"))}


def _internvl(config: Config) -> dict[str, object]:
    vision = {**mapping(config, "vision_config")}
    vision["rms"] = text(vision, "norm_type") == "rms_norm"
    language = config.get("text_config") or config.get("llm_config") or {}
    return {"vision_config": vision, "text_config": language}


def _qwen_vl(config: Config) -> dict[str, object]:
    vision = config.get("visual")
    tower = dict(vision) if isinstance(vision, Mapping) else {}
    ratio, width = tower.get("mlp_ratio"), number(tower, "width", 1664)
    if isinstance(ratio, (int, float)):
        tower["inner"] = int(width * ratio)
    return {"vision_config": tower}


def _llava(config: Config) -> dict[str, object]:
    if "text_config" in config:
        return {}
    image = 336 if "336" in text(config, "mm_vision_tower") else 224
    return {"text_config": _text_of(config, "llama"), "vision_config": {"model_type": "clip_vision_model", **_CLIP_L, "image_size": image}}


_CHANGES: dict[str, Callable[[Config], dict[str, object]]] = {
    "minicpmv": _minicpmv,
    "minicpmv_timm": _minicpmv,
    "internvl_chat": _internvl,
    "qwen_vl": _qwen_vl,
    "llava_llama": _llava,
}
