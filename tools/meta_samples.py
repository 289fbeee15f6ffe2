"""Models on the meta device under many config values: what `refresh_inventories.py` learns from. Needs torch and transformers."""

import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CLASSES = ("AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModel")
KINDS = {"Linear": "linear", "Embedding": "embedding", "Conv1D": "conv1d", "Conv2d": "conv", "Conv3d": "conv"}
DEPTHS = re.compile(r"(?:^|\.)(?:num_hidden_layers|n_layers?|num_layers|depth|encoder_layers|decoder_layers|num_blocks)$")
LAYERS = 6
_IGNORED = re.compile(
    r"(?:^|\.)(?:\w*token_ids?|\w*_token_index|\w*_id|seed|chunk_size_feed_forward|no_repeat_ngram_size|num_beams\w*|max_length|min_length"
    r"|num_labels|output_\w+|return_dict\w*|use_cache|is_decoder|is_encoder_decoder|add_cross_attention|torchscript|use_return_dict"
    r"|initializer_\w+|max_window_layers|pretraining_tp|tie_encoder_decoder|use_bfloat16|cross_attention_hidden_size|router_jitter\w*"
    r"|sliding_window|original_max_position_embeddings|fps|tokens_per_second|top_k|vocab_size_per_layer_input_x)$"
)
FIXED = {
    "minicpmv4_6": ("merger_times",), "minicpmv4_7": ("merger_times",), "minicpm_ocr": ("merger_times",),
    "deepseek_v2": ("mlp_bias",), "deepseek_v3": ("mlp_bias",),
    "falcon": ("new_decoder_architecture", "multi_query"),
}  # fmt: skip
"""Switches by which shapes change in ways that no formula here says: entries hold for one value of them, and say so."""
_NOT_NESTED = re.compile(r"rope|quantization|id2label|label2id|task_specific")


@dataclass(slots=True)
class Sample:
    """A model that was built."""

    fields: dict[str, Any]
    """Config values as transformers resolved them, flat: whole numbers, switches, None, lists."""
    tensors: dict[str, tuple[int, ...]]
    kinds: dict[str, str]
    """The kind of each parameter's module, by module name."""
    includes: dict[str, str]
    """Prefixes of submodels whose type the config chooses (`text_config` may be of any model), with the nested config's name."""
    lists: frozenset[str] = frozenset()
    """Names of module lists, whose numbers stand for layers or experts."""
    nested: dict[str, str] = field(default_factory=dict)
    """The types of the submodels of free type."""
    model_class: str = ""
    base: str = ""


