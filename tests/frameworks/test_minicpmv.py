"""MiniCPM-V launches: the trained set for every combination of flags, parameters, media, and what stays unknown."""

import pytest

from lintune.memory.floor import add_floor
from lintune.run.known import data
from lintune.run.vocabulary import entry_of
from lintune.values.value import Absent, Known, Unknown, is_default

HEAD = "torchrun --nproc_per_node 8 finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --bf16 true --output_dir out"
LORA = "--use_lora true --tune_llm false"
PARTS = ("llm", "embed", "lm_head", "vision", "projector")
EMBED, VISION, RESAMPLER = 543_570_944, 417_792_240, 68_619_264
TOTAL = 8_099_175_152
LORA_PARAMS = 28 * 64 * ((3584 + 3584) + 2 * (3584 + 512))


def modes(run):  # type: ignore[no-untyped-def]
    """The mode of each part."""
    return tuple(data(run.get(f"tune.{part}.mode")) for part in PARTS)


@pytest.mark.parametrize(
    ("flags", "expected", "trainable", "total"),
    [
        ("", ("full",) * 5, TOTAL, TOTAL),
        ("--tune_vision false", ("full", "full", "full", "frozen", "full"), TOTAL - VISION, TOTAL),
        ("--tune_llm false", ("frozen", "frozen", "frozen", "full", "full"), VISION + RESAMPLER, TOTAL),
        ("--tune_llm false --tune_vision false", ("frozen", "frozen", "frozen", "frozen", "full"), RESAMPLER, TOTAL),
        (
            f"{LORA} --tune_vision false",
            ("lora", "saved_copy", "frozen", "frozen", "saved_copy"),
            LORA_PARAMS + EMBED + RESAMPLER,
            TOTAL + LORA_PARAMS + EMBED + RESAMPLER,
        ),
        (
            LORA,
            ("lora", "saved_copy", "frozen", "saved_copy", "saved_copy"),
            LORA_PARAMS + EMBED + RESAMPLER + VISION,
            TOTAL + LORA_PARAMS + EMBED + RESAMPLER + VISION,
        ),
    ],
)
def test_trained_set(make_run, flags, expected, trainable, total) -> None:  # type: ignore[no-untyped-def]
    """The table of what finetune.py trains, with PEFT's counts."""
    run = make_run(f"{HEAD} {flags}")
    assert run.framework == "minicpmv"
    assert modes(run) == expected
    assert data(run.get("derived.trainable_params")) == trainable
    assert data(run.get("derived.total_params")) == total
    assert data(run.get("tune.conflict")) is False


def test_conflict_by_default(make_run) -> None:  # type: ignore[no-untyped-def]
    """`use_lora` alone conflicts with the default of `tune_llm`, and the default says where it comes from."""
    run = make_run(f"{HEAD} --use_lora true")
    assert run.get("tune.conflict") == Known(True, run.get("tune.conflict").origin)
    assert data(run.get("tune.llm.mode")) == "conflict"
    assert isinstance(run.get("derived.trainable_params"), Unknown)
    assert is_default(run.get("flag.tune_llm"))
    assert "0dbb566" in run.get("flag.tune_llm").origin[0].note


def test_what_each_way_out_costs(make_run) -> None:  # type: ignore[no-untyped-def]
    """The same launch with one flag set otherwise."""
    run = make_run(f"{HEAD} --use_lora true --tune_vision false")
    assert run.what_if is not None
    lora, full = run.what_if({"flag.tune_llm": False}), run.what_if({"flag.use_lora": False})
    assert data(lora.get("derived.trainable_params")) == LORA_PARAMS + EMBED + RESAMPLER
    assert data(full.get("derived.trainable_params")) == TOTAL - VISION
    assert lora.what_if is not None
    assert data(lora.what_if({"flag.lora_r": 8}).get("adapter.params")) == LORA_PARAMS // 8


def test_unknown_flag_values_decide_nothing_but_what_is_certain(make_run) -> None:  # type: ignore[no-untyped-def]
    """With `tune_llm` unknown and no LoRA, the resampler is still trained."""
    run = make_run(f"{HEAD} --tune_llm $TUNE --tune_vision false")
    assert data(run.get("tune.projector.mode")) == "full"
    assert data(run.get("tune.vision.mode")) == "frozen"
    assert isinstance(run.get("tune.llm.mode"), Unknown)
    assert isinstance(run.get("derived.trainable_params"), Unknown)


def test_unknown_model_keeps_modes(make_run) -> None:  # type: ignore[no-untyped-def]
    """Modes follow from flags; parameters need the model."""
    run = make_run(HEAD.replace("openbmb/MiniCPM-V-2_6", "/models/mine") + f" {LORA}")
    assert data(run.get("tune.llm.mode")) == "lora"
    assert data(run.get("tune.embed.mode")) == "saved_copy"
    assert isinstance(run.get("tune.lm_head.mode"), Unknown)
    assert isinstance(run.get("derived.total_params"), Unknown)
    assert isinstance(run.get("model.expected_llm_type"), Unknown)


