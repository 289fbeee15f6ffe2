"""Which known model a name or a path names, and its shape, from `models/known.json`."""

import re
from functools import lru_cache

from lintune.models.multimodal import model_of
from lintune.models.shapes import Model
from lintune.source.data import data_text
from lintune.source.record import dataclass

_ENDINGS = re.compile(
    r"[-_.](gptq|awq|bnb|int4|int8|4bit|8bit|fp8|bf16|fp16|hf|unsloth|dynamic|g128|128g|instruct|chat|base|it|v0\.1|w4a16)$"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A known model."""

    id: str
    """Its first name on the hub."""
    model: Model
    exact_name: bool
    """Whether the name is one of its own, not one with an ending for a quantised or tuned copy taken off."""
    counted: str
    """How its total was confirmed: `meta` or `no`, `published` for MiniCPM-V."""


@lru_cache(maxsize=64)
def find_model(name: str) -> Known | None:
    """The model that a hub name or a local path names by its last component; None where it names none.

    Endings of quantised and tuned copies (`-GPTQ`, `-bnb-4bit`, `-Instruct`) are taken off where the whole name is not known.
    """
    found = _entry(name)
    if found is None:
        return None
    (first, config, counted), exact = found
    return Known(first, model_of(config), exact, counted)


def find_config(name: str) -> tuple[str, dict[str, object]] | None:
    """The first name and the config.json values of the model that a name names; None where it names none that is known."""
    found = _entry(name)
    return found[0][:2] if found else None


def _entry(name: str) -> tuple[tuple[str, dict[str, object], str], bool] | None:
    """The table's entry for a name, and whether the name is one of its own."""
    parts = [part for part in name.replace("\\", "/").split("/") if part]
    if not parts:
        return None
    known = _by_name()
    key, exact = parts[-1].lower(), True
    while key not in known:
        shorter = _ENDINGS.sub("", key)
        if shorter == key:
            return None
        key, exact = shorter, False
    return known[key], exact


@lru_cache(maxsize=1)
def _by_name() -> dict[str, tuple[str, dict[str, object], str]]:
    import json

    known: dict[str, tuple[str, dict[str, object], str]] = {}
    for file in ("known.json", "minicpm.json"):
        for entry in json.loads(data_text("models", file))["models"]:
            names, config = (entry["ids"], entry["config"]) if "ids" in entry else (entry["aliases"], _minicpm(entry))
            if config is None:
                continue
            for name in names:
                known.setdefault(name.rpartition("/")[2].lower(), (names[0], config, entry.get("counted", "published")))
    return known


def _minicpm(entry: dict[str, dict[str, object]]) -> dict[str, object] | None:
    """The config of an entry of `minicpm.json`; None where its shapes are not known."""
    llm, vision, resampler = entry["llm"], entry["vision"], entry["resampler"]
    if not (llm and vision and resampler):
        return None
    kind = "qwen3" if llm["qk_norm"] else "qwen2" if llm["qkv_bias"] else "llama"
    text = {
        "model_type": kind,
        "hidden_size": llm["hidden"],
        "num_hidden_layers": llm["layers"],
        "num_attention_heads": llm["heads"],
        "num_key_value_heads": llm["kv_heads"],
        "head_dim": llm["head_dim"],
        "intermediate_size": llm["intermediate"],
        "vocab_size": llm["vocab"],
        "tie_word_embeddings": llm["tied"],
    }
    tower = {
        "hidden_size": vision["hidden"],
        "num_hidden_layers": vision["layers"],
        "intermediate_size": vision["intermediate"],
        "patch_size": vision["patch"],
        "image_size": 448,
        "positions": vision["positions"],
    }
    return {
        "model_type": "minicpmv",
        "text_config": text,
        "vision_config": tower,
        "query_num": resampler["queries"],
        "resampler_positions": resampler["positions"],
    }
