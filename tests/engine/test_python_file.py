"""Python files and notebooks as launches."""

import json
from pathlib import Path

import pytest

from lintune.engine.check import check
from lintune.engine.result import CheckOptions, Result
from lintune.values.value import Known
from lintune.values.version import Pin, Specifiers

TRAIN = """from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2-7B")
args = TrainingArguments(output_dir="out", bf16=True, fp16=True)
Trainer(model=model, args=args).train()
"""


def checked(folder: Path, files: dict[str, str], *paths: str, **pins: str) -> Result:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    options = CheckOptions(pins=tuple(Pin(name, Specifiers.parse(f"=={version}")) for name, version in pins.items()))
    return check(paths or (".",), options)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names(result: Result) -> set[str]:
    return {finding.name for finding in result.findings if finding.severity != "info"}


def test_a_script_is_a_launch(tmp_path: Path) -> None:
    """Named or found in a folder; the finding points at the keyword."""
    for paths in ((), ("train.py",)):
        found = checked(tmp_path, {"train.py": TRAIN}, *paths, transformers="4.51.3")
        assert names(found) == {"fp16-and-bf16"}
        assert found.findings[0].primary.text == "fp16=True"
        assert "`bf16=True`" in found.findings[0].help, "options are named as the script writes them"
        assert [(file.path, file.role, file.framework) for file in found.files] == [("train.py", "launch", "hf-trainer")]


def test_a_test_of_a_project_is_no_launch(tmp_path: Path) -> None:
    """Unless it is named."""
    assert not checked(tmp_path, {"tests/test_train.py": TRAIN}).files
    assert checked(tmp_path, {}, "tests/test_train.py").launches


def test_a_script_that_parses_its_arguments_is_part_of_its_launch(tmp_path: Path) -> None:
    """Nothing is claimed of it alone."""
    text = "from transformers import HfArgumentParser, TrainingArguments\n"
    text += "HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()\n"
    found = checked(tmp_path, {"train.py": text}, "train.py")
    assert not found.launches and "part of the launch" in found.notes[0]


def test_a_shell_launch_takes_the_configuration_of_its_script(tmp_path: Path) -> None:
    """With what the command line gives for the script's own options."""
    script = (
        "import argparse\nfrom transformers import TrainingArguments\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=1.0)\nargs = parser.parse_args()\n"
        "config = TrainingArguments(output_dir='out', bf16=True, learning_rate=args.lr, deepspeed='ds.json')\n"
    )
    files = {
        "train.py": script,
        "run.sh": "torchrun --nproc_per_node 2 train.py --lr 3e-5\n",
        "ds.json": '{"zero_optimization": {"stage": 2}}',
    }
    (launch,) = checked(tmp_path, files, "run.sh").launches
    assert launch.get("optim.lr") == Known(3e-5, launch.get("optim.lr").origin)
    assert launch.get("par.ds.stage").value == 2  # type: ignore[union-attr]
    assert launch.get("derived.world_size").value == 2  # type: ignore[union-attr]


def test_parameters_of_fire_are_the_command_line(tmp_path: Path) -> None:
    """Given ones, and their defaults; alone nothing is known of them."""
    script = (
        "import fire\nfrom transformers import TrainingArguments\ndef train(lr: float = 1e-3, steps=7):\n"
        "    TrainingArguments(output_dir='o', bf16=True, learning_rate=lr, max_steps=steps)\nfire.Fire(train)\n"
    )
    (launch,) = checked(tmp_path, {"finetune.py": script, "run.sh": "torchrun finetune.py --lr 3e-5\n"}, "run.sh").launches
    assert [getattr(launch.get(name), "value", None) for name in ("optim.lr", "run.max_steps")] == [3e-5, 7]
    (alone,) = checked(tmp_path, {}, "finetune.py").launches
    assert not isinstance(alone.get("optim.lr"), Known)


