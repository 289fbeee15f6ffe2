"""Ways to leave: sys.exit with text, code, nothing; exit(); os._exit is not here; SystemExit; parser.exit."""
# run:
# run: --how text
# run: --how code
# run: --how zero
# run: --how plain
# run: --how builtin
# run: --how raise
# run: --how parser
# run: --how error
# run: --how caught
import argparse
import sys
from sys import exit as leave

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def usage(parser, args):
    if args.how == "parser":
        parser.exit(3, "bye")
    if args.how == "error":
        parser.error(f"--how {args.how}: refused")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--how", default="train")
    args = parser.parse_args()
    usage(parser, args)
    if args.how == "text":
        sys.exit("text: " + args.how)
    elif args.how == "code":
        sys.exit(4)
    elif args.how == "zero":
        sys.exit(0)
    elif args.how == "plain":
        leave()
    elif args.how == "builtin":
        exit(1)
    elif args.how == "raise":
        raise SystemExit(f"{args.how!r}")
    try:
        if args.how == "caught":
            sys.exit("not seen")
    except SystemExit:
        print("goes on")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
