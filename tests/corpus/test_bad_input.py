"""Configurations that are wrong in every way that a file can be: each gives findings or nothing, never a traceback."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lintune.engine.check import check
from lintune.engine.result import CheckOptions, Result

CONFIGS: dict[str, Mapping[str, object]] = {
    "llamafactory": {
        "model_name_or_path": "Qwen/Qwen2-VL-7B-Instruct",
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_target": "all",
        "lora_rank": 8,
        "template": "qwen2_vl",
        "dataset": "identity,alpaca",
        "output_dir": "out",
        "learning_rate": 1e-4,
        "deepspeed": "ds.json",
        "freeze_vision_tower": False,
        "quantization_bit": 4,
    },
    "llamafactory-v1": {
        "model": "Qwen/Qwen3-4B",
        "model_class": "llm",
        "peft_config": {"name": "freeze", "freeze_trainable_layers": 2},
        "dist_config": {"name": "fsdp2"},
        "output_dir": "out",
        "micro_batch_size": 1,
        "cp_size": 2,
    },
    "axolotl": {
        "base_model": "NousResearch/Meta-Llama-3-8B",
        "adapter": "qlora",
        "load_in_4bit": True,
        "lora_r": 8,
        "lora_target_linear": True,
        "lora_target_modules": "model.language_model.layers.[0-9]+.(mlp|self_attn).(up|q)_proj",
        "datasets": [{"path": "a", "type": "alpaca"}],
        "sequence_len": 2048,
        "micro_batch_size": 1,
        "plugins": ["axolotl.integrations.liger.LigerPlugin"],
        "fsdp_version": 2,
        "fsdp_config": {"offload_params": True, "state_dict_type": "FULL_STATE_DICT"},
        "special_tokens": {"pad_token": "x"},
    },
    "ms-swift": {
        "model": "Qwen/Qwen2.5-VL-7B-Instruct",
        "dataset": ["a#100"],
        "tuner_type": "lora",
        "target_modules": ["all-linear"],
        "modules_to_save": ["embed_tokens"],
        "torch_dtype": "bfloat16",
        "deepspeed": "zero3",
        "vit_lr": 1e-5,
        "ENV": {"NPROC_PER_NODE": 4, "MAX_PIXELS": 1003520},
    },
    "megatron-swift": {
        "model": "Qwen/Qwen3-8B",
        "dataset": ["a"],
        "micro_batch_size": 1,
        "global_batch_size": 16,
        "tensor_model_parallel_size": 2,
        "context_parallel_size": 2,
        "tuner_type": "full",
    },
    "trl": {
        "model_name_or_path": "Qwen/Qwen2.5-7B",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 4,
        "bf16": True,
        "use_peft": True,
        "lora_target_modules": ["q_proj"],
        "env": {"A": "b"},
    },
    "litgpt": {
        "checkpoint_dir": "checkpoints/meta-llama/Meta-Llama-3-8B",
        "precision": "bf16-true",
        "quantize": "bnb.nf4",
        "devices": 2,
        "lora_r": 8,
        "lora_query": True,
        "train": {"global_batch_size": 8, "micro_batch_size": 2, "lr_warmup_steps": 10},
        "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 2e-4}},
    },
    "torchtune": {
        "model": {
            "_component_": "torchtune.models.llama3_2_vision.lora_llama3_2_vision_11b",
            "decoder_trainable": "frozen",
            "lora_attn_modules": ["q_proj"],
            "apply_lora_to_mlp": True,
            "apply_lora_to_output": False,
            "lora_rank": 8,
        },
        "checkpointer": {"checkpoint_dir": "${output_dir}/x"},
        "optimizer": {"_component_": "torch.optim.AdamW", "lr": 3e-4},
        "batch_size": "${gradient_accumulation_steps}",
        "gradient_accumulation_steps": "${batch_size}",
        "tensor_parallel_dim": 3,
    },
}
"""By framework, a configuration like those that people write."""

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "all", "auto", "1e-5", "no", "a" * 300, "(((", ".*", "${x}", "zero3", "ünïcode", "-1", "full", "0x10", "\\d+(a|"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "r", "lr", "path", "", "a.b"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def checked(tmp_path: Path, name: str, text: str) -> Result:
    """The check of one file; a crash of a rule or of the reading is a finding of its own."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    result = check([str(path)], CheckOptions())
    assert [finding.message for finding in result.findings if finding.name == "internal-error"] == []
    return result


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_of_any_type(tmp_path: Path, data: st.DataObject) -> None:
    """Some keys of a configuration hold something else; one is missing, one is new."""
    config = dict(CONFIGS[data.draw(st.sampled_from(sorted(CONFIGS)))])
    for key in data.draw(st.lists(st.sampled_from(sorted(config)), min_size=1, max_size=4, unique=True)):
        config[key] = data.draw(VALUES)
    inner = next((key for key, value in config.items() if isinstance(value, dict) and value), None)
    if inner is not None and data.draw(st.booleans()):
        held = config[inner]
        assert isinstance(held, dict)
        config[inner] = {**held, next(iter(held)): data.draw(VALUES)}
    config[data.draw(st.sampled_from(["", "learning_rte", "0", "a.b", "<<", "env", "ENV"]))] = data.draw(VALUES)
    checked(tmp_path, "x.yaml", yaml.safe_dump(config, allow_unicode=True, sort_keys=False))


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_as_they_are(tmp_path: Path, name: str) -> None:
    """The configurations themselves are launches of their framework."""
    result = checked(tmp_path, "x.yaml", yaml.safe_dump(dict(CONFIGS[name]), sort_keys=False))
    assert [run.framework for run in result.launches] == [name]


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump({**CONFIGS["llamafactory"], **CONFIGS["axolotl"]}),
        yaml.safe_dump({**CONFIGS["ms-swift"], **CONFIGS["megatron-swift"], **CONFIGS["trl"]}),
        yaml.safe_dump({**CONFIGS["litgpt"], **CONFIGS["torchtune"]}),
    ],
)
def test_two_frameworks_in_one_file(tmp_path: Path, text: str) -> None:
    """One of them reads it, and the keys of the other are unknown to it."""
    result = checked(tmp_path, "x.yaml", text)
    assert len(result.launches) == 1
    if result.launches[0].framework in ("llamafactory", "axolotl", "ms-swift"):
        assert any("key" in finding.name or "flag" in finding.name for finding in result.findings)


