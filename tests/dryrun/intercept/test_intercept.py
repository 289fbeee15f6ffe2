"""The launch's own script, run by a child process up to its training."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lintune.dryrun.protocol import Json, Launch, Request, Result
from lintune.engine.child_process import Child

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


CHILD = Child()
"""One for all tests, as for all launches of a check."""


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    """The child ends with the tests."""
    yield
    CHILD.close()


def ran(folder: Path, body: str, *words: str) -> Result:
    """A script with this middle part, run in a child."""
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text(json.dumps(TINY))
    (folder / "train.py").write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    ") + TRAIN)
    args = ["--model_name_or_path", "model", "--output_dir", "out", "--bf16", "true", *words]
    return CHILD.ask(Request("script", {"model.id": "model"}, launch=Launch("train.py", args, str(folder))))


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
    problem = CHILD.ask(Request("script", launch=launch)).problem
    assert problem is not None
    assert problem.kind == kind


def test_a_function_that_fire_calls(tmp_path: Path) -> None:
    """Without the package, with the words of the launch as its arguments."""
    (tmp_path / "train.py").write_text(
        "import fire\nfrom lintune_no_such import nothing\n"
        "def train(rank: int = 1, name: str = ''):\n    assert (rank, name) == (8, 'x')\n    raise ValueError('reached')\n"
        "fire.Fire(train)\n"
    )
    problem = CHILD.ask(Request("script", launch=Launch("train.py", ["--rank", "8", "--name=x"], str(tmp_path)))).problem
    assert problem is not None and "reached" in problem.message
    assert problem.kind == "script-stopped" and "`lintune_no_such` is not installed" in problem.help


def test_data_that_is_not_here(tmp_path: Path) -> None:
    """A missing JSON file of samples is empty, and is told of."""
    result = ran(tmp_path, "import json\nassert json.load(open('data/none.json')) == []")
    assert any("`data/none.json` is not at hand" in each for each in result.assumptions), result.problem


def test_packages_of_the_project_are_found(tmp_path: Path) -> None:
    """Though it is not installed."""
    (tmp_path / "own_project").mkdir()
    (tmp_path / "own_project" / "__init__.py").write_text("KNOWN = 7\n")
    result = ran(tmp_path, "from own_project import KNOWN\nassert KNOWN == 7")
    assert result.ok and not any("own_project" in each for each in result.assumptions), result.problem


def test_names_of_other_releases(tmp_path: Path) -> None:
    """Where they live now."""
    body = "from peft import prepare_model_for_int8_training\nfrom transformers.deepspeed import is_deepspeed_zero3_enabled"
    assert ran(tmp_path, f"{body}\nfrom transformers.trainer import ALL_LAYERNORM_LAYERS").ok


def test_the_models_own_code(tmp_path: Path) -> None:
    """Is what the script trains, where it may run; what it lacks is stood in for."""
    folder = tmp_path / "own"
    folder.mkdir()
    auto = {"AutoConfig": "configuration_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.OwnModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "own_kind", "hidden_size": 8, "auto_map": auto}))
    (folder / "configuration_own.py").write_text(
        "from transformers import PretrainedConfig\nclass OwnConfig(PretrainedConfig):\n    model_type = 'own_kind'\n"
    )
    (folder / "modeling_own.py").write_text(
        "import torch, no_such_reader\nfrom transformers import PreTrainedModel\nfrom .configuration_own import OwnConfig\n"
        "class OwnModel(PreTrainedModel):\n    config_class = OwnConfig\n    def __init__(self, config):\n"
        "        super().__init__(config)\n        self.one = torch.nn.Linear(config.hidden_size, 3)\n        self.post_init()\n"
    )
    (tmp_path / "train.py").write_text(
        "import transformers\n"
        "model = transformers.AutoModelForCausalLM.from_pretrained('own', trust_remote_code=True)\n"
        "transformers.Trainer(model=model, args=transformers.TrainingArguments(output_dir='out')).train()\n"
    )
    asked = Request("script", {"model.id": "own"}, model_folder=str(folder), launch=Launch("train.py", [], str(tmp_path)))
    asked.options.trust_remote_code = True
    result = CHILD.ask(asked)
    assert facts(result)["trainable_params"] == 27 and any("no_such_reader" in each for each in result.assumptions)


def test_nothing_is_written_where_the_launch_writes(tmp_path: Path) -> None:
    """The output folder is one that ends with the dry run."""
    body = "import os\nos.makedirs(training_args.output_dir)\nopen(os.path.join(training_args.output_dir, 'x'), 'w').close()"
    assert ran(tmp_path, body).ok
    assert not (tmp_path / "out").exists()


def test_a_package_of_the_projects_own_by_a_known_name(tmp_path: Path) -> None:
    """`datasets` beside the script is the project's, whether or not the other is installed."""
    (tmp_path / "datasets.py").write_text("OWN = 1\n")
    result = ran(tmp_path, "from datasets import OWN")
    assert result.ok, result.problem
