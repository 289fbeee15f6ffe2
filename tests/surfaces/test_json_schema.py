"""JSON Schemas of config files, made from the shipped surfaces: valid, and they accept and refuse what the frameworks do."""

import json
from functools import lru_cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lintune.surfaces.config_formats import config_format, format_names
from lintune.surfaces.json_schema import config_schema, known_releases
from lintune.values.version import Version


@lru_cache(maxsize=64)
def schema(name: str, at: str = "", **others: str) -> dict[str, Any]:
    """The schema of a name; the newest release without `at`."""
    form = config_format(name)
    assert form is not None, name
    version = Version.parse(at) if at else known_releases(form)[-1]
    return config_schema(form, version, {package: Version.parse(text) for package, text in others.items()})


def refused(document: object, name: str, at: str = "", **others: str) -> set[str]:
    """The keys (by path) that the schema refuses, or `?` for the whole."""
    found: set[str] = set()
    for error in Draft202012Validator(schema(name, at, **others)).iter_errors(document):
        extra = error.validator == "additionalProperties"
        names = [key for key in error.instance if key not in error.schema["properties"]] if extra else []
        found |= set(names) or {".".join(str(part) for part in error.absolute_path) or "?"}
    return found


@pytest.mark.parametrize("name", format_names())
def test_schemas_are_valid(name: str) -> None:
    made = schema(name)
    Draft202012Validator.check_schema(made)
    assert made["$schema"].endswith("2020-12/schema") and len(made["properties"]) > 3
    assert json.loads(json.dumps(made)) == made, "plain JSON, with every reference inside"
    for reference in {text.split('"')[0] for text in json.dumps(made).split('"#/$defs/')[1:]}:
        assert reference in made["$defs"]


