"""Inventories: formulas and conditions, totals of known models, families with code of their own, and what adapters train."""

import json
from pathlib import Path

import pytest

from lintune.models.adapter_counts import Adapter, BadTarget, count_adapter
from lintune.models.catalogue import find_config, find_model
from lintune.models.decoder import UnknownArchitecture
from lintune.models.from_inventory import model_from_inventory
from lintune.models.inventories import MOST_MODULES, NoInventory, evaluated, known_types, literal_holds, modules_of, modules_of_entry
from lintune.models.multimodal import model_of

HERE = Path(__file__).resolve()
ENTRIES = json.loads((HERE.parents[2] / "models" / "known.json").read_text(encoding="utf-8"))["models"]
PUBLISHED = json.loads((HERE.parent / "published_totals.json").read_text(encoding="utf-8"))
BARE = {"bert", "roberta"}
"""Known without any head, as classifiers start from them."""
SOME_TYPES = {
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma3",
    "qwen2_5_vl",
    "qwen3_vl",
    "llava",
    "deepseek_v3",
    "gpt_oss",
    "minicpmv",
    "internvl_chat",
}


def covered(config: dict[str, object]) -> bool:
    """Whether there is an inventory that claims to hold for a config."""
    try:
        modules_of(config)
    except NoInventory:
        return False
    return config["model_type"] not in BARE


def total(config: dict[str, object]) -> int:
    """All parameters by the inventory."""
    return sum(module.params for module in modules_of(config))


def test_what_is_there() -> None:
    """Generated types and those of code that transformers lacks."""
    assert known_types() >= SOME_TYPES and len(known_types()) >= 100
    assert sum(covered(entry["config"]) for entry in ENTRIES) >= 175


@pytest.mark.parametrize("entry", [each for each in ENTRIES if covered(each["config"])], ids=lambda entry: entry["ids"][0])
def test_known_models(entry: dict[str, object]) -> None:
    """The inventory of a type gives the total that the table carries for each of its models."""
    assert total(entry["config"]) == entry["params"]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in PUBLISHED["totals"] if "bert" not in name])
def test_published_totals_without_torch(name: str) -> None:
    """What model cards' weight files state, less what they store beside the parameters."""
    known = find_model(name)
    assert known is not None and known.model.params == PUBLISHED["totals"][name][0] - PUBLISHED["stored_beside"].get(name, [0])[0]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("openbmb/MiniCPM-V-2_6", 8099175152),
        ("openbmb/MiniCPM-Llama3-V-2_5", 8537092336),
        ("OpenGVLab/InternVL2_5-8B", 8075365376),
        ("OpenGVLab/InternVL2_5-1B", 938193024),
        ("internlm/internlm2_5-7b-chat", 7737708544),
    ],
)
def test_code_that_transformers_lacks(name: str, params: int) -> None:
    """Published totals of families that bring their own code."""
    found = find_config(name)
    assert found is not None and total(found[1]) == params


def test_a_config_of_minicpmv_as_it_is_published() -> None:
    """The language model's values stand at the top, and the version says which it is."""
    config = {
        "model_type": "minicpmv", "version": 2.6, "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 151666, "query_num": 64, "tie_word_embeddings": False,
        "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304, "patch_size": 14, "image_size": 980},
    }  # fmt: skip
    names = {module.name for module in modules_of(config)}
    assert total(config) == 8099175152
    assert {"llm.model.embed_tokens", "vpm.encoder.layers.26.self_attn.q_proj", "resampler.attn", "llm.lm_head"} <= names


def test_names_are_those_of_the_model() -> None:
    """Every module with its kind and shapes."""
    config = {"model_type": "qwen2", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 4,
              "num_key_value_heads": 2, "vocab_size": 10, "tie_word_embeddings": True}  # fmt: skip
    found = {module.name: (module.kind, dict(module.shapes)) for module in modules_of(config)}
    assert found["model.layers.0.self_attn.k_proj"] == ("linear", {"weight": (4, 8), "bias": (4,)})
    assert found["model.embed_tokens"] == ("embedding", {"weight": (10, 8)})
    assert "lm_head" not in found
    assert "lm_head" in {module.name for module in modules_of({**config, "tie_word_embeddings": False})}


@pytest.mark.parametrize(
    ("formula", "value"), [("7", 7), ("a", 6), ("2*a*b", 48), ("a*b/2", 12), ("a+2*b", 14), ("c:b*c:b+1", 5), ("a-b", 2), ("l#", 3)]
)
def test_formulas(formula: str, value: int) -> None:
    """Sums of products; divisions; ratios that are rounded down; lengths of lists."""
    assert evaluated(formula, {"a": 6, "b": 4, "c": 11, "l": [1, 2, 3]}) == value


def test_a_field_that_is_missing() -> None:
    """It is named."""
    with pytest.raises(NoInventory, match="`hidden_size` is missing"):
        evaluated("hidden_size*2", {})


