"""Parameters of runs on known models: totals that are published, what LoRA adds, what stays unknown."""

import pytest

from lintune.run.known import data
from lintune.values.value import Unknown

LLAVA = (
    "deepspeed llava/train/train_mem.py --model_name_or_path lmsys/vicuna-7b-v1.5 --vision_tower openai/clip-vit-large-patch14-336 "
    "--mm_projector_type mlp2x_gelu --bf16 True --output_dir out"
)
QWENVL = "torchrun qwenvl/train/train_qwen.py --model_name_or_path Qwen/Qwen2.5-VL-7B-Instruct --bf16 True --output_dir out"
PROJECTOR = 1024 * 4096 + 4096 + 4096 * 4096 + 4096
VICUNA = 6_738_415_616
CLIP = 303_507_456
LAYERS = 32


@pytest.mark.parametrize(
    ("flags", "trained", "added"),
    [
        ("", VICUNA + PROJECTOR, 0),
        ("--tune_mm_mlp_adapter True", PROJECTOR, 0),
        (
            "--lora_enable True --lora_r 8",
            8 * LAYERS * (4 * 2 * 4096 + 3 * (4096 + 11008)) + PROJECTOR,
            8 * LAYERS * (4 * 2 * 4096 + 3 * (4096 + 11008)),
        ),
    ],
)
def test_llava(make_run, flags: str, trained: int, added: int) -> None:  # type: ignore[no-untyped-def]
    """Vicuna with CLIP-336 and a projector of two layers is LLaVA-1.5."""
    run = make_run(f"{LLAVA} {flags}")
    assert data(run.get("derived.trainable_params")) == trained
    assert data(run.get("derived.total_params")) == VICUNA + PROJECTOR + CLIP + added


def test_attention_only(make_run) -> None:  # type: ignore[no-untyped-def]
    """Qwen-VL's script adapts q, k, v and o of 28 layers."""
    run = make_run(f"{QWENVL} --lora_enable True --lora_r 64")
    assert data(run.get("adapter.params")) == 64 * 28 * (2 * (3584 + 3584) + 2 * (3584 + 512))


@pytest.mark.parametrize(
    "command",
    [
        LLAVA.replace("mlp2x_gelu", "linear"),
        f"{LLAVA} --lora_enable True --lora_bias all",
        f"{LLAVA} --lora_enable True --lora_r $RANK",
        QWENVL.replace("Qwen/Qwen2.5-VL-7B-Instruct", "ckpt/mine"),
    ],
)
def test_what_is_not_known_stays_so(make_run, command: str) -> None:  # type: ignore[no-untyped-def]
    """Another projector, biases, an unknown rank or model."""
    assert isinstance(make_run(command).get("derived.trainable_params"), Unknown)


@pytest.mark.parametrize(
    ("target", "pin", "known"),
    [
        ("all", "", False),
        ("all", "transformers==4.57.1", True),
        ("all", "transformers>=4.51,<5", True),
        ("all", "transformers==5.1.0", False),
        ("q_proj,v_proj", "transformers==5.1.0", True),
    ],
)
def test_lora_on_experts_waits_for_the_release(make_run, target: str, pin: str, known: bool) -> None:  # type: ignore[no-untyped-def]
    """From transformers 5 on the experts are one parameter each, in which PEFT finds no linear layer."""
    run = make_run(
        "llamafactory-cli train --stage sft --do_train --model_name_or_path Qwen/Qwen3-30B-A3B --finetuning_type lora --lora_rank 8 "
        f"--lora_target {target} --output_dir out --bf16 true",
        {"requirements.txt": f"{pin}\n"},
    )
    found = run.get("derived.trainable_params")
    assert isinstance(found, Unknown) is not known
    if known and target == "all":
        attention, experts = (2048 + 4096) * 2 + (2048 + 512) * 2, 128 * 3 * (2048 + 768)
        assert data(found) == 8 * 48 * (attention + experts)
