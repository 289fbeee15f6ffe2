"""Counts: equal to published totals, to what PEFT itself prints, and to the trained sets that scripts are known to make."""

import copy
import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers

from lintune.dryrun.count import count
from lintune.dryrun.protocol import Json, Request

PUBLISHED = json.loads((Path(__file__).resolve().parents[1] / "models" / "published_totals.json").read_text(encoding="utf-8"))
BARE = ("google-bert/bert-base-uncased", "google-bert/bert-large-uncased")
"""Their published totals are of the encoder without any head, which nobody fine-tunes."""
TEXT: dict[str, Json] = {
    "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "vocab_size": 96,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
TOWER: dict[str, Json] = {
    "model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 28, "patch_size": 14, "projection_dim": 32,
}  # fmt: skip
TINY: dict[str, dict[str, Json]] = {
    "llama": {**TEXT, "model_type": "llama"},
    "qwen2": {**TEXT, "model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": {**TEXT, "model_type": "qwen3", "head_dim": 16},
    "mistral": {**TEXT, "model_type": "mistral"},
    "gemma2": {**TEXT, "model_type": "gemma2", "head_dim": 12},
    "olmo2": {**TEXT, "model_type": "olmo2"},
    "llava": {"model_type": "llava", "text_config": {**TEXT, "model_type": "llama"}, "vision_config": TOWER, "image_token_index": 90},
}
TARGETS = ["q_proj", "v_proj"]
ADAPTERS: dict[str, tuple[dict[str, Json], Any]] = {
    "list": ({"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": TARGETS}, peft.LoraConfig(r=4, target_modules=TARGETS)),
    "regex": (
        {"adapter.kind": "lora", "adapter.rank": 2, "adapter.targets": r".*layers\.[01]\.mlp\.(up|down)_proj"},
        peft.LoraConfig(r=2, target_modules=r".*layers\.[01]\.mlp\.(up|down)_proj"),
    ),
    "all-linear": (
        {"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": "all-linear"},
        peft.LoraConfig(r=4, target_modules="all-linear"),
    ),
    "dora": (
        {"adapter.kind": "dora", "adapter.rank": 4, "adapter.targets": TARGETS},
        peft.LoraConfig(r=4, target_modules=TARGETS, use_dora=True),
    ),
    "saved": (
        {"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": TARGETS, "adapter.modules_to_save": ["lm_head"]},
        peft.LoraConfig(r=4, target_modules=TARGETS, modules_to_save=["lm_head"]),
    ),
    "layers": (
        {"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": TARGETS, "adapter.layers": [0, 2]},
        peft.LoraConfig(r=4, target_modules=TARGETS, layers_to_transform=[0, 2]),
    ),
    "bias": (
        {"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": TARGETS, "adapter.bias": "all"},
        peft.LoraConfig(r=4, target_modules=TARGETS, bias="all"),
    ),
    "vera": ({"adapter.kind": "vera", "adapter.rank": 8, "adapter.targets": ["q_proj"]}, peft.VeraConfig(r=8, target_modules=["q_proj"])),
    "ia3": (
        {"adapter.kind": "ia3", "adapter.targets": ["k_proj", "down_proj"]},
        peft.IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"]),
    ),
    "prompt": (
        {"adapter.kind": "prompt_tuning", "adapter.tokens": 6},
        peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=6),
    ),
}
PAIRS = [(model, adapter) for model in TINY for adapter in ADAPTERS if not (model == "llava" and adapter == "prompt")]


def facts(values: dict[str, Json], config: dict[str, Json] | None = None) -> dict[str, Json]:
    """The facts that a count gives."""
    result = count(Request("count", values, model_config=config))
    assert result.ok
    return result.facts


@pytest.mark.parametrize("name", [name for name in PUBLISHED["totals"] if name not in BARE])
def test_total_is_the_published_one(name: str) -> None:
    """To the parameter; what a checkpoint stores beside the parameters is named in the table."""
    beside = PUBLISHED["stored_beside"].get(name, [0])[0]
    assert facts({"model.id": name})["dry_run.total_params"] + beside == PUBLISHED["totals"][name][0]  # type: ignore[operator]


@pytest.mark.parametrize(("model", "adapter"), PAIRS)
def test_trainable_is_what_peft_prints(model: str, adapter: str) -> None:
    """`get_nb_trainable_parameters`, which `print_trainable_parameters` prints, of a real model with real weights."""
    values, config = ADAPTERS[adapter]
    made = transformers.AutoConfig.for_model(**json.loads(json.dumps(TINY[model])))
    auto = transformers.AutoModelForImageTextToText if model == "llava" else transformers.AutoModelForCausalLM
    printed, total = peft.get_peft_model(auto.from_config(made), copy.deepcopy(config)).get_nb_trainable_parameters()
    found = facts(values, TINY[model])
    assert (found["dry_run.trainable_params"], found["dry_run.total_params"]) == (printed, total)


@pytest.mark.parametrize(
    ("name", "values", "trainable"),
    [
        ("meta-llama/Llama-2-7b-hf", {"adapter.targets": TARGETS, "adapter.rank": 8}, 4194304),
        ("meta-llama/Llama-2-7b-hf", {"adapter.targets": "all-linear", "adapter.rank": 16}, 39976960),
        ("Qwen/Qwen2.5-VL-7B-Instruct", {"adapter.targets": "all-linear", "adapter.rank": 8}, 25912320),
        ("meta-llama/Llama-2-70b-hf", {"adapter.targets": "all-linear", "adapter.rank": 64}, 828375040),
        ("mistralai/Mixtral-8x7B-v0.1", {"adapter.targets": ["q_proj", "v_proj"], "adapter.rank": 8}, 3407872),
    ],
)
def test_real_sizes(name: str, values: dict[str, Json], trainable: int) -> None:
    """LoRA on models of real size, as PEFT prints it."""
    assert facts({"model.id": name, "adapter.kind": "lora", **values})["dry_run.trainable_params"] == trainable


@pytest.mark.parametrize(("bits", "double"), [(4, False), (4, True), (8, False)])
def test_quantised_layers_count_their_elements(bits: int, double: bool) -> None:
    """Packing changes no count, which PEFT's own count gets wrong on the meta device; the output head is not packed."""
    plain = facts({"model.id": "meta-llama/Llama-2-7b-hf", "adapter.kind": "lora", "adapter.rank": 8, "adapter.targets": TARGETS})
    values: dict[str, Json] = {"model.quant.method": "bnb", "model.quant.bits": bits, "model.quant.double": double}
    result = count(
        Request(
            values={"model.id": "meta-llama/Llama-2-7b-hf", "adapter.kind": "lora", "adapter.rank": 8, "adapter.targets": TARGETS, **values}
        )
    )
    assert {name: result.facts[name] for name in plain} == plain
    assert any("224 linear layers" in each for each in result.assumptions)


def test_minicpmv_lora_with_its_vision_tower() -> None:
    """finetune.py with `use_lora` and `tune_vision`: LoRA on attention, and full copies of embedding, resampler and the whole tower."""
    found = count(
        Request(
            values={
                "model.id": "openbmb/MiniCPM-V-2_6", "adapter.kind": "lora", "adapter.rank": 64, "tune.llm.mode": "lora",
                "adapter.targets": r"llm\..*layers\.\d+\.self_attn\.(q_proj|k_proj|v_proj|o_proj)",
                "adapter.modules_to_save": ["embed_tokens", "resampler", "vpm"], "tune.embed.mode": "saved_copy",
                "tune.vision.mode": "saved_copy", "tune.projector.mode": "saved_copy", "tune.lm_head.mode": "frozen",
            }
        )
    )  # fmt: skip
    parts = {name.split(".")[2]: value for name, value in found.facts.items() if name.endswith(".trainable")}
    assert parts == {"llm": 40370176, "embed": 543570944, "lm_head": 0, "vision": 417792240, "projector": 68619264}
    assert found.facts["dry_run.total_params"] == 8099175152 + 40370176 + 543570944 + 417792240 + 68619264
    trained = {name for name, (_, trained) in found.detail["modules"].items() if trained}  # type: ignore[union-attr, misc]
    assert {name.split(".")[0] for name in trained} == {"llm", "resampler", "vpm"}
    assert {name for name in trained if name.startswith("llm")} == {
        "llm.model.embed_tokens", *(f"llm.model.layers.*.self_attn.{each}_proj" for each in "qkvo")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("modes", "trained"),
    [
        ({"llm": "frozen", "vision": "frozen", "projector": "full", "embed": "frozen", "lm_head": "frozen"}, {"projector"}),
        ({"llm": "full", "vision": "frozen", "projector": "frozen", "embed": "full", "lm_head": "full"}, {"llm", "embed", "lm_head"}),
        ({"llm": "frozen", "vision": "full", "projector": "full", "embed": "frozen", "lm_head": "frozen"}, {"vision", "projector"}),
        ({}, {"llm", "embed", "lm_head", "vision", "projector"}),
    ],
)
def test_frozen_parts(modes: dict[str, str], trained: set[str]) -> None:
    """A part is trained wholly or not at all."""
    found = facts({f"tune.{part}.mode": mode for part, mode in modes.items()}, TINY["llava"])
    for part in ("llm", "embed", "lm_head", "vision", "projector"):
        params, of_it = found[f"dry_run.parts.{part}.params"], found[f"dry_run.parts.{part}.trainable"]
        assert of_it == (params if part in trained else 0), part


@pytest.mark.parametrize(("mode", "layers"), [("topk:1", (2,)), ("first:2", (0, 1)), ("from:1", (1, 2)), ("topk:9", (0, 1, 2))])
def test_some_layers(mode: str, layers: tuple[int, ...]) -> None:
    """The layers that a mode names, and nothing else."""
    from lintune.dryrun.build import build_model

    values: dict[str, Json] = {"tune.llm.mode": mode, "tune.embed.mode": "frozen", "tune.lm_head.mode": "frozen"}
    model = build_model(Request(values=values, model_config=TINY["llama"])).model
    trained = {name for name, each in model.named_parameters() if each.requires_grad}
    assert {int(name.split(".")[2]) for name in trained} == set(layers) and all(name.startswith("model.layers.") for name in trained)


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        ({"tune.llm.mode": "partial"}, {}),
        ({"tune.llm.mode": "frozen"}, {"tune.lm_head.mode": "a flag is not known"}),
        ({"adapter.kind": "lora", "adapter.rank": 8}, {"adapter.targets": "`$TARGETS` is not set"}),
        ({"adapter.kind": "lora", "adapter.targets": ["q_proj"]}, {"adapter.rank": "`$RANK` is not set"}),
        ({}, {"adapter.kind": "a flag is not known"}),
    ],
)
def test_what_is_not_known_is_not_counted(values: dict[str, Json], unknown: dict[str, str]) -> None:
    """No trained parameters are claimed, so that no rule takes them for none."""
    result = count(Request(values=values, unknown=unknown, model_config=TINY["llama"]))
    assert "dry_run.trainable_params" not in result.facts and "dry_run.total_params" in result.facts
    assert any("are not given" in each for each in result.assumptions)


