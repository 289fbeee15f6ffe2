"""`lintune plan` as it is run: what is written into a launch makes it what was promised."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lintune.cli.main import main

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "plan-v1.schema.json").read_text(encoding="utf-8"))
SHELL = """\
GPUS=2
torchrun --nproc_per_node $GPUS finetune.py \\
    --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen \\
    --use_lora false --tune_llm true --tune_vision true \\
    --bf16 true --output_dir out --max_steps 100 \\
    --per_device_train_batch_size 2 --gradient_accumulation_steps 4 --model_max_length 2048 \\
    --max_slice_nums 9 \\
    --deepspeed ds.json
"""
DEEPSPEED = """\
{
  "bf16": {"enabled": "auto"},
  "zero_optimization": {
    "stage": 2,
    "overlap_comm": true
  },
  "train_batch_size": "auto"
}
"""
FACTORY = """\
model_name_or_path: Qwen/Qwen2.5-7B-Instruct
stage: sft
do_train: true
finetuning_type: full
dataset: alpaca_en_demo
template: qwen
cutoff_len: 2048
output_dir: saves/full
per_device_train_batch_size: 4
gradient_accumulation_steps: 4
num_train_epochs: 1.0
bf16: true
"""
AXOLOTL = """\
base_model: meta-llama/Llama-3.1-8B
datasets:
  - path: data.jsonl
    type: alpaca
