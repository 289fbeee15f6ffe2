"""LLaVA, InternVL, Qwen-VL and 2U1 launches without their scripts: who is recognised, what trains, at which rate."""

import pytest

from lintune.run.known import data
from lintune.run.vocabulary import entry_of
from lintune.values.value import Absent, Known, Unknown

LLAVA = "deepspeed llava/train/train_mem.py --model_name_or_path lmsys/vicuna-7b-v1.5 --bf16 True --output_dir out"
TOWER = "--vision_tower openai/clip-vit-large-patch14-336"
INTERNVL = "torchrun internvl/train/internvl_chat_finetune.py --model_name_or_path OpenGVLab/InternVL2-8B --output_dir out"
QWENVL = "torchrun qwenvl/train/train_qwen.py --model_name_or_path Qwen/Qwen2.5-VL-{}B-Instruct --output_dir out"
QWEN2U1 = "deepspeed src/train/train_{}.py --model_id Qwen/Qwen2.5-VL-7B-Instruct --output_dir out"
PARTS = ("llm", "embed", "lm_head", "vision", "projector")
OPTIMIZER = '{"optimizer": {"type": "AdamW", "params": {"lr": "auto"}}, "zero_optimization": {"stage": 2}}'


def modes(run):  # type: ignore[no-untyped-def]
    """The mode of each part, by its first letter where there are no others."""
    return " ".join(str(data(run.get(f"tune.{part}.mode")) or "?") for part in PARTS)