@pytest.mark.parametrize(("stage", "framework", "more"), [("rm", "trl", 48), ("cls", "trl", 2 * 48), ("rm", "llamafactory", 96 * 48)])
def test_reward_models_and_classifiers(stage: str, framework: str, more: int) -> None:
    """One output for a reward model, two where a classifier does not say, the language model's head in LLaMA-Factory."""
    base = facts({}, TINY["llama"])["dry_run.total_params"]
    found = count(Request(values={"task.stage": stage}, framework=framework, model_config=TINY["llama"]))
    assert found.facts["dry_run.total_params"] == base - 96 * 48 + more  # type: ignore[operator]


def test_gptq_layers_count_their_elements() -> None:
    """Weights that are packed into buffers are parameters of the model all the same."""
    plain = facts({"model.id": "meta-llama/Llama-2-7b-hf"})["dry_run.total_params"]
    packed = facts({"model.id": "meta-llama/Llama-2-7b-hf", "model.quant.method": "gptq", "model.quant.bits": 4})
    assert packed["dry_run.total_params"] == plain


def test_lora_beside_a_fully_trained_projector() -> None:
    """PEFT freezes the base; a part that the script trains in full is trained again."""
    values: dict[str, Json] = {"adapter.kind": "lora", "adapter.rank": 4, "adapter.targets": r".*language_model.*q_proj"}
    found = facts({**values, "tune.llm.mode": "lora", "tune.projector.mode": "full", "tune.vision.mode": "frozen"}, TINY["llava"])
    assert found["dry_run.parts.projector.trainable"] == found["dry_run.parts.projector.params"]
    assert found["dry_run.parts.llm.trainable"] == 3 * 4 * (48 + 48)
    assert found["dry_run.parts.vision.trainable"] == 0


def test_tied_embedding_is_counted_once() -> None:
    """And is trained where either end is."""
    found = facts({"tune.llm.mode": "frozen", "tune.embed.mode": "frozen", "tune.lm_head.mode": "full"}, TINY["qwen2"])
    assert found["dry_run.trainable_params"] == 96 * 48


def test_a_classifier_has_its_head() -> None:
    """The class follows the task."""
    found = facts({"task.stage": "rm"}, TINY["llama"])
    assert found["dry_run.model_class"] == "LlamaForSequenceClassification"


def test_nothing_is_left_off_meta() -> None:
    """No weight is allocated, adapters included."""
    from lintune.dryrun.build import build_model

    built = build_model(Request(values={"model.id": "meta-llama/Llama-2-70b-hf", "adapter.kind": "lora", "adapter.targets": TARGETS}))
    assert {each.device.type for each in built.model.parameters()} == {"meta"}
    assert next(built.model.parameters()).dtype in (torch.float32, torch.bfloat16)