SCRIPT = """
from dataclasses import dataclass, field
from typing import Optional
import transformers

@dataclass
class TrainingArguments(transformers.TrainingArguments):
    tune_vision: Optional[bool] = field(default=True)
    tune_llm: Optional[bool] = field(default=False)
    llm_type: str = field(default="minicpm")
    use_lora: Optional[bool] = field(default=False)
    lora_r: int = 4
    lora_target_modules: str = r"llm\\..*layers\\.\\d+\\.self_attn\\.(q_proj)"

@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="openbmb/MiniCPM-V-2")

def train():
    parser = transformers.HfArgumentParser((ModelArguments, TrainingArguments))
    model_args, args = parser.parse_args_into_dataclasses()
    if args.use_lora and args.tune_llm:
        raise ValueError("no")
    model = get_peft_model(model, LoraConfig(r=args.lora_r, task_type="CAUSAL_LM"))
    model.base_model.resampler.requires_grad_(True)

train()
"""


def test_the_script_at_hand_wins_over_the_official_one(make_run) -> None:  # type: ignore[no-untyped-def]
    """Its defaults, its guards, and the older way without saved copies."""
    run = make_run(f"{HEAD} --use_lora true --tune_vision false", {"finetune.py": SCRIPT})
    assert run.script_read and any(guard.names >= {"use_lora", "tune_llm"} for guard in run.guards)
    assert modes(run) == ("lora", "full", "frozen", "frozen", "full")
    lora = 28 * 4 * (3584 + 3584)
    assert data(run.get("derived.total_params")) == TOTAL + lora
    assert data(run.get("derived.trainable_params")) == lora + EMBED + RESAMPLER
    step = run.get("flag.tune_llm").origin[0]
    assert step.kind == "default" and step.site is not None and step.site.source.path == "finetune.py"


def test_media_and_templates(make_run) -> None:  # type: ignore[no-untyped-def]
    """Ten pictures of 64 tokens, or 96 with the 2.5 model; one slice is not cut."""
    assert data(make_run(HEAD).get("derived.images_tokens")) == 640
    assert data(make_run(f"{HEAD} --max_slice_nums 1").get("derived.images_tokens")) == 64
    older = make_run(HEAD.replace("MiniCPM-V-2_6", "MiniCPM-Llama3-V-2_5"))
    assert data(older.get("derived.images_tokens")) == 960
    assert data(older.get("model.expected_llm_type")) == "llama3"
    assert data(make_run(HEAD).get("model.expected_llm_type")) == "qwen"


def test_q_lora_casts_only_with_lora(make_run) -> None:  # type: ignore[no-untyped-def]
    """`q_lora` is read inside the LoRA branch, and quantises nothing."""
    assert data(make_run(f"{HEAD} {LORA} --q_lora true").get("precision.weights")) == "fp32"
    assert data(make_run(f"{HEAD} --q_lora true").get("precision.weights")) == "bf16"


@pytest.mark.parametrize(
    ("text", "framework"),
    [
        ("torchrun finetune.py --llm_type qwen --model_name_or_path /home/m/OpenBMB/MiniCPM-V-2_6 --data_path d.json", "minicpmv"),
        ("torchrun finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --use_lora true --output_dir o", "minicpmv"),
        ("torchrun train.py --model_name_or_path x --bf16 true --num_train_epochs 3 --save_steps 5", "hf-trainer"),
        ("deepspeed llava/train/train_mem.py --bf16 True --version v1", "llava"),
        ("torchrun train_own.py --size 3", "unknown"),
    ],
)
def test_detection(make_run, text, framework) -> None:  # type: ignore[no-untyped-def]
    """By flags where no script is at hand."""
    assert make_run(text).framework == framework


def test_files(make_run) -> None:  # type: ignore[no-untyped-def]
    """Roles, what exists, and what was probably meant."""
    run = make_run(f"{HEAD} --data_path trian.json --eval_data_path $EVAL --deepspeed ds.json", {"train.json": "[]", "ds.json": "{}"})
    found = {(data(item.fields["role"]), data(item.fields["path"])): item for item in run.items["files"]}
    assert data(found["data", "trian.json"].fields["exists"]) is False
    assert data(found["data", "trian.json"].fields["near"]) == "train.json"
    assert data(found["deepspeed", "ds.json"].fields["exists"]) is True
    assert data(found["entry", "finetune.py"].fields["exists"]) is False
    assert isinstance(found["data", None].fields["exists"], Unknown)
    assert isinstance(found["model", "openbmb/MiniCPM-V-2_6"].fields["exists"], Unknown)
    assert isinstance(run.get("flag.nothing_of_that_name"), Absent)


def test_every_name_of_a_run_is_in_the_vocabulary(make_run) -> None:  # type: ignore[no-untyped-def]
    """So that `show` can say what it means."""
    run = make_run(f"{HEAD} {LORA} --deepspeed ds.json", {"ds.json": '{"zero_optimization": {"stage": 2}}', "finetune.py": SCRIPT})
    add_floor(run)
    names = {*run.values, *run.pending, *make_run("python train.py --fp16", {"train.py": "import argparse"}).values}
    assert not sorted(name for name in names if entry_of(name) is None)


def test_v2_keeps_its_position_embedding_frozen_but_for_lora(make_run) -> None:  # type: ignore[no-untyped-def]
    """The model code freezes it; PEFT's copy and `requires_grad_` do not."""
    head = HEAD.replace("MiniCPM-V-2_6", "MiniCPM-V-2").replace("qwen", "minicpm") + " --tune_vision false"
    only, lora = make_run(f"{head} --tune_llm false"), make_run(f"{head} {LORA}")
    assert data(lora.get("derived.trainable.projector")) - data(only.get("derived.trainable.projector")) == 64 * 2304