def test_a_deepspeed_dictionary_is_read(tmp_path: Path) -> None:
    """Without any file."""
    text = (
        "from transformers import AutoModelForCausalLM, TrainingArguments\nds = {'zero_optimization': {'stage': 3}}\n"
        "args = TrainingArguments(output_dir='out', deepspeed=ds)\nAutoModelForCausalLM.from_pretrained('m', device_map='auto')\n"
    )
    (launch,) = checked(tmp_path, {"train.py": text}, "train.py").launches
    assert launch.get("par.ds.stage").value == 3  # type: ignore[union-attr]
    assert "zero3-device-map" in names(checked(tmp_path, {}, "train.py"))


def test_the_cells_of_a_notebook_are_one_program(tmp_path: Path) -> None:
    """Places are the notebook's; a cell that does not parse is left out."""
    cells = [
        "from trl import SFTConfig\nLENGTH = 2048",
        "this is no Python",
        "!nvidia-smi\nSFTConfig(output_dir='o', max_seq_length=LENGTH)",
    ]
    made = [{"cell_type": "code", "source": [line + "\n" for line in cell.split("\n")]} for cell in cells]
    text = json.dumps({"cells": made, "nbformat": 4, "metadata": {}}, indent=1)
    found = checked(tmp_path, {"train.ipynb": text}, "train.ipynb", trl="0.20.0")
    (finding,) = [each for each in found.findings if each.severity == "error"]
    assert (finding.name, finding.primary.text) == ("removed-keyword", "max_seq_length=LENGTH")


def test_facts_of_the_calls_around(tmp_path: Path) -> None:
    """The model, its quantisation and its adapter."""
    text = (
        "import torch\nfrom peft import LoraConfig\nfrom transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
        "from trl import SFTConfig, SFTTrainer\nbnb = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4')\n"
        "model = AutoModelForCausalLM.from_pretrained('Qwen/Qwen2-7B', quantization_config=bnb, torch_dtype=torch.bfloat16)\n"
        "SFTTrainer(model=model, args=SFTConfig(output_dir='o', max_length=512), peft_config=LoraConfig(r=4, target_modules=['q_proj']))\n"
    )
    (launch,) = checked(tmp_path, {"train.py": text}, "train.py", trl="0.20.0", transformers="4.55.4").launches
    wanted = {
        "framework": "trl",
        "model.id": "Qwen/Qwen2-7B",
        "model.load_dtype": "bf16",
        "model.quant.bits": 4,
        "model.quant.type": "nf4",
        "adapter.kind": "lora",
        "adapter.rank": 4,
        "adapter.alpha": 8,
        "adapter.targets": ("q_proj",),
        "tune.llm.mode": "lora",
        "seq.max_len": 512,
        "precision.compute": "bf16",
    }
    found = {name: getattr(launch.get(name), "value", None) for name in wanted if name != "framework"}
    assert {"framework": launch.framework, **found} == wanted


def test_unsloth_takes_what_trl_dropped(tmp_path: Path) -> None:
    """It makes TRL's classes anew."""
    text = "from unsloth import FastLanguageModel\nfrom trl import SFTTrainer, SFTConfig\n"
    text += "SFTTrainer(args=SFTConfig(bf16=True, max_seq_length=1), tokenizer=1)\n"
    found = checked(tmp_path, {"train.py": text}, "train.py", trl="0.20.0")
    assert found.launches[0].framework == "unsloth" and not names(found)


def test_a_script_that_asks_for_the_release_is_believed(tmp_path: Path) -> None:
    """It may make a call with some releases only."""
    text = (
        "import trl\nfrom trl import SFTConfig\nif trl.__version__ < '0.20':\n    SFTConfig(output_dir='o', bf16=True, max_seq_length=1)\n"
    )
    assert not names(checked(tmp_path, {"train.py": text}, "train.py", trl="0.20.0"))


def test_unsloth_chooses_the_type_itself(tmp_path: Path) -> None:
    """Neither `bf16` nor `fp16` is no fp32 there."""
    text = "from unsloth import FastLanguageModel\nfrom transformers import TrainingArguments\n"
    text += "model, tokenizer = FastLanguageModel.from_pretrained('unsloth/Llama-3.2-1B')\nTrainingArguments(output_dir='o')\n"
    found = checked(tmp_path, {"train.py": text}, "train.py", transformers="4.56.2")
    assert "trains-in-fp32" not in names(found)
    assert not isinstance(found.launches[0].get("precision.compute"), Known)
