"""The trained set of frameworks that tune any model by one method, and what each of them adds to it."""

import pytest

from lintune.run.known import data
from lintune.values.value import Absent, Known, Unknown

PARTS = ("llm", "embed", "lm_head", "vision", "projector")
QWEN = "Qwen/Qwen2.5-7B-Instruct"
VL = "Qwen/Qwen2.5-VL-7B-Instruct"
LORA_8 = 20185088
"""LoRA of rank 8 on every linear layer of Qwen2.5-7B: 28 layers of q, k, v, o, gate, up and down."""


def modes(run) -> dict[str, object]:  # type: ignore[no-untyped-def]
    """The mode of every part; a reason starts with `?`, nothing is None."""
    found = {}
    for part in PARTS:
        value = run.get(f"tune.{part}.mode")
        found[part] = value.value if isinstance(value, Known) else None if isinstance(value, Absent) else f"? {value.reason}"
    return found


def expected(llm: str, embed: str, head: str, vision: str | None = None, projector: str | None = None) -> dict[str, object]:
    return dict(zip(PARTS, (llm, embed, head, vision, projector), strict=True))


SWIFT = f"NPROC_PER_NODE=2 swift sft --dataset a.jsonl --torch_dtype bfloat16 --model {VL}".partition(" ")[2]
FACTORY = f"llamafactory-cli train --stage sft --do_train true --dataset a --output_dir o --template qwen2_vl --model_name_or_path {VL}"