@pytest.mark.parametrize(
    ("literal", "numbers", "holds"),
    [
        (["is", "on", True], (), True),
        (["is", "off", True], (), False),
        (["given", "none", False], (), True),
        (["below", 0, "two"], (1,), True),
        (["from", 0, "two"], (1,), False),
        (["every", 0, "two", 1], (1,), True),
        (["not-every", 0, "two", 1], (2,), True),
        (["kind", 0, "kinds", "conv"], (1,), True),
        (["among", 0, "some"], (3,), True),
        (["not-among", 0, "some"], (0,), True),
        (["not-all", [["is", "on", True], ["below", 0, "two"]]], (5,), True),
        (["more", "two", 1], (), True),
        (["parity", 0, 1], (3,), True),
        (["from-number", 0, 2], (1,), False),
    ],
)
def test_conditions(literal: list[object], numbers: tuple[int, ...], holds: bool) -> None:
    """For which layers and under which switches a parameter is there."""
    fields = {"on": True, "off": False, "none": None, "two": 2, "kinds": ["attention", "conv"], "some": [3]}
    assert literal_holds(literal, numbers, fields) is holds  # type: ignore[arg-type]


def test_an_unknown_condition_is_refused() -> None:
    """One of a later version is not passed over."""
    with pytest.raises(NoInventory):
        literal_holds(["later", 1], (), {})


@pytest.mark.parametrize(
    "config", [{"model_type": "no_such"}, {}, {"model_type": 3}, {"model_type": "llama", "num_hidden_layers": MOST_MODULES + 1}]
)
def test_no_inventory(config: dict[str, object]) -> None:
    """An unknown type, none, and a config that asks for more modules than any model has."""
    with pytest.raises(NoInventory):
        modules_of(config)


def test_a_fixed_switch() -> None:
    """Shapes that are known for one value of a switch are not claimed for another."""
    entry: dict[str, object] = {"modules": [["a", "linear", [["weight", ["n", "n"]]]]], "defaults": {"n": 2}, "fixed": {"merge": 1}}
    assert [module.params for module in modules_of_entry(entry, {"merge": 1})] == [4]
    with pytest.raises(NoInventory, match="`merge` 1 only"):
        list(modules_of_entry(entry, {"merge": 2}))


def test_a_type_without_code_of_its_own_has_a_model() -> None:
    """What memory needs comes from the inventory: layers, roles, widths."""
    config = {"model_type": "helium", "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
              "intermediate_size": 96, "head_dim": 16, "vocab_size": 100, "tie_word_embeddings": False}  # fmt: skip
    model = model_of(config)
    (layer,) = model.llm.layers
    assert (layer.count, layer.queries, layer.keys, layer.inner, layer.gated, layer.norms) == (3, 64, 32, 96, True, 2)
    assert model.params == total(config) and model.embed == 6400 and not model.tied
    assert {linear.role for linear in layer.linears} == {"q", "k", "v", "o", "gate", "up", "down"}
    with pytest.raises(UnknownArchitecture, match="brand_new"):
        model_of({"model_type": "brand_new"})


@pytest.mark.parametrize(
    "name", ["meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-VL-7B-Instruct", "google/gemma-2b", "openai-community/gpt2"]
)
def test_shapes_agree_with_those_written_by_hand(name: str) -> None:
    """Two ways to the same model: parts, layers, linear layers and their roles."""
    config, known = find_config(name), find_model(name)
    assert config is not None and known is not None
    mine = model_from_inventory(config[1])
    for part in ("params", "embed", "head_params", "vision_params", "projector_params", "tied", "vocab"):
        assert getattr(mine, part) == getattr(known.model, part), part
    assert mine.llm == known.model.llm
    if known.model.vision:
        assert mine.vision is not None and mine.vision.stack == known.model.vision.stack


@pytest.mark.parametrize(
    ("name", "adapter", "trainable"),
    [
        ("meta-llama/Llama-2-7b-hf", Adapter(8, ("q_proj", "v_proj")), 4194304),
        ("meta-llama/Llama-2-7b-hf", Adapter(16, "all-linear"), 39976960),
        ("meta-llama/Llama-2-7b-hf", Adapter(8, ("q_proj", "v_proj"), dora=True), 4456448),
        ("meta-llama/Llama-2-7b-hf", Adapter(8, ("q_proj", "v_proj"), saved=("lm_head", "embed_tokens")), 4194304 + 2 * 131072000),
        ("meta-llama/Llama-2-7b-hf", Adapter(8, ("q_proj",), layers=(0, 1)), 131072),
        ("meta-llama/Llama-2-70b-hf", Adapter(64, "all-linear"), 828375040),
        ("Qwen/Qwen2.5-VL-7B-Instruct", Adapter(8, "all-linear"), 25912320),
        ("meta-llama/Llama-2-7b-hf", Adapter(8, ("nothing",)), 0),
    ],
)
def test_what_an_adapter_trains(name: str, adapter: Adapter, trainable: int) -> None:
    """PEFT's own counts (0.21.2, on the meta device)."""
    found = find_config(name)
    assert found is not None and count_adapter(modules_of(found[1]), adapter).trainable == trainable


def test_a_costly_expression_is_not_tried() -> None:
    """It comes from the repository under check."""
    with pytest.raises(BadTarget):
        count_adapter((), Adapter(8, "(a+)+b"))
