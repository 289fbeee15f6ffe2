"""A config of the same classes with fewer layers and narrower ones, small enough for one step on the CPU."""

from collections.abc import Iterator
from typing import Any

LAYERS = 2
HEADS = 2
EXPERTS = 4
_WIDTHS = ("intermediate_size", "moe_intermediate_size", "shared_expert_intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim")
_WIDEST = 256
_DEPTHS = ("num_hidden_layers", "n_layer", "num_layers", "depth", "n_layers", "encoder_layers", "decoder_layers")
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
_CHOSEN = ("num_experts_per_tok", "moe_topk", "moe_k")
_VISION = ("vision_config", "audio_config", "encoder_config")


def shrink(config: Any) -> list[str]:
    """Shrink a config object in place; returns what was changed, as `num_hidden_layers 28 -> 2`.

    Head dimensions, vocabularies and the widths of vision towers stay: rotary sections, special tokens and patches depend on them.
    """
    changes: list[str] = []
    text = _text(config)
    changes += fewer_layers(config)
    _narrower(text, changes)
    for vision in _visions(config):
        hidden = getattr(text, "hidden_size", None)
        # the width in which the tower hands on what it saw; where the tower's own is `embed_dim` (Qwen2-VL), it is `hidden_size`
        name = "hidden_size" if hasattr(vision, "embed_dim") else "out_hidden_size"
        if hidden and getattr(vision, name, None) is not None:
            _put(vision, name, hidden, changes)
    return changes


def fewer_layers(config: Any) -> list[str]:
    """Only cut the depth, for classes whose widths depend on each other in ways of their own."""
    changes: list[str] = []
    least = max(LAYERS, *(len(indexes) for each in _configs(config) for _, indexes in _taps(each)), 0)
    for each in _configs(config):
        _fewer_layers(each, least, changes)
    return changes


def mend(config: Any) -> list[str]:
    """Bring special tokens that a partial config leaves at a class's default inside the vocabulary; returns what was changed."""
    text, changes = _text(config), list[str]()
    vocab = _number(text, "vocab_size")
    for name in list(vars(config)):
        if name.endswith(("_token_id", "_token_index")) and vocab and _number(config, name) >= vocab:
            _put(config, name, vocab - 1, changes)
    return changes


def _configs(config: Any) -> Iterator[Any]:
    """A config and those nested in it."""
    yield config
    for value in list(vars(config).values()):
        if hasattr(value, "to_dict") and hasattr(value, "model_type"):
            yield from _configs(value)


def _visions(config: Any) -> Iterator[Any]:
    for name in _VISION:
        found = getattr(config, name, None)
        if found is not None and hasattr(found, "to_dict"):
            yield found


def _text(config: Any) -> Any:
    getter = getattr(config, "get_text_config", None)
    return getter() if getter is not None else config


def _fewer_layers(config: Any, least: int, changes: list[str]) -> None:
    """Keep the first layers; lists that go with the layers are cut too."""
    depth = next((getattr(config, name) for name in _DEPTHS if _whole(getattr(config, name, None))), 0)
    kept = min(depth, max(_period(config), least))
    for name in _DEPTHS:
        if _whole(getattr(config, name, None)):
            _put(config, name, min(getattr(config, name), kept), changes)
    for name, value in list(vars(config).items()):
        if isinstance(value, list) and len(value) == depth > kept:
            setattr(config, name, value[:kept])
    for name, indexes in _taps(config):
        setattr(config, name, list(range(len(indexes))))
    if _whole(getattr(config, "first_k_dense_replace", None)):
        _put(config, "first_k_dense_replace", min(config.first_k_dense_replace, kept - 1), changes)


def _taps(config: Any) -> list[tuple[str, list[Any]]]:
    """Lists of layers whose outputs are handed on, so that as many must stay."""
    endings = ("_block_indexes", "_visual_indexes")
    return [(name, list(value)) for name, value in vars(config).items() if name.endswith(endings) and isinstance(value, (list, tuple))]


def _period(config: Any) -> int:
    """As many layers as it takes to have every kind of layer once."""
    kinds = getattr(config, "layer_types", None)
    if not isinstance(kinds, list) or not kinds:
        return 1
    return max(kinds.index(kind) for kind in set(kinds)) + 1


def _narrower(config: Any, changes: list[str]) -> None:
    """Fewer heads of the same width, a smaller hidden size, fewer and narrower experts."""
    heads, hidden = _number(config, "num_attention_heads"), _number(config, "hidden_size")
    if hidden and heads > HEADS:
        head_width = getattr(config, "head_dim", None) or hidden // heads
        keys = getattr(config, "num_key_value_heads", None)
        if _whole(keys):
            _put(config, "num_key_value_heads", HEADS if keys == heads else 1, changes)
        _put(config, "num_attention_heads", HEADS, changes)
        _put(config, "hidden_size", HEADS * max(head_width, 32), changes)
    for name in _WIDTHS:
        if _whole(getattr(config, name, None)):
            _put(config, name, min(getattr(config, name), _WIDEST), changes)
    for name in _EXPERTS:
        if _whole(getattr(config, name, None)):
            _put(config, name, min(getattr(config, name), EXPERTS), changes)
    for name in _CHOSEN:
        if _whole(getattr(config, name, None)):
            _put(config, name, min(getattr(config, name), 2), changes)
    for name, one in (("n_group", 1), ("topk_group", 1)):
        if _whole(getattr(config, name, None)):
            _put(config, name, one, changes)


def _put(config: Any, name: str, value: int, changes: list[str]) -> None:
    before = getattr(config, name)
    if before != value:
        setattr(config, name, value)
        changes.append(f"{name} {before} -> {value}")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _number(config: Any, name: str) -> int:
    """A whole number of a config; 0 where there is none."""
    value = getattr(config, name, None)
    return value if isinstance(value, int) and _whole(value) else 0
