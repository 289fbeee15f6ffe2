"""Guards that are dead with these flags, behind returns, in functions never called, under `if False`."""
# run:
# run: --a
# run: --a --b
# run: --n 3
# run: --n 0
# run: --n -1
import argparse
from typing import TYPE_CHECKING

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

if TYPE_CHECKING:
    raise ImportError("never")


def never():
    raise RuntimeError("nobody calls this")


class Unused:
    def __init__(self):
        raise RuntimeError("nobody makes one")


def early(args):
    if args.n > 0:
        return "positive"
    if args.n == 0:
        return "zero"
    if args.n > 0:
        raise RuntimeError("cannot be")
    raise ValueError("negative")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--a", action="store_true")
    parser.add_argument("--b", action="store_true")
    parser.add_argument("--n", type=int, default=1)
    args = parser.parse_args()
    if False:
        raise RuntimeError("if False")
    while args.b and not args.a:
        raise RuntimeError("b alone")
    if args.a:
        if not args.a:
            raise RuntimeError("contradiction")
        elif args.b:
            raise ValueError("a and b")
    if early(args) == "zero" and __debug__:
        return
    for _ in ():
        raise RuntimeError("nothing to loop over")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()
    never()


if __name__ == "__main__":
    main()
else:
    raise ImportError("a script")