@pytest.mark.parametrize(
    ("command", "set_of"),
    [
        (f"{SWIFT} --tuner_type full", expected("full", "full", "full", "frozen", "frozen")),
        (f"{SWIFT} --tuner_type full --freeze_vit false", expected("full", "full", "full", "full", "frozen")),
        (f"{SWIFT} --tuner_type full --freeze_llm true --freeze_aligner false", expected("frozen", "frozen", "frozen", "frozen", "full")),
        (f"{SWIFT} --tuner_type lora --target_modules all-linear", expected("lora", "frozen", "frozen", "frozen", "frozen")),
        (
            f"{SWIFT} --tuner_type lora --target_modules all-linear --freeze_vit false",
            expected("lora", "frozen", "frozen", "lora", "frozen"),
        ),
        (
            f"{SWIFT} --tuner_type lora --target_modules all-linear --modules_to_save embed_tokens lm_head",
            expected("lora", "saved_copy", "saved_copy", "frozen", "frozen"),
        ),
        (f"{SWIFT} --tuner_type lora_llm --target_modules all-linear", expected("lora", "frozen", "frozen", "full", "full")),
        (f"{FACTORY} --finetuning_type full", expected("full", "full", "full", "frozen", "frozen")),
        (f"{FACTORY} --finetuning_type lora --lora_target all", expected("lora", "frozen", "frozen", "frozen", "frozen")),
        (
            f"{FACTORY} --finetuning_type lora --lora_target all --freeze_vision_tower false --freeze_multi_modal_projector false",
            expected("lora", "frozen", "frozen", "lora", "frozen"),
        ),
        (
            f"{FACTORY} --finetuning_type freeze --freeze_trainable_layers 2",
            expected("topk:2", "frozen", "frozen", "frozen", "frozen"),
        ),
    ],
)
def test_models_of_several_parts(make_run, command: str, set_of: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    assert modes(make_run(command)) == set_of


@pytest.mark.parametrize(
    "command",
    [
        f"swift sft --dataset a.jsonl --model {QWEN} --tuner_type lora --target_modules all-linear --lora_rank 8",
        f"llamafactory-cli train --dataset a --finetuning_type lora --lora_target all --lora_rank 8 --model_name_or_path {QWEN}",
        f"trl sft --model_name_or_path {QWEN} --output_dir o --use_peft --lora_r 8 --lora_target_modules all-linear",
        f"python3 -m verl.trainer.main_ppo actor_rollout_ref.model.path={QWEN} actor_rollout_ref.model.lora_rank=8",
        f"python unsloth-cli.py --model_name {QWEN} --r 8 --load_in_4bit",
        f"unsloth train --model {QWEN} --lora-r 8",
    ],
)
def test_lora_on_every_linear_layer(make_run, command: str) -> None:  # type: ignore[no-untyped-def]
    """The same adapter in six spellings; a model of text has neither tower nor projector."""
    run = make_run(command)
    assert modes(run) == expected("lora", "frozen", "frozen")
    assert data(run.get("derived.trainable_params")) == LORA_8
    assert data(run.get("derived.trainable_parts")) == ("llm",)


def test_unknown_models_keep_what_holds_of_all(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("swift sft --dataset a.jsonl --model mine/thing --tuner_type lora --target_modules q_proj v_proj")
    found = modes(run)
    assert (found["llm"], found["embed"], found["lm_head"]) == ("lora", "frozen", "frozen")
    assert str(found["vision"]).startswith("? whether `mine/thing`")
    assert isinstance(run.get("derived.trainable_params"), Unknown)


def test_families_are_told_by_name(make_run) -> None:  # type: ignore[no-untyped-def]
    """Falcon-H1 is a model of text, gemma 3n one of several parts, whatever their size."""
    plain = "trl sft --output_dir o --model_name_or_path"
    assert modes(make_run(f"{plain} tiiuae/Falcon-H1-9B-Base")) == expected("full", "full", "full")
    assert modes(make_run(f"{plain} google/gemma-3n-E9B-it")) == expected("full", "full", "full", "full", "full")


def test_prequantised_names(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("trl sft --output_dir o --model_name_or_path unsloth/llama-3-8b-bnb-4bit --use_peft")
    assert data(run.get("model.quant.method")) == "bnb"


def test_a_plugin_of_swift_is_not_guessed(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(f"{SWIFT} --tuner_type mine")
    assert all(str(mode).startswith("? `mine` is a tuner of a plugin") for mode in modes(run).values())


TUNE = """
model:
  _component_: torchtune.models.llama3_1.lora_llama3_1_8b
  lora_attn_modules: ['q_proj', 'v_proj', 'output_proj']
  apply_lora_to_mlp: True
  apply_lora_to_output: False
  lora_rank: 8
  lora_alpha: 16
checkpointer:
  checkpoint_dir: /tmp/Meta-Llama-3.1-8B-Instruct/
optimizer:
  _component_: torch.optim.AdamW
  lr: 3e-4
batch_size: 2
gradient_accumulation_steps: ${batch_size}
tensor_parallel_dim: 3
"""


def test_torchtune(make_run) -> None:  # type: ignore[no-untyped-def]
    """The builder's name is the method; interpolations are followed; a degree that does not divide leaves no copy."""
    run = make_run("tune run --nproc_per_node 8 lora_finetune_distributed --config x.yaml", {"x.yaml": TUNE})
    assert modes(run) == expected("lora", "frozen", "frozen")
    assert data(run.get("adapter.params")) == 8 * 32 * (2 * 4096 + (4096 + 1024) + 2 * 4096 + 3 * (4096 + 14336))
    assert data(run.get("optim.name")) == "adamw_torch"
    assert data(run.get("batch.accum")) == 2
    assert (data(run.get("derived.model_parallel")), data(run.get("derived.data_parallel"))) == (3, 0)


LITGPT = """
checkpoint_dir: checkpoints/meta-llama/Meta-Llama-3-8B
precision: bf16-true
quantize: bnb.nf4-dq
devices: 2
num_nodes: 1
lora_r: 32
lora_query: true
lora_key: false
lora_value: true
lora_projection: false
lora_mlp: false
lora_head: {head}
train: {{global_batch_size: 12, micro_batch_size: 2, lr_warmup_steps: 10}}
optimizer: {{class_path: torch.optim.AdamW, init_args: {{lr: 0.0002}}}}
"""


def test_litgpt(config_run) -> None:  # type: ignore[no-untyped-def]
    run = config_run(LITGPT.format(head="false"))
    assert run.framework == "litgpt"
    assert modes(run) == expected("lora", "frozen", "frozen")
    assert data(run.get("adapter.params")) == 32 * 32 * ((4096 + 4096) + (4096 + 1024))
    assert (data(run.get("derived.world_size")), data(run.get("batch.accum"))) == (2, 3)
    assert (data(run.get("model.quant.bits")), data(run.get("model.quant.double"))) == (4, True)
    assert modes(config_run(LITGPT.format(head="true")))["lm_head"] == "lora"


def test_megatron_batches(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(
        f"megatron sft --model {QWEN} --dataset a.jsonl --micro_batch_size 1 --global_batch_size 12 "
        "--tensor_model_parallel_size 2 --tuner_type full",
        environment={"NPROC_PER_NODE": "8", "NNODES": "1"},
    )
    assert (data(run.get("derived.model_parallel")), data(run.get("derived.global_batch"))) == (2, 12)
    assert modes(run) == expected("full", "full", "full")


def test_verl_batches(make_run) -> None:  # type: ignore[no-untyped-def]
    """A mini batch of prompts with all their completions; the defaults hold only with verl's own config."""
    words = f"actor_rollout_ref.model.path={QWEN} actor_rollout_ref.actor.ppo_mini_batch_size=64 actor_rollout_ref.rollout.n=5"
    run = make_run(f"python3 -m verl.trainer.main_ppo {words} actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=4")
    assert (data(run.get("derived.world_size")), data(run.get("derived.global_batch"))) == (8, 320)
    assert data(run.get("batch.accum")) == 10
    assert modes(run) == expected("full", "full", "full")
    other = make_run(f"python3 -m verl.trainer.main_ppo --config-name=mine {words}")
    assert isinstance(other.get("derived.world_size"), Unknown)


V1 = f"""
model: {QWEN}
model_class: llm
train_dataset: data.yaml
output_dir: o
{{peft}}
dist_config: {{{{name: fsdp2}}}}
"""


@pytest.mark.parametrize(
    ("peft", "set_of"),
    [
        ("", expected("full", "full", "full")),
        ("peft_config: {name: lora, r: 8, target_modules: all}", expected("lora", "frozen", "frozen")),
        ("peft_config: {name: freeze, freeze_trainable_layers: 2}", expected("topk:2", "frozen", "frozen")),
    ],
)
def test_llamafactory_v1(config_run, peft: str, set_of: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    run = config_run(V1.format(peft=peft))
    assert run.framework == "llamafactory-v1"
    assert modes(run) == set_of
    assert data(run.get("par.fsdp.version")) == 2


def test_llamafactory_v1_refuses_unknown_keys(config_run) -> None:  # type: ignore[no-untyped-def]
    run = config_run(V1.format(peft="") + "cutof_len: 5\n")
    assert [data(item.fields["name"]) for item in run.items["raw.unknown"]] == ["cutof_len"]


def test_fastchat(make_run) -> None:  # type: ignore[no-untyped-def]
    """The script's name says whether LoRA is put on the model; `q_lora` quantises."""
    flags = "--model_name_or_path lmsys/vicuna-7b-v1.5 --data_path a.json --output_dir o --bf16 True --learning_rate 2e-5"
    assert modes(make_run(f"torchrun fastchat/train/train_mem.py {flags}")) == expected("full", "full", "full")
    run = make_run(f"deepspeed fastchat/train/train_lora.py {flags} --lora_r 8 --lora_target_modules q_proj v_proj --q_lora True")
    assert modes(run) == expected("lora", "frozen", "frozen")
    assert data(run.get("model.quant.bits")) == 4


def test_openrlhf_since_its_dotted_flags(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(f"deepspeed --module openrlhf.cli.train_sft --model.model_name_or_path {QWEN} --ds.lora.rank 8 --adam.lr 5e-6")
    assert data(run.get("model.id")) == QWEN
    assert modes(run)["llm"] == "lora"
    assert data(run.get("optim.lr")) == 5e-6


def test_internvl_g(make_run) -> None:  # type: ignore[no-untyped-def]
    """Frozen with LoRA on both; the head is opened again. The adapter of QLLaMA takes its alpha from the other's rank."""
    frozen = "--freeze_model --freeze_qllama --freeze_vision_model --unfreeze_crossattn False"
    entry = f"torchrun internvl/train/internvl_stage2_finetune.py --model_name_or_path m --output_dir o {frozen}"
    run = make_run(f"{entry} --use_backbone_lora 16 --use_qllama_lora 16 --unfreeze_qllama_head")
    assert modes(run) == expected("lora", "frozen", "full", "lora", "frozen")
    alone = make_run(f"{entry} --use_qllama_lora 16 --use_backbone_lora 0")
    assert data(alone.get("adapter.alpha")) == 0
