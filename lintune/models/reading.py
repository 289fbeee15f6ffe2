"""Values of a config.json: under the names that the families give them."""

from collections.abc import Callable, Mapping

from lintune.models.shapes import Layer
from lintune.source.record import replace

_RENAMED = {
    "n_embd": "hidden_size",
    "n_embed": "hidden_size",
    "d_model": "hidden_size",
    "n_layer": "num_hidden_layers",
    "n_layers": "num_hidden_layers",
    "num_layers": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "n_heads": "num_attention_heads",
    "num_heads": "num_attention_heads",
    "heads": "num_attention_heads",
    "encoder_attention_heads": "num_attention_heads",
    "n_inner": "intermediate_size",
    "ffn_hidden_size": "intermediate_size",
    "ffn_dim": "intermediate_size",
    "encoder_ffn_dim": "intermediate_size",
    "d_ff": "intermediate_size",
    "encoder_layers": "num_hidden_layers",
    "depth": "num_hidden_layers",
    "padded_vocab_size": "vocab_size",
    "n_positions": "max_position_embeddings",
    "num_local_experts": "num_experts",
    "n_routed_experts": "num_experts",
    "kv_channels": "head_dim",
    "in_channels": "num_channels",
    "in_chans": "num_channels",
    "dtype": "torch_dtype",
}
_NO_HEAD_DIM = {"qwen"}


def normalised(config: Mapping[str, object]) -> dict[str, object]:
    """The values under Llama's names; null ones are left out."""
    found: dict[str, object] = {}
    kind = text(config, "model_type")
    for name, value in config.items():
        if value is not None and not (name == "kv_channels" and kind in _NO_HEAD_DIM):
            found.setdefault(_RENAMED.get(name, name), value)
    return found


def number(config: Mapping[str, object], name: str, default: int | None = None) -> int:
    """A whole number; of a list the first one. Raises `KeyError` where it is missing and has no default."""
    value = config.get(name)
    if isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if default is None:
        raise KeyError(name)
    return default


def flag(config: Mapping[str, object], name: str, default: bool = False) -> bool:
    """A switch."""
    value = config.get(name)
    return value if isinstance(value, bool) else default


def text(config: Mapping[str, object], name: str) -> str:
    """A text; empty where it is missing."""
    value = config.get(name)
    return value if isinstance(value, str) else ""


def mapping(config: Mapping[str, object], name: str) -> dict[str, object]:
    """A nested config, normalised; empty where it is missing."""
    value = config.get(name)
    return normalised(value) if isinstance(value, Mapping) else {}


def layer_runs(config: Mapping[str, object], build: Callable[[int], Layer]) -> tuple[Layer, ...]:
    """All layers, equal neighbours put together."""
    runs: list[Layer] = []
    for index in range(number(config, "num_hidden_layers")):
        layer = build(index)
        if runs and replace(runs[-1], count=1) == layer:
            runs[-1] = replace(runs[-1], count=runs[-1].count + 1)
        else:
            runs.append(layer)
    return tuple(runs)
