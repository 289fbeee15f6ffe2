"""Lambdas, comprehensions with conditions, any/all, set operations, sorted keys, dictionary comprehensions."""
# run:
# run: --parts vision llm
# run: --parts vision --frozen vision
# run: --parts a b --frozen c
# run: --sizes 3 1 2
# run: --sizes 1 1
# run: --sizes 5
# run: --text "a,b;c"
# run: --text "A"
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", nargs="+", default=["llm"])
    parser.add_argument("--frozen", nargs="*", default=[])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--text", default="a")
    args = parser.parse_args()
    both = set(args.parts) & set(args.frozen)
    if both:
        raise ValueError(f"both: {sorted(both)}")
    known = {"vision", "llm"}
    unknown = [part for part in [*args.parts, *args.frozen] if part not in known]
    if unknown:
        raise ValueError("unknown " + ", ".join(sorted(unknown, key=lambda part: -ord(part[0]))))
    if set(args.parts) == known:
        raise ValueError("everything")
    ranks = {size: index for index, size in enumerate(sorted(args.sizes))}
    if len(ranks) < len(args.sizes):
        raise ValueError(f"twice in {args.sizes}")
    if max(ranks) - min(ranks) == 2 and sum(ranks.values()) == 3:
        raise ArithmeticError(str(list(ranks)))
    if any(map(lambda size: size > 4, args.sizes)) and all(size for size in args.sizes):
        raise OverflowError("big")
    words = [word.strip() for piece in args.text.split(";") for word in piece.split(",") if word]
    if len(words) == 3:
        raise LookupError("-".join(words))
    if not args.text.islower():
        raise ValueError(args.text.lower() * 2)
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
