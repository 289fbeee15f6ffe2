"""The launch's own script, run by a child process up to its training."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from lintune.dryrun.protocol import Json, Launch, Request, Result
from lintune.engine.child_process import run_child

TINY: dict[str, Json] = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
    "intermediate_size": 64, "vocab_size": 512, "architectures": ["LlamaForCausalLM"], "tie_word_embeddings": False,
}  # fmt: skip
HEAD = """\
from dataclasses import dataclass
import transformers

@dataclass
class ModelArguments:
    model_name_or_path: str = ""
    tune_llm: bool = True
    use_lora: bool = False

def main():
    parser = transformers.HfArgumentParser((ModelArguments, transformers.TrainingArguments))
    model_args, training_args = parser.parse_args_into_dataclasses()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_args.model_name_or_path)
    tokenizer.pad_token = tokenizer.eos_token
    model = transformers.AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path)
"""
TRAIN = """
    trainer = transformers.Trainer(model=model, args=training_args, train_dataset=[])
    trainer.train()

main()
"""


def ran(folder: Path, body: str, *words: str) -> Result:
    """A script with this middle part, run in a child."""
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text(json.dumps(TINY))
    (folder / "train.py").write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    ") + TRAIN)
    args = ["--model_name_or_path", "model", "--output_dir", "out", "--bf16", "true", *words]
    return run_child(Request("script", {"model.id": "model"}, launch=Launch("train.py", args, str(folder))))


def facts(result: Result) -> dict[str, Any]:
    assert result.ok, result.problem
    return {name.removeprefix("dry_run."): value for name, value in result.facts.items()}


def test_freezing_of_the_script(tmp_path: Path) -> None:
    found = facts(ran(tmp_path, "if not model_args.tune_llm:\n    model.model.layers.requires_grad_(False)", "--tune_llm", "false"))
    assert found["script.trained_parts"] == ["embed", "lm_head", "llm"] or set(found["script.trained_parts"]) == {"llm", "embed", "lm_head"}
    assert found["trainable_params"] == 2 * 512 * 64 + 64  # the two ends and the last norm
    assert found["script.trainer"] == "Trainer"


def test_lora_and_rates(tmp_path: Path) -> None:
    body = """
    from peft import LoraConfig, get_peft_model
    model = get_peft_model(model, LoraConfig(r=8, target_modules=["q_proj", "v_proj"]))
    """
    found = facts(ran(tmp_path, body, "--learning_rate", "3e-4", "--gradient_checkpointing", "true"))
    assert found["trainable_params"] == 2 * 2 * 8 * (64 + 64)
    assert found["script.lr_of.llm"] == pytest.approx(3e-4)
    assert found["parts.embed.trainable"] == 0


def test_what_the_script_needs_and_is_not_here(tmp_path: Path) -> None:
    body = """
    import package_that_nobody_has.kernels as kernels
    from deepspeed_that_nobody_has import zero
    kernels.apply(model)
    tokenizer = transformers.AutoTokenizer.from_pretrained("nobody/has-this")
    with zero.Init():
        model.to("cuda:0")
    """
    result = ran(tmp_path, body)
    assert result.ok, result.problem
    assert "`package_that_nobody_has` is not installed: a stand-in" in result.assumptions
    assert any("AutoTokenizer" in each for each in result.assumptions)


def test_trainer_of_the_script(tmp_path: Path) -> None:
    body = """
    import torch

    class Own(transformers.Trainer):
        def create_optimizer(self):
            self.optimizer = torch.optim.AdamW([{"params": self.model.lm_head.parameters(), "lr": 0.5},
                                                {"params": self.model.model.layers.parameters(), "lr": 0.25}])

    Own(model, training_args).train()
    """
    found = facts(ran(tmp_path, body))
    assert (found["script.trainer"], found["script.lr_of.lm_head"], found["script.lr_of.llm"]) == ("Own", 0.5, 0.25)


def test_quantised_loading(tmp_path: Path) -> None:
    body = """
    packed = transformers.BitsAndBytesConfig(load_in_4bit=True)
    model = transformers.AutoModelForCausalLM.from_pretrained("model", quantization_config=packed)
    assert model.is_loaded_in_4bit
    from peft import prepare_model_for_kbit_training
    model = prepare_model_for_kbit_training(model)
    """
    found = facts(ran(tmp_path, body))
    assert found["trainable_params"] == 0
    assert found["total_params"] == 2 * 512 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 64) + 5 * 64


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ('if model_args.tune_llm:\n    raise ValueError("choose one")', "script-failed", "ValueError at train.py:17: choose one"),
        ("raise SystemExit(3)", "script-failed", "exits with 3"),
        ("return", "not-reached", "without calling a Trainer's `train`"),
        ("try:\n    raise KeyError('x')\nexcept Exception:\n    return", "not-reached", "without calling"),
    ],
)
def test_scripts_that_do_not_train(tmp_path: Path, body: str, kind: str, words: str) -> None:
    problem = ran(tmp_path, body).problem
    assert problem is not None
    assert problem.kind == kind
    assert words in problem.message


def test_a_script_cannot_hide_its_training(tmp_path: Path) -> None:
    found = facts(ran(tmp_path, "try:\n    transformers.Trainer(model, training_args).train()\nexcept Exception:\n    pass"))
    assert found["script.trainer"] == "Trainer"


@pytest.mark.parametrize(("launch", "kind"), [(Launch(), "no-script"), (Launch("train.py", unknown_args=2), "unknown-arguments")])
def test_launches_that_cannot_be_run(launch: Launch, kind: str) -> None:
    problem = run_child(Request("script", launch=launch)).problem
    assert problem is not None
    assert problem.kind == kind
