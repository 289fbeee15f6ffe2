"""What a script trains that no adapter knows, how it loads its model, and what it refuses, from the walk through it."""

from pathlib import Path

import pytest

from lintune.cli.config import Config
from lintune.cli.settings import Given, options_for
from lintune.engine.check import check
from lintune.run.known import data
from lintune.run.run import Run
from lintune.values.value import Absent, Known, Unknown

SCRIPT = """
from dataclasses import dataclass
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments

@dataclass
class Arguments:
    model_name_or_path: str = ""
    rank: int = 8
    use_lora: bool = False

def main():
    args, training_args = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = AutoModelForCausalLM.from_pretrained(
        args.model_name_or_path, torch_dtype=torch.bfloat16 if training_args.bf16 else None, attn_implementation="sdpa", device_map=None
    )
    BODY
    if args.use_lora:
        model = get_peft_model(model, LoraConfig(r=args.rank, target_modules=["q_proj", "v_proj"]))
    Trainer(model=model, args=training_args).train()

main()
"""


def run_of(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str = "pass", flags: str = "") -> Run:
    """The run of a launch of the script in a folder of its own."""
    (folder / "train.py").write_text(SCRIPT.replace("BODY", body))
    (folder / "run.sh").write_text(
        "torchrun --nproc_per_node 1 train.py --model_name_or_path Qwen/Qwen2.5-7B --bf16 True --output_dir out "
        f"--per_device_train_batch_size 1 --learning_rate 1e-5 {flags}\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    (found,) = check(["run.sh"], options_for(Config(), Given())).launches
    return found


def modes(run: Run) -> dict[str, object]:
    found = {part: run.get(f"tune.{part}.mode") for part in ("llm", "embed", "lm_head", "vision")}
    return {part: value.value if isinstance(value, Known) else type(value) for part, value in found.items()}


@pytest.mark.parametrize(
    ("body", "flags", "expected"),
    [
        ("pass", "", ("full", "full", "full")),
        ("model.get_input_embeddings().requires_grad_(False)", "", ("full", "frozen", "full")),
        ("model.requires_grad_(False); model.lm_head.requires_grad_(True)", "", ("frozen", "frozen", "full")),
        ("pass", "--use_lora True", ("lora", "frozen", "frozen")),
        ("model.model.layers[0].requires_grad_(False)", "", ("partial", "full", "full")),
        ("if torch.cuda.device_count() > 1: model.model.requires_grad_(False)", "", (Unknown, Unknown, "full")),
    ],
)
def test_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, flags: str, expected: tuple[object, ...]) -> None:
    found = modes(run_of(tmp_path, monkeypatch, body, flags))
    assert (found["llm"], found["embed"], found["lm_head"]) == expected
    assert found["vision"] is Absent


def test_adapter_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, monkeypatch, flags="--use_lora True --rank 4")
    assert [getattr(run.get(name), "value", None) for name in ("adapter.kind", "adapter.rank")] == ["lora", 4]
    trained = run.get("derived.trainable_params")
    assert isinstance(trained, Known) and trained.value == 28 * 4 * ((3584 + 3584) + (3584 + 512))


def test_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, monkeypatch)
    assert [getattr(run.get(name), "value", None) for name in ("model.load_dtype", "model.attn")] == ["bf16", "sdpa"]
    assert isinstance(run.get("script.device_map"), Absent)


def test_the_way_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from lintune.cli.main import main

    run_of(tmp_path, monkeypatch, "if args.rank > 4: raise ValueError('above 4')")
    assert main(["show", "--trace", "run.sh"]) == 0
    out = capsys.readouterr().out
    assert "args.rank > 4" in out and "certain  ValueError: above 4" in out and "Training does not start." in out


OWN = """
from torch import nn
from transformers import LlamaForCausalLM, LlamaModel

class OwnModel(LlamaModel):
    def __init__(self, config):
        super().__init__(config)
        self.vision_model = nn.Linear(8, 8)
        self.vision2text = nn.Linear(8, 8)

class OwnForCausalLM(LlamaForCausalLM):
    def __init__(self, config):
        super().__init__(config)
        self.model = OwnModel(config)
"""
OWN_CLASS = ("from own import OwnForCausalLM; model = OwnForCausalLM.from_pretrained(args.model_name_or_path)", "AutoModelForCausalLM")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ("full", "full", "full")),
        ("model.model.vision_model.requires_grad_(False)", ("full", "frozen", "full")),
        ("model.requires_grad_(False); model.model.vision2text.requires_grad_(True)", ("frozen", "frozen", "full")),
    ],
)
def test_a_model_of_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, expected: tuple[object, ...]) -> None:
    (tmp_path / "own.py").write_text(OWN)
    run = run_of(tmp_path, monkeypatch, f"{OWN_CLASS[0]}\n    {body or 'pass'}")
    found = {part: run.get(f"tune.{part}.mode") for part in ("llm", "vision", "projector")}
    assert tuple(value.value if isinstance(value, Known) else type(value) for value in found.values()) == expected


