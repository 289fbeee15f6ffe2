"""Launches whose framework is not one with an adapter of its own."""

import pytest

from lintune.launch.launchers import unwrap
from lintune.run.known import data
from lintune.values.value import Unknown

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--fp16", action="store_true")
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
"""


def test_options_of_an_argparse_script_are_checked_but_not_understood(make_run) -> None:  # type: ignore[no-untyped-def]
    """An unknown flag is an item; a flag that happens to be named like one of the Trainer's means nothing."""
    run = make_run("python train.py --fp16 --epochs 2 --epoch_size 4", {"train.py": ARGPARSE})
    assert run.framework == "argparse"
    assert [data(item.fields["name"]) for item in run.items["raw.unknown"]] == ["epoch_size"]
    assert data(run.get("option.epochs")) == 2
    assert isinstance(run.get("flag.fp16"), Unknown)


@pytest.mark.parametrize(("text", "name"), [("swift sft --model x --learning_rate 1e-4", "ms-swift"), ("axolotl train a.yml", "axolotl")])
def test_programs_that_are_their_own_entry(make_run, text: str, name: str) -> None:  # type: ignore[no-untyped-def]
    """They have their own defaults, so that nothing is taken for one of the Trainer's."""
    from lintune.run.assumptions import Assumptions
    from lintune.values.version import Pin, Specifiers

    old = Assumptions(pins={"transformers": Pin("transformers", Specifiers.parse("==4.44.2"))})
    run = make_run(text, assumptions=old)
    assert run.framework == name
    assert not run.items.get("raw.required")
    if name == "ms-swift":
        assert data(run.get("optim.lr")) == 1e-4
        assert data(run.get("flag.lr_scheduler_type")) == "cosine"
    else:
        assert isinstance(run.get("flag.lr_scheduler_type"), Unknown)


def test_a_trainer_script_that_is_not_at_hand(make_run) -> None:  # type: ignore[no-untyped-def]
    """Flags that the Trainer has are typed; others are kept; defaults that scripts often change are unknown."""
    run = make_run("torchrun train.py --bf16 true --save_steps 5 --num_train_epochs 2 --lora_r 8 --model_name_or_path x")
    assert run.framework == "hf-trainer"
    assert data(run.get("run.save_steps")) == 5 and data(run.get("run.epochs")) == 2.0
    assert data(run.get("model.id")) == "x"
    assert isinstance(run.get("optim.name"), Unknown)
    assert not run.items.get("raw.unknown")


def test_what_trains_nothing_is_no_run(make_run) -> None:  # type: ignore[no-untyped-def]
    """Evaluation and export are left alone."""
    from lintune.frameworks.context import Context
    from lintune.frameworks.registry import read_launch
    from lintune.launch.project import Project
    from lintune.launch.word import Command, Piece, Word
    from lintune.source.text import Site, Source, Span

    source = Source("eval.sh", "python eval.py")
    words = tuple(Word(site, (Piece(site.text, site),)) for site in (Site(source, Span(0, 6)), Site(source, Span(7, 14))))
    launch = unwrap(Command(words, Site(source, Span(0, 14)), {}))
    assert launch is not None
    assert read_launch(launch, Context(Project(["eval.sh"]), "eval.sh")) is None


def test_pins(make_run) -> None:  # type: ignore[no-untyped-def]
    """The nearest requirement file wins, the other is named; what the user says wins over both."""
    from lintune.run.assumptions import Assumptions
    from lintune.values.version import Pin, Specifiers

    root = {"requirements.txt": "transformers==4.40.0\ntorch>=2", ".git/HEAD": ""}
    files = {**root, "ft/requirements.txt": "transformers==4.51.2\n", "ft/finetune.py": ""}
    text = "torchrun ft/finetune.py --llm_type qwen --tune_llm false"
    run = make_run(text, files)
    assert run.versions["transformers"].specifiers.text == "==4.51.2"
    assert run.versions["torch"].specifiers.text == ">=2"
    assert [data(item.fields["specifier"]) for item in run.items["pins.other"]] == ["==4.40.0"]
    said = Assumptions(pins={"transformers": Pin("transformers", Specifiers.parse("==4.44.2"))})
    assert make_run(text, files, said).versions["transformers"].specifiers.text == "==4.44.2"


def test_a_config_file_as_the_only_argument(make_run) -> None:  # type: ignore[no-untyped-def]
    """Its keys are options; it is one of the launch's files."""
    script = """
import sys
from transformers import HfArgumentParser, TrainingArguments
parser = HfArgumentParser((TrainingArguments,))
if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
    args, = parser.parse_json_file(sys.argv[1])
else:
    args, = parser.parse_args_into_dataclasses()
"""
    run = make_run(
        "torchrun train.py args.json", {"train.py": script, "args.json": '{"learning_rate": 0.5, "bf16": true, "output_dir": "o"}'}
    )
    assert data(run.get("optim.lr")) == 0.5 and run.get("optim.lr").origin[0].kind == "config"
    assert data(run.get("precision.compute")) == "bf16"
    assert ("config", True) in {(data(item.fields["role"]), data(item.fields["exists"])) for item in run.items["files"]}


def test_an_accelerate_configuration(make_run) -> None:  # type: ignore[no-untyped-def]
    """Processes of the whole run; other keys by name; the option wins."""
    text = "accelerate launch --config_file acc.yaml {} train.py --bf16 true --save_steps 5 --per_device_train_batch_size 2"
    files = {"acc.yaml": "num_machines: 2\nnum_processes: 16\ndeepspeed_config:\n  zero_stage: 3\n"}
    run = make_run(text.format(""), files)
    assert data(run.get("derived.world_size")) == 16
    assert data(run.get("launch.accelerate.deepspeed_config.zero_stage")) == 3
    assert data(make_run(text.format("--num_processes 4"), files).get("derived.world_size")) == 4
    assert isinstance(make_run(text.format("").replace("acc.yaml", "none.yaml")).get("derived.world_size"), Unknown)
