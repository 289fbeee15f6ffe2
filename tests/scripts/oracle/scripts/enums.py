"""Enumerations as options: comparison of text with members, lookup, iteration."""
# run:
# run: --mode lora
# run: --mode full --level high
# run: --mode lora --level high
# run: --mode freeze
# run: --colour red
# run: --colour green
# run: --colour none
from dataclasses import dataclass, field
from enum import Enum

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


class Mode(str, Enum):
    FULL = "full"
    LORA = "lora"
    FREEZE = "freeze"


class Level(Enum):
    LOW = "low"
    HIGH = "high"


class Colour(Enum):
    RED = 1
    GREEN = 2


@dataclass
class Arguments:
    mode: Mode = Mode.FULL
    level: Level = field(default="low")
    colour: str = "green"


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    if args.mode == Mode.LORA and args.level == "high":
        raise ValueError(f"{args.level} with lora")
    if Level(args.level) is Level.HIGH:
        raise ValueError("high")
    if Colour[args.colour.upper()] is Colour.RED:
        raise ValueError("red")
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.mode == "lora":
        model = get_peft_model(model, LoraConfig(target_modules=["q_proj"]))
    elif args.mode == Mode.FREEZE:
        model.lm_head.requires_grad_(False)
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