def test_a_prefix_that_remote_code_trains_is_not_taken_for_full_tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = """from transformers import AutoConfig, AutoModel
    config = AutoConfig.from_pretrained("THUDM/chatglm2-6b", trust_remote_code=True)
    config.pre_seq_len = args.rank
    model = AutoModel.from_pretrained("THUDM/chatglm2-6b", config=config, trust_remote_code=True)"""
    assert modes(run_of(tmp_path, monkeypatch, body))["llm"] is Unknown
    plain = body.replace("config.pre_seq_len = args.rank", "config.pre_seq_len = None")
    assert modes(run_of(tmp_path, monkeypatch, plain))["llm"] == "full"


LLAVA_FORK = """
from dataclasses import dataclass
from typing import Optional
import transformers
from transformers import CLIPVisionModel, LlamaForCausalLM, LlamaModel, Trainer
from torch import nn

@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = None
    vision_tower: Optional[str] = None
    mm_projector_type: str = "linear"
    tune_mm_mlp_adapter: bool = False
    keep_tower: bool = True

class Tower(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.vision_tower = CLIPVisionModel.from_pretrained(args.vision_tower)
        if args.keep_tower:
            self.vision_tower.requires_grad_(False)

class LlavaModel(LlamaModel):
    def begin(self, args):
        self.vision_tower = Tower(args)
        self.mm_projector = nn.Linear(8, 8)

class LlavaLlamaForCausalLM(LlamaForCausalLM):
    def __init__(self, config):
        super().__init__(config)
        self.model = LlavaModel(config)

def train():
    parser = transformers.HfArgumentParser((ModelArguments, transformers.TrainingArguments))
    model_args, training_args = parser.parse_args_into_dataclasses()
    model = LlavaLlamaForCausalLM.from_pretrained(model_args.model_name_or_path)
    model.model.begin(model_args)
    if model_args.tune_mm_mlp_adapter:
        model.requires_grad_(False)
        model.model.mm_projector.requires_grad_(True)
    Trainer(model=model, args=training_args).train()

train()
"""


@pytest.mark.parametrize(
    ("flags", "vision", "trained"),
    [
        ("", "frozen", ("llm", "embed", "lm_head", "projector")),
        ("--keep_tower False", "full", ("llm", "embed", "lm_head", "vision", "projector")),
        ("--keep_tower False --tune_mm_mlp_adapter True", "frozen", ("projector",)),
    ],
)
def test_a_fork_decides_where_it_differs_from_what_its_adapter_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, vision: str, trained: tuple[str, ...]
) -> None:
    (tmp_path / "train.py").write_text(LLAVA_FORK)
    (tmp_path / "run.sh").write_text(
        "torchrun --nproc_per_node 1 train.py --model_name_or_path lmsys/vicuna-7b-v1.5 --vision_tower openai/clip-vit-large-patch14-336 "
        f"--mm_projector_type linear --bf16 True --output_dir out {flags}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    (run,) = check(["run.sh"], options_for(Config(), Given())).launches
    assert run.framework == "llava"
    found = [run.get(name) for name in ("derived.trainable_parts", "tune.vision.mode", "tune.llm.mode")]
    assert [value.value for value in found if isinstance(value, Known)] == [trained, vision, "full" if "llm" in trained else "frozen"]


def test_the_model_is_named_where_the_script_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        SCRIPT.replace("BODY", "pass")
        .replace("model_name_or_path: str", "checkpoint: str")
        .replace("args.model_name_or_path", "args.checkpoint")
    )
    (tmp_path / "train.py").write_text(text)
    flags = "--output_dir out --per_device_train_batch_size 1 --learning_rate 1e-5"
    (tmp_path / "run.sh").write_text(f"torchrun --nproc_per_node 1 train.py --checkpoint Qwen/Qwen2.5-7B {flags}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    (run,) = check(["run.sh"], options_for(Config(), Given())).launches
    name = run.get("model.id")
    assert isinstance(name, Known) and name.value == "Qwen/Qwen2.5-7B"
    assert [step.site.line for step in name.origin if step.kind == "flag" and step.site is not None] == [1]


@pytest.mark.parametrize(("name", "vision"), [("own/model", Unknown), ("THUDM/chatglm2-6b", Absent), ("Qwen/Qwen2.5-7B", Absent)])
def test_code_that_comes_with_a_model_may_hold_a_tower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, vision: type[object]
) -> None:
    body = f'model = AutoModelForCausalLM.from_pretrained("{name}", trust_remote_code=True)'
    assert modes(run_of(tmp_path, monkeypatch, body))["vision"] is vision


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("model.requires_grad_(False)", True),
        ("model.requires_grad_(False); model.query_tokens.requires_grad_(True)", False),
        ("model.requires_grad_(False); [p.requires_grad_(True) for n, p in model.named_parameters() if 'prompt' in n]", False),
        ("[p.requires_grad_(False) for n, p in model.named_parameters() if n.startswith(('model.', 'lm_head'))]", False),
        ("model.model.requires_grad_(False); model.lm_head.requires_grad_(False)", False),
    ],
)
def test_nothing_is_trained_only_where_nothing_else_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, known: bool) -> None:
    run = run_of(tmp_path, monkeypatch, body)
    assert [run.get(f"tune.{part}.mode").value for part in ("llm", "embed", "lm_head")] == ["frozen"] * 3  # type: ignore[union-attr]
    found = run.get("derived.trainable_parts")
    assert (isinstance(found, Known) and found.value == ()) if known else isinstance(found, Unknown)


