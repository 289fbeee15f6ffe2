"""Guards in closures, inner functions and a recursion."""
# run:
# run: --depth 3
# run: --depth 5
# run: --lora
# run: --lora --full
# run: --kind b
# run: --kind c
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def make_check(limit):
    def check(value):
        if value > limit:
            raise ValueError(f"{value} is above {limit}")
        return value

    return check


def count(depth):
    if depth == 0:
        return 0
    return 1 + count(depth - 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--kind", default="a")
    args = parser.parse_args()
    seen = []

    def remember(name):
        seen.append(name)
        if len(seen) > 1:
            raise RuntimeError("two modes: " + " and ".join(seen))

    if args.lora:
        remember("lora")
    if args.full:
        remember("full")

    def by_kind():
        nonlocal seen
        if args.kind == "a":
            return 1
        seen = ["kind"]
        if args.kind == "b":
            return 2
        raise LookupError(f"kind {args.kind} after {seen}")

    by_kind()
    make_check(4)(count(args.depth))
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


if __name__ == "__main__":
    main()
