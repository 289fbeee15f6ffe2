"""Options of library classes: those that no release sets itself are what was given."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.walk.trace import walk_script
from lintune.source.text import Source
from lintune.values.value import Absent, Data, Known, Unknown, Value


def decided(base: str, name: str, value: Data) -> bool | None:
    """What `if args.name == value` is where the launch gives the value; None where the library may change it."""
    module, _, last = base.rpartition(".")
    text = f"""
from transformers import HfArgumentParser
from {module} import {last}
args, = HfArgumentParser(({last},)).parse_args_into_dataclasses()
if args.{name} == {list(value) if isinstance(value, tuple) else value!r}:
    print()
"""
    script = read_entry_script(Source("train.py", text), lambda path: None)

    def option(asked: str) -> Value:
        return (
            (Known(value) if value is not None else Absent()) if asked == name else Absent() if asked == "max_seq_length" else Unknown("")
        )

    (branch,) = walk_script(script, option).branches
    return branch.taken


@pytest.mark.parametrize(
    ("base", "name", "value"),
    [
        ("transformers.TrainingArguments", "neftune_noise_alpha", 5.0),
        ("transformers.TrainingArguments", "eval_accumulation_steps", 4),
        ("transformers.TrainingArguments", "fp16", True),
        ("trl.SFTConfig", "assistant_only_loss", True),
        ("trl.GRPOConfig", "num_iterations", 2),
        ("trl.ModelConfig", "lora_r", 8),
        ("trl.ScriptArguments", "dataset_name", "d"),
        ("trl.DPOConfig", "loss_type", "sigmoid"),
        ("trl.SFTConfig", "max_length", 512),
    ],
)
def test_an_option_that_the_class_leaves_alone_is_known(base: str, name: str, value: Data) -> None:
    assert decided(base, name, value) is True


@pytest.mark.parametrize(
    ("base", "name", "value"),
    [
        ("transformers.TrainingArguments", "eval_strategy", "steps"),
        ("transformers.TrainingArguments", "logging_dir", "logs"),
        ("transformers.TrainingArguments", "output_dir", "~/out"),
        ("transformers.TrainingArguments", "warmup_steps", 3),
        ("trl.DPOConfig", "loss_type", ("sigmoid",)),
        ("trl.CPOConfig", "loss_type", "alphapo"),
        ("trl.GRPOConfig", "scale_rewards", False),
        ("unknown_library.Arguments", "neftune_noise_alpha", 5.0),
    ],
)
def test_one_that_some_release_sets_is_not(base: str, name: str, value: Data) -> None:
    assert decided(base, name, value) is None


def test_a_field_that_the_script_defines_anew_may_be_set_by_the_library_as_well() -> None:
    text = """
from dataclasses import dataclass
from transformers import HfArgumentParser, TrainingArguments
@dataclass
class Arguments(TrainingArguments):
    run_name: str = "own"
    layers: int = 2
args, = HfArgumentParser((Arguments,)).parse_args_into_dataclasses()
if args.layers == 2:
    print()
if args.run_name == "own":
    print()
"""
    script = read_entry_script(Source("train.py", text), lambda path: None)
    values: dict[str, Value] = {"layers": Known(2), "run_name": Known("own")}
    assert [branch.taken for branch in walk_script(script, lambda name: values.get(name, Unknown(""))).branches] == [True, None]
