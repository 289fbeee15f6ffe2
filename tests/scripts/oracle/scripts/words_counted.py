"""HfArgumentParser with a config file as the only word, words of the command line that are looked at, classes from a table."""
# run: --stage sft --output_dir out
# run: --stage sft --output_dir out --rank 0
# run: --stage dpo --output_dir out --rank 8
# run: --stage sft --output_dir out --max_layers 0
# run: --stage sft --output_dir out --label_smoothing_factor 2
# run: --stage sft --output_dir out --fp16_twice True
import os
import sys
from dataclasses import dataclass, field

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class LoraOptions:
    rank: int = field(default=4)

    def __post_init__(self):
        if self.rank < 1:
            raise ValueError("no rank")


@dataclass
class LayerOptions:
    max_layers: int = 2
    fp16_twice: bool = False

    def __post_init__(self):
        assert self.max_layers > 0, f"max_layers is {self.max_layers}"


@dataclass
class RunOptions(TrainingArguments):
    stage: str = "sft"

    def __post_init__(self):
        super().__post_init__()
        if self.stage not in ("sft", "pt"):
            raise ValueError(f"stage {self.stage}")
        if self.label_smoothing_factor > 1:
            raise ValueError("too smooth")


OPTIONS = {"lora": LoraOptions, "layers": LayerOptions}


def options_of(kind):
    return OPTIONS[kind]


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: words_counted.py CONFIG.json | --flags")
    parser = HfArgumentParser((options_of("lora"), options_of("layers"), RunOptions))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        lora, layers, run = parser.parse_json_file(os.path.abspath(sys.argv[1]))
    else:
        lora, layers, run = parser.parse_args_into_dataclasses()
    if layers.fp16_twice:
        raise ValueError("twice")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=run, train_dataset=[]).train()


main()