@pytest.mark.parametrize("name", ["llamafactory", "axolotl", "ms-swift", "trl-grpo", "accelerate", "deepspeed"])
def test_every_known_release_has_a_schema(name: str) -> None:
    form = config_format(name)
    assert form is not None
    releases = known_releases(form)
    for version in (releases[0], releases[len(releases) // 2], releases[-1]):
        Draft202012Validator.check_schema(config_schema(form, version, {}))


GOOD = {
    "llamafactory": {
        "model_name_or_path": "org/model",
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_target": "all",
        "dataset": "identity,alpaca",
        "learning_rate": 1.0e-4,
        "num_train_epochs": 3,
        "bf16": True,
        "resume_from_checkpoint": None,
        "report_to": "none",
        "deepspeed": "ds.json",
    },
    "axolotl": {
        "base_model": "org/model",
        "datasets": [{"path": "org/data", "type": "alpaca"}],
        "bf16": "auto",
        "tf32": "yes",
        "adapter": "qlora",
        "lora_r": "16",
        "lora_target_modules": ["q_proj"],
        "wandb_project": None,
        "resume_from_checkpoint": None,
        "learning_rate": "2e-4",
        "special_tokens": {"pad_token": "<pad>"},
    },
    "ms-swift": {
        "model": "org/model",
        "dataset": ["org/a", "org/b"],
        "learning_rate": "1e-4",
        "target_modules": "all-linear",
        "deepspeed": "zero2",
        "ENV": {"CUDA_VISIBLE_DEVICES": 0},
    },
    "trl-sft": {"model_name_or_path": "org/model", "dataset_name": "org/data", "learning_rate": "2.0e-5", "report_to": ["none"]},
    "accelerate": {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "FSDP",
        "mixed_precision": "no",
        "downcast_bf16": False,
        "num_processes": 8,
        "fsdp_config": {"fsdp_sharding_strategy": "FULL_SHARD", "fsdp_offload_params": "false"},
        "deepspeed_config": {"zero_stage": 3},
        "tpu_env": [],
    },
    "deepspeed": {
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_clipping": 1.0,
        "bf16": {"enabled": "auto"},
        "optimizer": {"type": "AdamW", "params": {"lr": "auto", "betas": [0.9, 0.95]}},
        "zero_optimization": {"stage": 3, "reduce_bucket_size": 5e8, "offload_param": {"device": "cpu"}},
    },
}


@pytest.mark.parametrize("name", GOOD)
def test_files_that_work_are_accepted(name: str) -> None:
    assert refused(GOOD[name], name) == set()


@pytest.mark.parametrize(
    ("name", "document", "keys"),
    [
        ("llamafactory", {"learning_rte": 1e-4}, {"learning_rte"}),
        ("llamafactory", {"learning_rate": "1e-4"}, {"learning_rate"}),  # no reader converts it
        ("llamafactory", {"finetuning_type": "lor"}, {"finetuning_type"}),
        ("llamafactory", {"stage": ["sft", 1]}, {"stage"}),
        ("ms-swift", {"sft_type": "lora"}, {"sft_type"}),  # gone since 3.0
        ("ms-swift", {"num_train_epochs": "three"}, {"num_train_epochs"}),
        ("trl-dpo", {"betta": 0.1}, {"betta"}),
        ("accelerate", {"num_procs": 8}, {"num_procs"}),
        ("accelerate", {"distributed_type": "GPU"}, {"distributed_type"}),
        ("axolotl", {"warmup_steps": 0.1}, {"warmup_steps"}),
        ("axolotl", {"rl": "dpoo"}, {"rl"}),
        ("axolotl", {"datasets": "org/data"}, {"datasets"}),
        ("deepspeed", {"fp16": {"enabled": "yes please"}}, {"fp16"}),
        ("deepspeed", {"zero_optimization": {"stag": 3}}, {"zero_optimization"}),
    ],
)
def test_what_the_framework_refuses_is_refused(name: str, document: dict[str, Any], keys: set[str]) -> None:
    assert refused(document, name) == keys


def test_unknown_keys_that_are_dropped_pass_with_a_note() -> None:
    for name in ("axolotl", "deepspeed"):
        assert refused({"no_such_key": 1}, name) == set()
        assert "dropped without a word" in schema(name)["additionalProperties"]["description"]
    for name in ("llamafactory", "ms-swift", "trl-sft", "accelerate"):
        assert schema(name)["additionalProperties"] is False


def test_releases_differ() -> None:
    assert refused({"max_seq_length": 1024}, "trl-sft", "0.15.0") == set()
    assert refused({"max_seq_length": 1024}, "trl-sft", "1.0.0") == {"max_seq_length"}
    assert refused({"amp": {"enabled": True}}, "deepspeed", "0.19.6") == set()
    assert refused({"amp": {"enabled": True}}, "deepspeed", "0.19.8") == {"amp"}
    assert refused({"evaluation_strategy": "no"}, "trl-sft", "0.9.6", transformers="4.40.0") == set()
    assert refused({"evaluation_strategy": "no"}, "trl-sft", "1.0.0", transformers="5.0.0") == {"evaluation_strategy"}
    assert refused({"evaluation_strategy": "no"}, "trl-sft", "1.0.0") == set(), "any transformers may run"


def test_descriptions_say_where_and_what_instead() -> None:
    found = schema("trl-sft", "1.0.0", transformers="5.0.0")["properties"]
    assert found["weight_decay"]["description"].startswith("transformers TrainingArguments") and found["weight_decay"]["default"] == 0.0
    assert "use `" in found["evaluation_strategy"]["description"] and found["evaluation_strategy"]["not"] == {}
    offload = schema("deepspeed")["properties"]["zero_optimization"]["anyOf"][0]["properties"]["cpu_offload"]
    assert offload["deprecated"] is True and "use offload_optimizer" in offload["description"]
    assert schema("axolotl")["title"].startswith("YAML of `axolotl train`, axolotl ")


def test_keys_of_plugins_count() -> None:
    assert "plugin `liger`" in schema("axolotl")["properties"]["liger_rope"]["description"]


def test_names() -> None:
    assert config_format("swift-rlhf") == config_format("ms-swift-rlhf") != config_format("ms-swift")
    assert config_format("ms-swift-megatron-sft") is not None and config_format("trl") == config_format("trl-sft")
    for name in ("", "axolotl-plugins", "deepspeed-launcher", "trl-", "accelerate-launch", "torch"):
        assert config_format(name) is None, name
    assert len(format_names()) == len(set(format_names()))