@dataclass(slots=True)
class Type:
    """A `model_type` under study."""

    name: str
    base: dict[str, Any] = field(default_factory=dict)
    """Nested config values that every sample starts from."""
    pairs: frozenset[str] = frozenset()
    """Sizes that the config gives per axis, as two equal numbers."""

    def built(self, changes: dict[str, Any]) -> Sample | None:
        """The sample with some flat fields set otherwise; None where transformers refuses it."""
        try:
            values = changed(self.base, self.listed(changes))
            return sample(self.name, values) if divisible(flat(values)) else None
        except Exception:  # whatever a config or a model class raises
            return None

    def listed(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The changes with sizes per axis as the config has them."""
        return {name: [value, value] if name in self.pairs and isinstance(value, int) else value for name, value in changes.items()}

    def resolved(self, changes: dict[str, Any], without: str) -> dict[str, Any] | None:
        """The config values without building the model, one field not given."""
        try:
            return flat(config_of(self.name, changed(dropped(self.base, without), changes)).to_dict())
        except Exception:
            return None


def config_of(name: str, values: dict[str, Any]) -> Any:
    """The config object of these nested values."""
    import transformers

    return transformers.AutoConfig.for_model(name, **copy.deepcopy(values))


def sample(name: str, values: dict[str, Any]) -> Sample:
    """The model of these config values on the meta device."""
    import torch
    import transformers

    config = config_of(name, values)
    for each in CLASSES:
        auto = getattr(transformers, each, None)
        if auto is not None and type(config) in auto._model_mapping:
            break
    else:
        raise LookupError(f"no class for {name}")
    with torch.device("meta"):
        model = auto.from_config(config, attn_implementation="eager")
    model.tie_weights()
    includes = dict(_chosen_by_config(model))
    modules = dict(model.named_modules())
    kinds: dict[str, str] = {}
    tensors: dict[str, tuple[int, ...]] = {}
    for full, parameter in model.named_parameters():
        if any(full.startswith(prefix) for prefix in includes):
            continue
        owner = full.rpartition(".")[0]
        tensors[full] = tuple(parameter.shape)
        kinds[owner] = _kind(modules[owner])
    prefix = model.base_model_prefix
    base = f"{prefix}." if prefix and any(full.startswith(f"{prefix}.") for full in tensors) else ""
    lists = frozenset(each for each, module in modules.items() if type(module).__name__ in ("ModuleList", "ParameterList"))
    nested = {each: getattr(model.config, each).model_type for each in includes.values()}
    return Sample(flat(model.config.to_dict()), tensors, kinds, includes, lists, nested, type(model).__name__, base)


def _kind(module: Any) -> str:
    from torch import nn

    if isinstance(module, nn.Linear):
        return "linear"
    if isinstance(module, nn.Embedding):
        return "embedding"
    return next((kind for each, kind in KINDS.items() if type(module).__name__ == each), "other")


def _chosen_by_config(model: Any) -> Iterator[tuple[str, str]]:
    """Submodels made by an Auto class from a nested config whose type is free."""
    from transformers import AutoConfig, PreTrainedModel

    free = [name for name, cls in getattr(model.config, "sub_configs", {}).items() if cls is AutoConfig]
    taken: list[str] = []
    for name, module in model.named_modules():
        if not name or not isinstance(module, PreTrainedModel) or any(name.startswith(each) for each in taken):
            continue
        for nested in free:
            if module.config is getattr(model.config, nested, None) or (
                getattr(module.config, "model_type", 1) == getattr(getattr(model.config, nested, None), "model_type", 2)
            ):
                taken.append(f"{name}.")
                yield f"{name}.", nested
                break


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Whole numbers, switches, Nones and lists of a nested config, by dotted name."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            if name.endswith("_config") and not _NOT_NESTED.search(name):
                found |= flat(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, (bool, int)):
            found[prefix + name] = value
        elif isinstance(value, (list, tuple)) and len(value) == 2 and value[0] == value[1] and name.endswith("_size"):
            found[prefix + name] = value[0]  # a size given per axis
        elif isinstance(value, (list, tuple)) and all(isinstance(each, (int, str)) and not isinstance(each, bool) for each in value):
            found[prefix + name] = list(value)
    return found


_WIDTHS = ("hidden_size", "n_embd", "d_model", "embed_dim", "n_embed")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads")


def divisible(fields: dict[str, Any]) -> bool:
    """Whether heads divide widths: formulas are over exact divisions."""
    for name, heads in fields.items():
        part, _, last = name.rpartition(".")
        if last in _HEADS and isinstance(heads, int) and heads:
            for width in _WIDTHS:
                size = fields.get(f"{part}.{width}" if part else width)
                if isinstance(size, int) and size % heads:
                    return False
        patch = fields.get(f"{part}.patch_size" if part else "patch_size")
        if last == "image_size" and isinstance(heads, int) and isinstance(patch, int) and patch and heads % patch:
            return False
    return True


def changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Nested values with some flat fields set."""
    made = copy.deepcopy(values)
    for name, value in changes.items():
        *above, last = name.split(".")
        at = made
        for each in above:
            at = at.setdefault(each, {})
        at[last] = value
    return made


def dropped(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Nested values without a flat field."""
    made = copy.deepcopy(values)
    *above, last = name.split(".")
    at = made
    for each in above:
        at = at.get(each, {})
    at.pop(last, None)
    return made


def study(name: str) -> Type:
    """The type with a base of its own defaults, few layers, every whole number and switch given explicitly."""
    defaults = config_of(name, {})
    first = flat(defaults.to_dict())
    nested = {each: getattr(defaults, each).model_type for each in defaults.sub_configs if getattr(defaults, each, None) is not None}
    shallow = {field: LAYERS for field, value in first.items() if DEPTHS.search(field) and isinstance(value, int) and value > LAYERS}
    base = changed({}, {**{f"{each}.model_type": kind for each, kind in nested.items()}, **shallow})
    resolved = flat(config_of(name, base).to_dict())
    pairs = frozenset(per_axis(config_of(name, base).to_dict()))
    explicit = {field: value for field, value in resolved.items() if isinstance(value, int) and not _IGNORED.search(field)}
    for each, value in resolved.items():
        part, _, last = each.rpartition(".")
        width = resolved.get(f"{part}.hidden_size" if part else "hidden_size")
        head = f"{part}.head_dim" if part else "head_dim"
        if last == "num_attention_heads" and value and width and width % value:
            explicit[f"{part}.hidden_size" if part else "hidden_size"] = width = value * 64
        patch = resolved.get(f"{part}.patch_size" if part else "patch_size")
        if last == "image_size" and isinstance(value, int) and isinstance(patch, int) and patch and value % patch:
            explicit[each] = value // patch * patch
        if last == "num_attention_heads" and value and width and not resolved.get(head):
            explicit[head] = width // value
    found = Type(name, base, pairs)
    found.base = changed(base, found.listed(explicit))
    if found.built({}) is None:
        found.base = base
    return found


def per_axis(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The sizes that are lists of two equal numbers."""
    for name, value in values.items():
        if isinstance(value, dict) and name.endswith("_config"):
            yield from per_axis(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)) and len(value) == 2 and value[0] == value[1] and name.endswith("_size"):
            yield prefix + name


def perturbed(field: str, value: int) -> list[int]:
    """Values to try for a whole number: doubled and tripled, more layers by one and two."""
    if DEPTHS.search(field):
        return [value + 1, value + 2]
    return [value * 2, value * 3, value * 4, max(value // 2, 1)] if value else [1, 2]


def random_changes(fields: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """About a third of the fields set otherwise at once."""
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if chance.random() > 0.35 or value is None or isinstance(value, list):
            continue
        if isinstance(value, bool):
            made[name] = chance.random() < 0.5
        elif value:
            made[name] = value + chance.randint(0, 3) if DEPTHS.search(name) else value * chance.choice((1, 2, 3, 4))
    return made


def studied_fields(found: Sample, kind: str) -> dict[str, Any]:
    """The fields that are worth perturbing."""
    fixed = FIXED.get(kind, ())
    return {name: value for name, value in found.fields.items() if not _IGNORED.search(name) and name not in fixed}
