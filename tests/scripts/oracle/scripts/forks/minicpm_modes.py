"""A MiniCPM-V fork with its tuning modes in an enumeration and a table of what each mode permits."""
# run:
# run: --mode lora
# run: --mode qlora
# run: --mode lora --tune_vision true
# run: --mode lora --slices 4x
# run: --mode full --slices 9
# run: --mode full --rank 8
# run: --mode vision_only --tune_vision false
# run: --mode vision_only
# run: --mode Full
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional

import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, Trainer


class TuneMode(str, Enum):
    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"
    VISION_ONLY = "vision_only"

    @classmethod
    def names(cls):
        return [each.value for each in cls]

    @property
    def has_adapter(self):
        return self in (TuneMode.LORA, TuneMode.QLORA)


FORBIDDEN = {TuneMode.LORA: {"tune_vision"}, TuneMode.QLORA: {"tune_vision", "tune_llm"}}


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="openbmb/MiniCPM-V-2_6")


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    mode: str = field(default="full")
    tune_vision: Optional[bool] = field(default=False)
    tune_llm: Optional[bool] = field(default=True)
    rank: int = field(default=0)
    slices: str = field(default="9")


def check(args):
    if args.mode not in TuneMode.names():
        raise ValueError(f"mode must be one of {', '.join(TuneMode.names())}, not {args.mode!r}")
    mode = TuneMode(args.mode)
    for name in sorted(FORBIDDEN.get(mode, ())):
        if getattr(args, name):
            raise ValueError(f"{name} cannot be used with mode {mode.value}")
    if not args.slices.isdecimal():
        raise ValueError(f"slices must be a number, got {args.slices}")
    if not mode.has_adapter and args.rank:
        raise ValueError(f"rank {args.rank} needs an adapter")
    if mode is TuneMode.VISION_ONLY and not args.tune_vision:
        raise RuntimeError("nothing would be trained")
    return mode


def train():
    parser = transformers.HfArgumentParser((ModelArguments, TrainingArguments))
    model_args, training_args = parser.parse_args_into_dataclasses()
    mode = check(training_args)
    model = AutoModel.from_pretrained(model_args.model_name_or_path, trust_remote_code=True)
    if mode is TuneMode.VISION_ONLY:
        model.llm.requires_grad_(False)
    if mode.has_adapter:
        for name, param in model.llm.named_parameters():
            param.requires_grad = False
        model = get_peft_model(model, LoraConfig(r=training_args.rank or 64, target_modules=["q_proj", "v_proj"]))
    Trainer(model=model, args=training_args, train_dataset=[]).train()


if __name__ == "__main__":
    train()
