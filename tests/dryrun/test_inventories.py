"""Counts without torch: equal, parameter by parameter, to what transformers builds, and to what PEFT trains."""

import json
from typing import Any

import pytest
import torch
import transformers

from lintune.dryrun.count import count
from lintune.dryrun.protocol import Json, Request
from lintune.models.adapter_counts import Adapter, count_adapter
from lintune.models.from_inventory import model_from_inventory
from lintune.models.inventories import known_types, modules_of

CLASSES = ("AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModel")
NATIVE = sorted(kind for kind in known_types() if kind in transformers.models.auto.configuration_auto.CONFIG_MAPPING)
DEPTHS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "depth", "encoder_layers")
LAYERS = 4


def shallow(kind: str) -> dict[str, Any]:
    """A config.json that leaves everything but the number of layers to the type's defaults."""
    default = transformers.AutoConfig.for_model(kind)
    values: dict[str, Any] = {"model_type": kind}
    for name in ("", *default.sub_configs):
        config = getattr(default, name, None) if name else default
        found = (
            {each: LAYERS for each in DEPTHS if isinstance(getattr(config, each, None), int) and each in config.to_dict()} if config else {}
        )
        if name and found:
            values[name] = {**found, "model_type": config.model_type}
        elif not name:
            values |= {each: size for each, size in found.items() if each not in config.attribute_map}
    if getattr(default, "head_dim", 1) is None:  # some types do not build from their own defaults
        values["head_dim"] = 64
    return values


def built(values: dict[str, Any]) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """The config object and the parameters of the model that transformers makes of it."""
    config = transformers.AutoConfig.for_model(**json.loads(json.dumps(values)))
    auto = next(auto for name in CLASSES if type(config) in (auto := getattr(transformers, name))._model_mapping)
    with torch.device("meta"):
        model = auto.from_config(config, attn_implementation="eager")
    model.tie_weights()
    return model.config, {name: tuple(each.shape) for name, each in model.named_parameters()}


def counted(values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The same from the inventory."""
    return {f"{module.name}.{name}": shape for module in modules_of(values) for name, shape in module.shapes}


def test_many_types_are_known() -> None:
    """At least 60 architectures of transformers."""
    assert len(NATIVE) >= 60


@pytest.mark.parametrize("kind", NATIVE)
def test_every_parameter_of_a_type(kind: str) -> None:
    """Names and shapes, from the defaults and from a whole config.json; and the model that memory is computed from has their sum."""
    values = shallow(kind)
    config, theirs = built(values)
    assert counted(values) == theirs
    whole = json.loads(config.to_json_string(use_diff=False))
    assert counted(whole) == theirs
    total = sum(torch.Size(shape).numel() for shape in theirs.values())
    assert model_from_inventory(whole).params == total


TARGETS = ("q_proj", "v_proj")
PLAIN = (
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "olmo2",
    "granite",
    "stablelm",
    "smollm3",
    "cohere",
    "ernie4_5",
    "seed_oss",
)
VISION = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "gemma3", "paligemma", "llava", "llava_next", "mistral3")
SETTINGS: dict[str, tuple[Adapter, dict[str, Json]]] = {
    "list": (Adapter(8, TARGETS), {}),
    "expression": (Adapter(4, r".*layers\.[02]\.mlp\.(up|down)_proj"), {}),
    "all-linear": (Adapter(16, "all-linear"), {}),
    "dora": (Adapter(8, TARGETS, dora=True), {"adapter.kind": "dora"}),
    "saved": (Adapter(8, TARGETS, saved=("embed_tokens", "lm_head")), {"adapter.modules_to_save": ["embed_tokens", "lm_head"]}),
    "layers": (Adapter(8, TARGETS, layers=(0, 3)), {"adapter.layers": [0, 3]}),
    "bias": (Adapter(8, TARGETS, bias="all"), {"adapter.bias": "all"}),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", [*PLAIN, *VISION])
def test_what_an_adapter_trains(kind: str, setting: str) -> None:
    """As PEFT counts it on the model itself."""
    adapter, more = SETTINGS[setting]
    values = shallow(kind)
    targets: Json = list(adapter.targets) if isinstance(adapter.targets, tuple) else adapter.targets
    request = Request(
        values={"adapter.kind": "lora", "adapter.rank": adapter.rank, "adapter.targets": targets, **more}, model_config=values
    )
    facts = count(request).facts
    if "dry_run.trainable_params" not in facts:
        assert not count_adapter(modules_of(values), adapter).modules, facts["dry_run.adapter.refused"]
        return
    assert count_adapter(modules_of(values), adapter).trainable == facts["dry_run.trainable_params"]
