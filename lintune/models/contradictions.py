"""What a config.json says of sizes that cannot be: the model would not be built, or not as it says."""

from collections.abc import Iterator, Mapping

from lintune.models.reading import normalised
from lintune.models.traits import TRAITS

MOST_LAYERS = 2_000
MOST_EXPERTS = 20_000
LARGEST = 10**9
"""More than any width, vocabulary or number of heads."""
MOST_DEEP = 8
_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "head_dim", "intermediate_size")
_NESTED = ("text_config", "llm_config", "vision_config", "audio_config", "thinker_config")


def contradictions(config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Keys with one sentence each; a sentence names the values as the file has them."""
    if not any(isinstance(config.get(name), str | list | Mapping) and config[name] for name in ("model_type", "auto_map", "architectures")):
        yield "model_type", "it names no `model_type` and no `architectures`"
    yield from _of(config, 0)


def _of(config: Mapping[str, object], depth: int) -> Iterator[tuple[str, str]]:
    values = normalised(config)
    names = _names(config)
    yield from _impossible(values, names)
    yield from _indivisible(values, names)
    layers, kinds = values.get("num_hidden_layers"), values.get("layer_types")
    if _whole(layers) and isinstance(kinds, list) and len(kinds) != layers:
        yield "layer_types", f"`layer_types` lists {len(kinds)} layers, `{names['num_hidden_layers']}` is {layers}"
    for nested in _NESTED:
        inner = config.get(nested)
        if isinstance(inner, Mapping) and depth < MOST_DEEP:
            yield from _of(inner, depth + 1)


def _names(config: Mapping[str, object]) -> dict[str, str]:
    """By Llama's names, what the file calls them."""
    found: dict[str, str] = {}
    for name, value in config.items():
        for common in normalised({name: value, "model_type": config.get("model_type")}):
            if common != "model_type":
                found.setdefault(common, name)
    return found


def _impossible(values: Mapping[str, object], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in _SIZES:
        value = values.get(name)
        if value is None or isinstance(value, list):
            continue
        if not _whole(value):
            yield names[name], f"`{names[name]}` is {str(value)[:40]}; a whole number above 0 is expected"
    for name, most in (("num_hidden_layers", MOST_LAYERS), ("num_experts", MOST_EXPERTS), *((name, LARGEST) for name in _SIZES)):
        value = values.get(name)
        if isinstance(value, int) and value > most:
            yield names[name], f"`{names[name]}` is {value}, more than any model has"


def _indivisible(values: Mapping[str, object], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Heads that share neither the width nor the key heads evenly, in the families of which that is known."""
    hidden, heads, keys = (values.get(name) for name in ("hidden_size", "num_attention_heads", "num_key_value_heads"))
    if str(values.get("model_type")) not in TRAITS or "kv_lora_rank" in values or not (isinstance(heads, int) and heads > 0):
        return
    if isinstance(hidden, int) and "head_dim" not in values and hidden % heads:
        yield names["num_attention_heads"], f"`{names['hidden_size']}` {hidden} is no multiple of `{names['num_attention_heads']}` {heads}"
    if isinstance(keys, int) and keys > 0 and heads % keys:
        key = names["num_key_value_heads"]
        yield key, f"`{names['num_attention_heads']}` {heads} is no multiple of `{key}` {keys}"


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
