"""Globals: changed by functions, shadowed, nonlocal, module-level flags set from options."""
# run:
# run: --debug
# run: --debug --level 2
# run: --level 3
# run: --level 4
# run: --shadow
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

DEBUG = False
LEVEL = 0
HISTORY = []


def configure(args):
    global DEBUG, LEVEL
    DEBUG = args.debug
    LEVEL += args.level
    HISTORY.append(args.level)


def shadow():
    LEVEL = 99
    return LEVEL


def check():
    if DEBUG and LEVEL > 1:
        raise RuntimeError(f"debug at level {LEVEL}")
    if LEVEL == 4:
        raise ValueError(HISTORY)


def counter():
    count = 0

    def up():
        nonlocal count
        count += 1
        return count

    return up


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--shadow", action="store_true")
    args = parser.parse_args()
    configure(args)
    up = counter()
    for _ in range(args.level):
        up()
    if args.shadow and shadow() != LEVEL:
        raise NameError("shadowed")
    check()
    if up() == 4:
        raise OverflowError("counted to four")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
