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
    assert isinstance(run.get("flag.lr_scheduler_type"), Unknown)
    assert not run.items.get("raw.required")
    if name == "ms-swift":
        assert data(run.get("optim.lr")) == 1e-4


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
