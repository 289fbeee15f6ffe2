"""Dispatch by dictionary: an unknown key raises KeyError; nested tables; `.get` with a test."""
# run: full
# run: lora --size small
# run: qlora
# run: lora --size huge
# run: head --schedule cosine
# run: head --schedule linear
# run: head --schedule other
# run: full --level 9
import argparse
import sys

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

SIZES = {"small": {"r": 4}, "large": {"r": 64}}
LEVELS = ["low", "middle", "high"]


def full(model, args):
    return model


def lora(model, args):
    return get_peft_model(model, LoraConfig(r=SIZES[args.size]["r"], target_modules=["q_proj"]))


def head(model, args):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("lm_head")
    return model


MODES = {"full": full, "lora": lora, "head": head}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--size", default="small")
    parser.add_argument("--schedule", default="cosine")
    parser.add_argument("--level", type=int, default=0)
    args = parser.parse_args(sys.argv[1:])
    prepare = MODES[args.mode]
    schedule = {"cosine": "c", "linear": "l"}.get(args.schedule)
    if schedule is None:
        sys.exit(f"unknown schedule {args.schedule}")
    print(LEVELS[args.level])
    model = AutoModelForCausalLM.from_pretrained("m")
    model = prepare(model, args)
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


if __name__ == "__main__":
    main()