@pytest.mark.parametrize(
    "text",
    [
        "base_model: &a [*a]\nmicro_batch_size: 1\nsequence_len: 2\n",
        "x: &x\n  <<: *x\nbase_model: m\nmicro_batch_size: 1\ndatasets: *x\n",
        "<<: {<<: {<<: 1}}\nmodel_name_or_path: m\nstage: sft\ntemplate: t\ndo_train: true\n",
        "base_model: m\nbase_model: n\nmicro_batch_size: 1\nmicro_batch_size: {}\ndatasets:\n",
        "base_model: m\nmicro_batch_size: 1\ndatasets: [" + "[" * 200 + "]" * 200 + "]\n",
        "model:\n  _component_: torchtune.models.llama3.lora_llama3_8b\noptimizer:\nbatch_size: ${a}\na: ${b}\nb: ${a}\n",
    ],
)
def test_circles_and_depth(tmp_path: Path, text: str) -> None:
    """Anchors, merges and interpolations that lead back to themselves."""
    checked(tmp_path, "x.yaml", text)


def test_files_that_include_each_other(tmp_path: Path) -> None:
    """Two scripts that source each other, a DeepSpeed file that is the configuration itself, an argument file that names itself."""
    (tmp_path / "a.sh").write_text("source b.sh\nllamafactory-cli train x.yaml\n")
    (tmp_path / "b.sh").write_text("source a.sh\naxolotl train x.yaml --base_model=m --micro__batch--size 3 --=\n")
    checked(tmp_path, "x.yaml", yaml.safe_dump({**CONFIGS["llamafactory"], "deepspeed": "x.yaml"}))
    result = check([str(tmp_path / "a.sh"), str(tmp_path / "b.sh")], CheckOptions())
    assert result.crashed == ()
    assert any("a.sh" in note and "nested" in note for note in result.notes)
    (tmp_path / "sft.py").write_text("import sft\nfrom sft import *\nfrom transformers import HfArgumentParser\n")
    (tmp_path / "c.sh").write_text("python sft.py --config x.yaml --output_dir o --bf16 true --learning_rate\n")
    assert check([str(tmp_path / "c.sh")], CheckOptions()).crashed == ()


WORDS = st.lists(
    st.sampled_from(
        [
            "a=b",
            "+a=[1",
            "~a",
            "++=",
            "=x",
            "--config",
            "x.yaml",
            "--lora_r",
            "8",
            "--",
            "model.lora_rank={",
            "'",
            "--train.epochs=null",
            "-",
            "a=b=c",
        ]
    ),
    max_size=6,
)
PROGRAMS = [
    "litgpt finetune_lora",
    "tune run lora_finetune_single_device",
    "python3 -m verl.trainer.main_ppo",
    "unsloth train",
    "swift sft",
    "megatron rlhf",
    "axolotl train",
    "llamafactory-cli train",
    "trl dpo",
    "deepspeed --module openrlhf.cli.train_sft",
]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(program=st.sampled_from(PROGRAMS), words=WORDS)
def test_words_of_any_kind(tmp_path: Path, program: str, words: list[str]) -> None:
    """Overrides of unknown keys, values without keys, options without values."""
    (tmp_path / "x.yaml").write_text("base_model: m\nmodel: 3\n")
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    checked(tmp_path, "x.sh", f"{program} {quoted}\n")