@pytest.mark.parametrize(
    ("command", "framework"),
    [
        (LLAVA, "llava"),
        ("deepspeed videollava/train/train_mem.py --image_tower LanguageBind --output_dir out --bf16 True", "llava"),
        ("torchrun train.py --mm_tunable_parts mm_mlp_adapter --bf16 True", "llava"),
        ("deepspeed tinyllava/train/train.py --tune_type_llm lora --tune_type_connector full --bf16 True", "llava"),
        (INTERNVL, "internvl"),
        ("srun python -u train.py --use_llm_lora 16 --freeze_mlp True --conv_style internlm2-chat --bf16 True", "internvl"),
        (QWENVL.format(7), "qwenvl"),
        (QWEN2U1.format("sft"), "qwen2u1"),
        ("deepspeed src/training/train.py --model_id microsoft/Phi-3.5-vision-instruct --lora_enable True", "qwen2u1"),
        ("deepspeed train.py --weight_decay 0.1 --bf16 True", "hf-trainer"),
    ],
)
def test_recognised(make_run, command: str, framework: str) -> None:  # type: ignore[no-untyped-def]
    """By the entry's path or by flags that no other script has."""
    assert make_run(command).framework == framework


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (TOWER, "full full full frozen full"),
        ("", "full full full frozen frozen"),
        (f"{TOWER} --tune_mm_mlp_adapter True", "frozen frozen frozen frozen full"),
        ("--tune_mm_mlp_adapter True", "full full full frozen frozen"),
        (f"{TOWER} --tune_mm_mlp_adapter True --freeze_mm_mlp_adapter True", "frozen frozen frozen frozen frozen"),
        (f"{TOWER} --freeze_backbone True", "frozen frozen full frozen full"),
        (f"{TOWER} --lora_enable True", "lora frozen frozen frozen full"),
        (f"{TOWER} --lora_enable True --tune_mm_mlp_adapter True", "frozen frozen frozen frozen full"),
        (f"{TOWER} --mm_tunable_parts mm_mlp_adapter,mm_language_model", "full full full frozen full"),
        (f"{TOWER} --mm_tunable_parts mm_vision_tower", "frozen frozen frozen full frozen"),
        (f"{TOWER} --lora_enable True --mm_tunable_parts mm_mlp_adapter", "frozen frozen frozen frozen full"),
        (f"{TOWER} --lora_enable True --mm_tunable_parts mm_language_model", "lora+full full full frozen frozen"),
        (f"{TOWER} --lora_enable $LORA", "? ? ? frozen full"),
        (f"{TOWER} --lora_enable $LORA --tune_mm_mlp_adapter True", "frozen frozen frozen frozen full"),
        ("--vision_tower $TOWER --tune_mm_mlp_adapter True", "? ? ? frozen ?"),
    ],
)
def test_llava(make_run, flags: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    """The order of `train()`: backbone, LoRA, then the multimodal block, where a tower is named."""
    assert modes(make_run(f"{LLAVA} {flags}")) == expected


def test_tinyllava_names_modes(make_run) -> None:  # type: ignore[no-untyped-def]
    """One option per part."""
    run = make_run(
        "deepspeed tinyllava/train/train.py --fp16 --tune_type_llm lora --tune_type_vision_tower partially-tune --tune_type_connector full"
    )
    assert modes(run) == "lora frozen frozen partial full"
    assert data(run.get("adapter.kind")) == "lora"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", "full full full full full"),
        ("--freeze_llm True --freeze_backbone True --freeze_mlp True", "frozen frozen frozen frozen frozen"),
        ("--freeze_llm True --freeze_backbone True --freeze_mlp True --use_llm_lora 16", "lora frozen frozen frozen frozen"),
        ("--use_llm_lora 16 --use_backbone_lora 8", "lora frozen frozen lora full"),
        ("--freeze_llm True --unfreeze_lm_head True", "frozen frozen frozen full full"),
        ("--freeze_backbone True --unfreeze_vit_layers -8", "full full full topk:8 full"),
        ("--freeze_backbone True --unfreeze_vit_layers 8", "full full full from:8 full"),
        ("--freeze_backbone True --unfreeze_vit_layers $N", "full full full ? full"),
        ("--freeze_llm True --use_llm_lora $RANK", "? frozen frozen full full"),
    ],
)
def test_internvl(make_run, flags: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    """A rank other than 0 is LoRA; `unfreeze_lm_head` does nothing."""
    assert modes(make_run(f"{INTERNVL} {flags}")) == expected


def test_internvl_weights_and_tiles(make_run) -> None:  # type: ignore[no-untyped-def]
    """Weights are always bf16; tiles of 256 tokens, and one for the thumbnail."""
    run = make_run(f"{INTERNVL} --fp16 True --use_llm_lora 16 --dynamic_image_size True --use_thumbnail True --max_dynamic_patch 6")
    assert data(run.get("precision.weights")) == "bf16"
    assert data(run.get("adapter.alpha")) == 32
    assert data(run.get("derived.images_tokens")) == 7 * 256


@pytest.mark.parametrize(
    ("size", "flags", "expected"),
    [
        (7, "", "frozen frozen full frozen frozen"),
        (3, "", "frozen frozen frozen frozen frozen"),
        (7, "--tune_mm_llm True --tune_mm_mlp True", "full full full frozen full"),
        (7, "--lora_enable True --tune_mm_mlp True --tune_mm_vision True", "lora frozen frozen frozen frozen"),
        ("$N", "--tune_mm_mlp True", "frozen frozen ? frozen full"),
        ("$N", "--tune_mm_llm True", "full full full frozen frozen"),
        (7, "--lora_enable $LORA --tune_mm_mlp True", "? ? ? ? ?"),
    ],
)
def test_qwenvl(make_run, size: object, flags: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    """An untied head is trained whatever the switches say; LoRA bypasses them."""
    assert modes(make_run(f"{QWENVL.format(size)} {flags}")) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen/Qwen3-VL-30B-A3B-Instruct", "qwen3-vl-moe"),
        ("Qwen/Qwen3-VL-8B-Instruct", "qwen3-vl"),
        ("ckpt/qwen3-alpha", "qwen3-vl-moe"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2.5-vl"),
        ("ckpt/mine", "qwen2-vl"),
    ],
)
def test_qwenvl_class_by_name(make_run, name: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    """By substrings of the path."""
    run = make_run(f"torchrun qwenvl/train/train_qwen.py --model_name_or_path {name} --output_dir out")
    assert data(run.get("model.loaded_as")) == expected


LORA = "--lora_enable True --freeze_llm True"


@pytest.mark.parametrize(
    ("stage", "flags", "expected"),
    [
        ("sft", "", "full full full full full"),
        ("sft", "--freeze_llm True --freeze_merger True", "frozen frozen frozen full frozen"),
        ("sft", "--freeze_llm True --unfreeze_topk_llm 4", "topk:4 frozen frozen full full"),
        ("sft", f"{LORA} --freeze_vision_tower True --freeze_merger True", "lora lora lora frozen frozen"),
        ("sft", f"{LORA} --freeze_merger True", "lora lora lora full full"),
        ("sft", f"{LORA} --freeze_vision_tower True --vision_lora True", "lora lora lora lora lora+full"),
        ("grpo", f"{LORA} --freeze_merger False", "lora lora lora frozen frozen"),
        (
            "sft",
            f"{LORA} --freeze_vision_tower True --lora_namespan_exclude \"['lm_head','embed_tokens']\"",
            "lora frozen frozen frozen full",
        ),
        ("sft", f"{LORA} --freeze_vision_tower True --lora_namespan_exclude $X", "lora ? ? frozen full"),
    ],
)
def test_qwen2u1(make_run, stage: str, flags: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    """PEFT freezes, then the script opens the tower again by name, the merger with it; GRPO does not."""
    assert modes(make_run(f"{QWEN2U1.format(stage)} {flags}")) == expected


def test_siblings(make_run) -> None:  # type: ignore[no-untyped-def]
    """The projector's name tells the repository; its `tune_` and `freeze_` flags have opposite senses."""
    run = make_run(
        "deepspeed src/training/train.py --model_id google/gemma-3-4b-it --freeze_llm True --tune_projector True --lora_enable False"
    )
    assert data(run.get("launch.sibling")) == "gemma3"
    assert data(run.get("tune.projector.mode")) == "full"
    run = make_run("deepspeed src/train/train_sft.py --model_id HuggingFaceTB/SmolVLM-Instruct --freeze_connector True --output_dir out")
    assert data(run.get("launch.sibling")) == "smolvlm"
    assert data(run.get("tune.projector.mode")) == "frozen"


def test_old_layout_has_no_defaults(make_run) -> None:  # type: ignore[no-untyped-def]
    """Its options were not read, so what is not given is unknown."""
    run = make_run("deepspeed src/training/train.py --model_id microsoft/Phi-3-vision-128k-instruct --lora_enable True --bf16 True")
    assert isinstance(run.get("flag.freeze_llm"), Unknown)
    assert data(run.get("adapter.kind")) == "lora"


def test_rates(make_run) -> None:  # type: ignore[no-untyped-def]
    """A part's own rate holds where the trainer makes groups and the DeepSpeed file has no optimizer."""
    flags = "--learning_rate 1e-5 --vision_lr 2e-6 --merger_lr 3e-6"
    run = make_run(f"{QWEN2U1.format('sft')} {flags}")
    assert data(run.get("derived.effective_lr_of.vision")) == 2e-6
    assert data(run.get("derived.effective_lr_of.llm")) == 1e-5
    run = make_run(f"{QWEN2U1.format('sft')} {flags} --freeze_vision_tower True")
    assert isinstance(run.get("derived.effective_lr_of.vision"), Absent)
    run = make_run(f"{QWEN2U1.format('dpo')} {flags}")
    assert data(run.get("derived.effective_lr_of.vision")) == 1e-5
    run = make_run(f"{QWEN2U1.format('sft')} {flags} --deepspeed ds.json", {"ds.json": OPTIMIZER})
    assert data(run.get("derived.effective_lr_of.projector")) == 1e-5
    run = make_run(f"{QWENVL.format(7)} --tune_mm_vision True --learning_rate 1e-5 --vision_tower_lr 1e-6")
    assert data(run.get("derived.effective_lr_of.vision")) == 1e-5


GUARDED = """
from dataclasses import dataclass
from transformers import HfArgumentParser, TrainingArguments as Base


@dataclass
class TrainingArguments(Base):
    model_id: str = ""
    lora_enable: bool = False
    vision_lora: bool = False
    freeze_llm: bool = False
    freeze_vision_tower: bool = False
    freeze_connector: bool = False
    lora_namespan_exclude: str = "[]"
    forgotten: int = 0


def train():
    (args,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
    if args.lora_enable and args.freeze_llm:
        raise ValueError("not both")
    return args.model_id, args.vision_lora, args.freeze_vision_tower, args.freeze_connector, args.lora_namespan_exclude


train()
"""


def test_the_guard_at_hand_decides(make_run) -> None:  # type: ignore[no-untyped-def]
    """A fork with the opposite guard is read as it is."""
    command = "deepspeed train.py --model_id m --lora_enable True --forgotten 3 --freeze_llm {} --output_dir out"
    run = make_run(command.format("True"), {"train.py": GUARDED})
    assert run.framework == "qwen2u1"
    assert data(run.get("script.raises.freeze_llm.lora_enable")) is True
    assert [data(item.fields["name"]) for item in run.items["raw.dead"]] == ["forgotten"]
    run = make_run(command.format("False"), {"train.py": GUARDED})
    assert data(run.get("script.raises.freeze_llm.lora_enable")) is False


@pytest.mark.parametrize(
    "command", [LLAVA, f"{LLAVA} {TOWER} --bits 4 --lora_enable True", INTERNVL, QWENVL.format(7), QWEN2U1.format("sft")]
)
def test_every_name_is_in_the_vocabulary(make_run, command: str) -> None:  # type: ignore[no-untyped-def]
    """So that `show` can say what it means."""
    run = make_run(command)
    assert not sorted(name for name in run.values if entry_of(name) is None)
    assert isinstance(run.get("derived.trainable_parts"), Known)
