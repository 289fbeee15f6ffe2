"""Launches of frameworks with config files or a command line of their own: detection, precedence, places, mapping."""

import pytest

from lintune.run.assumptions import Assumptions
from lintune.run.known import data
from lintune.run.run import Run
from lintune.values.value import Absent, Unknown, Value, site_of

LLAMAFACTORY = """\
model_name_or_path: meta-llama/Meta-Llama-3-8B
stage: sft
do_train: true
finetuning_type: lora
template: llama3
dataset: identity
output_dir: out
learning_rate: 1e-4
"""
AXOLOTL = """\
base_model: NousResearch/Meta-Llama-3-8B
datasets:
  - path: data.jsonl
    type: alpaca
    shrads: 2
micro_batch_size: 2
gradient_accumulation_steps: 4
learning_rate: 0.0002
sequence_len: 2048
"""
SWIFT = """\
model: Qwen/Qwen2.5-VL-7B-Instruct
dataset: [data.jsonl]
tuner_type: lora
torch_dtype: bfloat16
learning_rate: 1e-4
deepspeed: zero2
ENV:
  NPROC_PER_NODE: 4
"""
GRPO = """\
model_name_or_path: Qwen/Qwen2.5-Math-7B
bf16: true
per_device_train_batch_size: 1
gradient_accumulation_steps: 16
num_generations: 8
output_dir: out
"""
ZERO3 = "distributed_type: DEEPSPEED\ndeepspeed_config:\n  zero_stage: 3\n  gradient_accumulation_steps: 4\nnum_processes: 8\n"
FSDP = "distributed_type: FSDP\nfsdp_config:\n  fsdp_sharding_strategy: 1\n  fsdp_use_orig_params: 'false'\n"


def names(run: Run, items: str) -> list[object]:
    return [data(item.fields["name"]) for item in run.items.get(items, ())]


def line_of(value: Value) -> tuple[str, int]:
    site = site_of(value)
    assert site is not None
    return site.source.path, site.line


@pytest.mark.parametrize(
    ("text", "framework", "model"),
    [
        (LLAMAFACTORY, "llamafactory", "meta-llama/Meta-Llama-3-8B"),
        (AXOLOTL, "axolotl", "NousResearch/Meta-Llama-3-8B"),
        (SWIFT, "ms-swift", "Qwen/Qwen2.5-VL-7B-Instruct"),
        (GRPO, "trl", "Qwen/Qwen2.5-Math-7B"),
    ],
)
def test_a_config_file_alone_is_a_launch(config_run, text: str, framework: str, model: str) -> None:  # type: ignore[no-untyped-def]
    """It points at the file's first key; its values at their own lines."""
    run = config_run(text)
    assert run.framework == framework
    assert run.site.line == 1 and run.site.source.path == "x.yaml"
    assert data(run.get("model.id")) == model
    assert line_of(run.get("optim.lr" if framework != "trl" else "batch.accum")) == (
        "x.yaml",
        {"llamafactory": 8, "axolotl": 8, "ms-swift": 5, "trl": 4}[framework],
    )


@pytest.mark.parametrize("text", ["a: 1\n", "name: ci\non: push\njobs: {}\n", "model: x\ntemperature: 0\n", "services:\n  web: {}\n"])
def test_other_yaml_files_are_no_launch(config_run, text: str) -> None:  # type: ignore[no-untyped-def]
    assert config_run(text) is None


@pytest.mark.parametrize("text", ["base_model: [1]\ndatasets: 3\nmicro_batch_size: {}\nsequence_len: x\nplugins: 7\nfsdp_config: []\n"])
def test_values_of_the_wrong_kind_are_read(config_run, text: str) -> None:  # type: ignore[no-untyped-def]
    """Nothing raises; what can not be told is unknown or absent."""
    run = config_run(text)
    assert run.framework == "axolotl"
    assert not isinstance(run.get("model.id"), Unknown)