sequence_len: 4096
micro_batch_size: 4
gradient_accumulation_steps: 2
num_epochs: 1
optimizer: adamw_torch
bf16: true
"""
CODE = """\
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B", torch_dtype="bfloat16")
args = SFTConfig(
    output_dir="out",
    per_device_train_batch_size=8,
    gradient_accumulation_steps=2,
    max_length=4096,
    bf16=True,
    gradient_checkpointing=False,
)
peft = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
SFTTrainer(model=model, args=args, train_dataset=load_dataset("a/b", split="train"), peft_config=peft).train()
"""


def planned(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one launch of a plan's document, checked against the schema."""
    assert main(["plan", *words, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    (launch,) = document["launches"]
    found: dict[str, Any] = launch
    return found


def launches(folder: Path) -> dict[str, Path]:
    """A launch of each kind in a folder."""
    made = {
        "shell": folder / "finetune.sh",
        "factory": folder / "factory.yaml",
        "axolotl": folder / "axolotl.yml",
        "code": folder / "sft.py",
    }
    for path, content in zip(made.values(), (SHELL, FACTORY, AXOLOTL, CODE), strict=True):
        path.write_text(content, encoding="utf-8")
    (folder / "ds.json").write_text(DEEPSPEED, encoding="utf-8")
    return made


@pytest.mark.parametrize("kind", ["shell", "factory", "axolotl", "code"])
def test_a_written_plan_is_what_was_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Every plan that can be written as a whole: afterwards the launch, read again, has the plan's memory, and fits."""
    monkeypatch.chdir(tmp_path)
    words = [launches(tmp_path)[kind].name, "--gpu", "A100-40G" if kind == "code" else "2xA100-40G"]
    before = planned(words, capsys)
    plans = before["plans"]
    assert plans
    whole = [plan for plan in plans if plan["edits"] and not plan["by_hand"]]
    assert whole
    for plan in whole:
        launches(tmp_path)
        assert main(["plan", *words, "--fix", str(plan["number"])]) == 0
        assert "is written into" in capsys.readouterr().err
        after = planned(words, capsys)
        assert after["per_gpu"] == plan["per_gpu"], plan["changes"]
        assert after["fits"] is True
        assert after["effort"]["global_batch"] == before["effort"]["global_batch"]


def test_diff_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--diff` shows the edits of the plan that is asked for, in every file."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    words = ["finetune.sh", "--gpu", "2xA100-40G"]
    plans = planned(words, capsys)["plans"]
    number = next(plan["number"] for plan in plans if any(edit["path"] == "ds.json" for edit in plan["edits"]))
    assert main(["plan", *words, "--diff", str(number)]) == 0
    shown = capsys.readouterr().out
    assert "+++ b/ds.json" in shown and '+    "offload_optimizer"' in shown
    assert (tmp_path / "ds.json").read_text() == DEEPSPEED and (tmp_path / "finetune.sh").read_text() == SHELL


def test_numbers_that_are_no_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A number beyond the plans, two launches, both options: usage errors that say why."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    for words, said in (
        (["finetune.sh", "--gpu", "2xA100-40G", "--fix", "99"], "there are"),
        (["finetune.sh", "factory.yaml", "--gpu", "2xA100-40G", "--fix", "1"], "takes one launch"),
        (["finetune.sh", "--gpu", "2xA100-40G", "--fix", "1", "--diff", "1"], "exclude"),
        ([], "takes the path"),
        (["finetune.sh", "--gpu", "2xA100-40G", "--budget", "x"], "takes a number"),
    ):
        assert main(["plan", *words]) == 2
        assert said in capsys.readouterr().err


def test_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Plans, prices, ceilings, steps, tokens and hours stand there."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    assert main(["plan", "finetune.sh", "--gpu", "2xA100-40G"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "does not fit in 39.4 GiB",
        "Plans that make it fit",
        "  1. ",
        "Price of each change alone",
        "Largest that fits",
        "100 optimizer steps of 16 samples",
        "GPU-hours",
        "a checkpoint takes",
    ):
        assert words in shown, words


def test_samples_are_counted_or_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Steps come from the data file where it is at hand, from `--samples` otherwise; without either they are not made up."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    script = SHELL.replace("--max_steps 100", "--num_train_epochs 2 --data_path data.json")
    (tmp_path / "finetune.sh").write_text(script)
    words = ["finetune.sh", "--gpu", "2xH100"]
    assert planned(words, capsys)["effort"]["steps"] is None
    (tmp_path / "data.json").write_text(json.dumps([{"id": number} for number in range(33)]))
    effort = planned(words, capsys)["effort"]
    assert (effort["samples"], effort["steps"], effort["samples_from"]) == (33, 6, "data.json")
    effort = planned([*words, "--samples", "1600", "--mean-tokens", "500"], capsys)["effort"]
    assert (effort["steps"], effort["tokens"], effort["tokens_are"]) == (200, 1600 * 2 * 500, "mean")
    assert effort["hours"][0]["gpu"] == "H100"


def test_budget_stands_for_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--budget` is the limit; without it and without a card there is no plan, and what settles it is said."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    found = planned(["factory.yaml", "--budget", "30"], capsys)
    assert found["capacity"] == 30 * 2**30 and all(plan["per_gpu"]["high"] <= 30 * 2**30 for plan in found["plans"] if plan["fits"] is True)
    assert main(["plan", "factory.yaml"]) == 2
    assert "--gpu" in capsys.readouterr().err


def test_what_is_free_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A launch that fits gets plans that are faster."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "factory.yaml"
    path.write_text(FACTORY.replace("finetuning_type: full", "finetuning_type: lora").replace("size: 4", "size: 1"))
    found = planned(["factory.yaml", "--gpu", "H100"], capsys)
    assert found["purpose"] == "use what is free" and found["plans"]
    assert all(plan["time"] < 1 and plan["fits"] is True for plan in found["plans"])


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format html`: one page, also for a launch without a plan."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    (tmp_path / "other.json").write_text('{"lintune_run": 1, "values": {"model.id": "me/mine"}}')
    assert main(["plan", "finetune.sh", "other.json", "--gpu", "2xA100-40G", "--format", "html"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("<!doctype html>") and "No plan" in shown and "plan 1" in shown


def test_no_plan_brings_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules are asked before a change is offered: 8-bit AdamW crashes under ZeRO-3, an image needs more tokens than a short sample has."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    (tmp_path / "ds.json").write_text(DEEPSPEED.replace('"stage": 2', '"stage": 3'))
    (tmp_path / "factory.yaml").write_text(FACTORY + "deepspeed: ds.json\n")
    found = planned(["factory.yaml", "--gpu", "A100-40G"], capsys)
    reasons = {each["change"]: each["reason"] for each in found["no_setting"]}
    assert "bnb-optimizer-with-zero3" in reasons["8-bit AdamW"]
    assert "optimizer" not in {change["knob"] for plan in found["plans"] for change in plan["changes"]}
    reasons = {each["change"]: each["reason"] for each in planned(["finetune.sh", "--gpu", "2xA100-40G"], capsys)["no_setting"]}
    assert "640 tokens" in reasons["samples of at most 512 tokens"]


def test_a_model_is_saved_under_zero3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What ZeRO-3 needs to save a model goes into the file with it, in one edit that leaves JSON behind."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    words = ["finetune.sh", "--gpu", "2xA100-40G"]
    plan = next(plan for plan in planned(words, capsys)["plans"] if plan["set"].get("zero_optimization.stage") == "3")
    assert main(["plan", *words, "--fix", str(plan["number"])]) == 0
    zero = json.loads((tmp_path / "ds.json").read_text())["zero_optimization"]
    assert zero["stage"] == 3 and zero["stage3_gather_16bit_weights_on_model_save"] is True and zero["overlap_comm"] is True


def test_where_it_fits_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Larger cards are named, and how many of its own; a launch that nothing divides needs another card."""
    monkeypatch.chdir(tmp_path)
    launches(tmp_path)
    (tmp_path / "ds.json").write_text(DEEPSPEED.replace('"stage": 2', '"stage": 3'))
    found = planned(["finetune.sh", "--gpu", "2xA100-80G"], capsys)["fits_as_configured_on"]
    assert found["count"] in (4, 8, 16, 32) and "B200" in found["gpus"] and "T4" not in found["gpus"]
    assert planned(["factory.yaml", "--gpu", "A100-40G"], capsys)["fits_as_configured_on"]["count"] is None