def test_a_model_of_the_projects_own_that_reads_images_is_not_of_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = OWN.replace("self.vision_model = nn.Linear(8, 8)", "load_vision(self)").replace("self.vision2text = nn.Linear(8, 8)", "pass")
    (tmp_path / "own.py").write_text(hidden)
    run = run_of(tmp_path, monkeypatch, OWN_CLASS[0])
    assert [type(run.get(f"tune.{part}.mode")) for part in ("llm", "vision", "projector")] == [Known, Unknown, Unknown]
    (tmp_path / "own.py").write_text(hidden.replace("load_vision(self)", "pass"))
    assert isinstance(run_of(tmp_path, monkeypatch, OWN_CLASS[0]).get("tune.vision.mode"), Absent)


def test_the_adapter_of_a_script_that_makes_its_own_arguments(make_run) -> None:  # type: ignore[no-untyped-def]
    """Where the configuration of the adapter stands behind an option, the walk tells what it is with these options."""
    script = """
import argparse
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments
parser = argparse.ArgumentParser()
parser.add_argument("--lora", action="store_true")
parser.add_argument("--rank", type=int, default=16)
args = parser.parse_args()
model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B", device_map="auto")
if args.lora:
    model = get_peft_model(model, LoraConfig(r=args.rank, target_modules=["q_proj"]))
Trainer(model, TrainingArguments("out", bf16=True)).train()
"""
    run = make_run("torchrun --nproc_per_node 2 train.py --lora --rank 64", {"train.py": script})
    assert (data(run.get("adapter.rank")), data(run.get("adapter.targets"))) == (64, ("q_proj",))
    assert data(run.get("script.device_map")) == "auto" and data(run.get("script.loaded_early")) is True
    assert isinstance(make_run("python train.py", {"train.py": script}).get("adapter.rank"), Unknown)


def test_a_fork_that_differs_leaves_open_what_its_code_leaves_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fork = LLAVA_FORK.replace("    Trainer(", "    if torch.cuda.is_available(): model.lm_head.requires_grad_(False)\n    Trainer(")
    (tmp_path / "train.py").write_text(f"import torch{fork}")
    words = "--vision_tower openai/clip-vit-large-patch14-336 --mm_projector_type linear --bf16 True --output_dir out"
    heads = []
    for flag in ("True", "False"):
        launch = f"torchrun --nproc_per_node 1 train.py --model_name_or_path lmsys/vicuna-7b-v1.5 {words} --keep_tower {flag}\n"
        (tmp_path / "run.sh").write_text(launch)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LINTUNE_CACHE", "off")
        (run,) = check(["run.sh"], options_for(Config(), Given())).launches
        heads.append(type(run.get("tune.lm_head.mode")))
        assert isinstance(run.get("derived.trainable_parts"), Known if flag == "True" else Unknown)
    assert heads == [Known, Unknown]
