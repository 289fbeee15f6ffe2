"""A main that takes its arguments as parameters, `parse_dict`, arguments from a list, an options object made by hand."""
# run: --stage sft
# run: --stage sft --lora True
# run: --stage dpo
# run: --stage pt --lora True
# run: --stage rm
# run: --stage rm --rank 0 --lora True
from dataclasses import dataclass

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    stage: str = "sft"
    lora: bool = False
    rank: int = 8


def load(args):
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.lora:
        return get_peft_model(model, LoraConfig(r=args.rank, target_modules=["q_proj"]))
    return model


def run_sft(args, training):
    Trainer(model=load(args), args=training, train_dataset=[]).train()


def run_pt(args, training):
    if args.lora:
        raise ValueError("pre-training is full")
    run_sft(args, training)


def run_rm(args, training):
    model = load(args)
    assert not args.lora or args.rank >= 1, f"rank {args.rank}"
    model.lm_head.requires_grad_(False)
    Trainer(model=model, args=training, train_dataset=[]).train()


def run_exp(args=None, callbacks=None):
    parser = HfArgumentParser((Arguments, TrainingArguments))
    args, training = parser.parse_dict(args) if args is not None else parser.parse_args_into_dataclasses()
    callbacks = [] if callbacks is None else callbacks
    if args.stage == "pt":
        run_pt(args, training)
    elif args.stage == "sft":
        run_sft(args, training)
    elif args.stage == "rm":
        run_rm(args, training)
    else:
        raise ValueError(f"Unknown task: {args.stage}.")


def launch():
    run_exp()


if __name__ == "__main__":
    launch()