def test_llamafactory_words_lie_over_the_file(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("llamafactory-cli train train.yaml learning_rate=5e-5 lora_rank=16", {"train.yaml": LLAMAFACTORY})
    assert data(run.get("optim.lr")) == 5e-5
    assert line_of(run.get("optim.lr")) == ("finetune.sh", 1)
    assert line_of(run.get("adapter.kind")) == ("train.yaml", 4)
    assert data(run.get("adapter.alpha")) == 32
    assert data(run.get("tune.llm.mode")) == "lora"
    assert data(run.get("tune.embed.mode")) == data(run.get("tune.lm_head.mode")) == "frozen"


def test_llamafactory_refuses_unknown_keys(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("python src/train.py train.yaml", {"train.yaml": LLAMAFACTORY + "lora_rnk: 8\n"})
    assert run.framework == "llamafactory"
    assert names(run, "raw.unknown") == ["lora_rnk"]
    assert data(run.items["raw.unknown"][0].fields["nearest"]) == "--lora_rank"


def test_a_config_file_that_is_not_there_leaves_everything_open(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("llamafactory-cli train missing.yaml")
    assert isinstance(run.get("tune.llm.mode"), Unknown) and isinstance(run.get("flag.quantization_bit"), Unknown)
    assert isinstance(make_run("axolotl train missing.yml").get("adapter.kind"), Unknown)
    assert isinstance(make_run("swift sft missing.yaml").get("flag.packing"), Unknown)


def test_axolotl_drops_what_it_does_not_know(make_run) -> None:  # type: ignore[no-untyped-def]
    """At every level; keys of plugins count where the plugin is listed."""
    run = make_run("axolotl train c.yml --learning-rate 0.001", {"c.yml": AXOLOTL + "sample_packin: true\nliger_rope: true\n"})
    assert names(run, "raw.dropped") == ["datasets.shrads", "sample_packin", "liger_rope"]
    assert data(run.items["raw.dropped"][2].fields["plugin"]) == "liger"
    assert data(run.get("optim.lr")) == 0.001
    assert data(run.get("adapter.kind")) == "none" and data(run.get("tune.llm.mode")) == "full"
    listed = make_run("axolotl train c.yml", {"c.yml": AXOLOTL + "plugins: [axolotl.integrations.liger.LigerPlugin]\nliger_rope: true\n"})
    assert names(listed, "raw.dropped") == ["datasets.shrads"]
    foreign = make_run("axolotl train c.yml", {"c.yml": AXOLOTL + "plugins: [my.Plugin]\nmy_key: true\n"})
    assert names(foreign, "raw.dropped") == ["datasets.shrads"]


def test_axolotl_inner_keys_by_double_underscore(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("accelerate launch -m axolotl.cli.train c.yml --trl__num_generations 4", {"c.yml": AXOLOTL})
    assert run.framework == "axolotl"
    assert data(run.get("rl.num_generations")) == 4


def test_a_shipped_deepspeed_file_is_known_by_its_path(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("axolotl train c.yml", {"c.yml": AXOLOTL + "deepspeed: deepspeed_configs/zero3_bf16_cpuoffload_all.json\n"})
    assert data(run.get("par.ds.stage")) == 3 and data(run.get("par.ds.offload_param")) == "cpu"


def test_swift_presets_and_processes(make_run) -> None:  # type: ignore[no-untyped-def]
    """A preset is no file; `ENV:` is exported; later flags win."""
    run = make_run("swift sft sft.yaml --learning_rate 1e-5", {"sft.yaml": SWIFT}, environment={})
    assert data(run.get("optim.lr")) == 1e-5
    assert data(run.get("par.ds.stage")) == 2 and not [i for i in run.items["files"] if data(i.fields["role"]) == "deepspeed"]
    assert data(run.get("derived.world_size")) == 4
    assert data(run.get("precision.compute")) == "bf16"
    assert not run.items.get("raw.unknown")


def test_swift_refuses_unknown_flags(make_run) -> None:  # type: ignore[no-untyped-def]
    assert names(make_run("swift sft --model x --dataset y --lora_rnk 8"), "raw.unknown") == ["lora_rnk"]
    assert names(make_run("python swift/cli/rlhf.py --rlhf_type dpo --model x --dataset y --betta 1"), "raw.unknown") == ["betta"]
    assert not names(make_run("swift sft --model x --dataset y --lora_rnk 8 --ignore_args_error true"), "raw.unknown")


@pytest.mark.parametrize("release", ["", "0.12.0", "0.19.1", "1.16.0"])
def test_trl_takes_its_config_file_in_every_release(make_run, release: str) -> None:  # type: ignore[no-untyped-def]
    files = {"c.yml": GRPO + "env: {A: b}\n"}
    if release:
        files["requirements.txt"] = f"trl=={release}\n"
    run = make_run("trl grpo --config c.yml --bf16 false", files)
    assert run.framework == "trl" and data(run.get("flag.num_generations")) == 8
    assert [names(run, name) for name in ("raw.windowed", "raw.unknown", "raw.dropped")] == [[], [], []]


def test_a_trl_config_of_a_script_that_is_not_at_hand(make_run) -> None:  # type: ignore[no-untyped-def]
    """Flags win over the file; the launcher's option over the accelerate file."""
    files = {
        "zero3.yaml": ZERO3,
        "config.yaml": GRPO,
    }
    run = make_run("accelerate launch --config_file zero3.yaml --num_processes 7 src/grpo.py --config config.yaml --max_steps 5", files)
    assert run.framework == "trl"
    assert data(run.get("rl.num_generations")) == 8 and data(run.get("run.max_steps")) == 5
    assert line_of(run.get("batch.micro")) == ("config.yaml", 3)
    assert data(run.get("derived.world_size")) == 7
    assert data(run.get("par.ds.stage")) == 3
    assert data(run.get("ds.gradient_accumulation_steps")) == 4
    assert line_of(run.get("ds.gradient_accumulation_steps"))[0] == "zero3.yaml"


def test_the_fsdp_block_of_accelerate(make_run) -> None:  # type: ignore[no-untyped-def]
    files = {"f.yaml": FSDP, "train.yaml": LLAMAFACTORY}
    run = make_run("accelerate launch --config_file f.yaml src/train.py train.yaml", files)
    assert data(run.get("par.fsdp.on")) is True and data(run.get("par.fsdp.version")) == 1
    assert data(run.get("par.fsdp.strategy")) == "FULL_SHARD" and data(run.get("par.fsdp.orig_params")) is False
    assert data(run.get("model.class_prefix")) == "Llama"
    plain = make_run("torchrun src/train.py train.yaml", files)
    assert isinstance(plain.get("par.fsdp.wrap"), Absent)


def test_without_a_pin_no_option_is_too_new(make_run) -> None:  # type: ignore[no-untyped-def]
    """With one, an option that came later is."""
    from lintune.values.version import Pin, Specifiers

    text = "megatron sft --model x --dataset y --report_to wandb"
    assert not make_run(text).items.get("raw.windowed")
    old = Assumptions(pins={"ms-swift": Pin("ms-swift", Specifiers.parse("==3.9.0"))})
    assert names(make_run(text, assumptions=old), "raw.windowed") == ["report_to"]


def test_programs_with_plain_flags(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("deepspeed --num_gpus 7 ../train_sft.py --pretrain x --train_batch_size 256 --micro_train_batch_size 2")
    assert run.framework == "openrlhf" and data(run.get("batch.micro")) == 2
    own = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--pretrain')\nparser.parse_args()\n"
    run = make_run("torchrun train_sft.py --pretrain x", {"train_sft.py": own})
    assert run.framework == "argparse"  # another project's program of this name
    run = make_run("torchrun --nproc_per_node 4 -m llama_recipes.finetuning --enable_fsdp --use_peft --quantization 4bit --model_name x")
    assert run.framework == "llama-cookbook"
    assert data(run.get("model.quant.bits")) == 4 and data(run.get("par.fsdp.on")) is True


def test_llamafactory_data_sets_are_registered(make_run) -> None:  # type: ignore[no-untyped-def]
    """Names that the registry lacks; without a registry, or with one elsewhere, nothing is said."""
    files = {
        "train.yaml": LLAMAFACTORY.replace("dataset: identity", "dataset: identity,alpca"),
        "data/dataset_info.json": '{"identity": {}, "alpaca": {}}',
    }
    run = make_run("llamafactory-cli train train.yaml", files)
    assert names(run, "raw.dataset_unknown") == ["alpca"]
    assert data(run.items["raw.dataset_unknown"][0].fields["nearest"]) == "alpaca"
    assert run.items["raw.dataset_unknown"][0].site.line == 6
    online = make_run("llamafactory-cli train train.yaml dataset_dir=ONLINE", files)
    assert "raw.dataset_unknown" not in online.items


def test_axolotl_says_what_saves_memory(make_run) -> None:  # type: ignore[no-untyped-def]
    """Kernels of plugins, attention under its earlier switches, activations on the host, and the quantisation of loaders/model.py."""
    cut = "plugins: [axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin]\n"
    more = "adapter: qlora\nload_in_4bit: true\nbf16: true\nflash_attention: true\ngradient_checkpointing: offload\n"
    run = make_run("axolotl train c.yml", {"c.yml": AXOLOTL + cut + more})
    assert list(data(run.get("mem.kernels"))) == ["cut_cross_entropy"]
    assert data(run.get("mem.ckpt")) is True and data(run.get("mem.act_offload")) is True
    assert data(run.get("model.attn")) == "flash_attention_2"
    assert data(run.get("model.quant.type")) == "nf4" and data(run.get("model.quant.double")) is True
    assert data(run.get("model.load_dtype")) == "bf16"
    off = make_run("axolotl train c.yml", {"c.yml": AXOLOTL + cut + "cut_cross_entropy: false\nactivation_offloading: false\n"})
    assert isinstance(off.get("mem.kernels"), Absent) and isinstance(off.get("mem.act_offload"), Absent)
    assert isinstance(off.get("model.quant.type"), Absent)
