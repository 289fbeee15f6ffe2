"""The vision towers that scripts load beside their language model, by the sizes of their published config.json."""

from typing import Any

_CLIP: dict[str, Any] = {
    "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "patch_size": 14, "projection_dim": 768, "hidden_act": "quick_gelu",
}  # fmt: skip
_SIGLIP: dict[str, Any] = {
    "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
    "patch_size": 14,
}  # fmt: skip
TOWERS: dict[str, dict[str, Any]] = {
    "openai/clip-vit-large-patch14": {**_CLIP, "image_size": 224},
    "openai/clip-vit-large-patch14-336": {**_CLIP, "image_size": 336},
    "google/siglip-so400m-patch14-384": {**_SIGLIP, "image_size": 384},
    "google/siglip-so400m-patch14-224": {**_SIGLIP, "image_size": 224},
}


def tower_config(name: str) -> dict[str, Any] | None:
    """The config of a tower by its name, or by the last component of a path; None where it is not known."""
    last = name.rstrip("/").rpartition("/")[2]
    return next((dict(config) for known, config in TOWERS.items() if known == name or known.rpartition("/")[2] == last), None)
