"""parse_known_args, the leftovers inspected; a second parser over them."""
# run: --model m
# run: --model m --extra 3
# run: --model m --extra 3 --strict
# run: --model m --strict
# run: --model m stray
# run: --extra 12
# leftovers
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="m")
    parser.add_argument("--strict", action="store_true")
    args, rest = parser.parse_known_args()
    if args.strict and rest:
        raise ValueError(f"left over: {rest}")
    second = argparse.ArgumentParser()
    second.add_argument("--extra", type=int, default=0)
    more, rest = second.parse_known_args(rest)
    if more.extra > 10:
        raise ValueError("extra")
    Trainer(model=AutoModelForCausalLM.from_pretrained(args.model), args=TrainingArguments("out"), train_dataset=[]).train()


main()
