"""Loops over known lists: break, continue, else, enumerate, zip, items, unpacking, sorted, reversed."""
# run:
# run: --parts vision llm
# run: --parts vision head
# run: --parts audio
# run: --parts a b c d
# run: --skip vision --parts vision audio
# run: --parts llm llm
# run: --pairs a=1 b=2
# run: --pairs a=1 b
# run: --pairs a=1 a=2
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

KNOWN = {"vision": 1, "llm": 2, "head": 3}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", nargs="+", default=["llm"])
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--pairs", nargs="*", default=[])
    args = parser.parse_args()
    if len(args.parts) > 3:
        raise ValueError("at most three")
    for index, part in enumerate(args.parts):
        if part in args.skip:
            continue
        if part not in KNOWN:
            raise ValueError(f"part {index}: {part} is none of {', '.join(KNOWN)}")
        if part in args.parts[:index]:
            break
    else:
        if "head" in args.parts:
            raise RuntimeError("no break and a head")
    table = {}
    for pair in args.pairs:
        name, value = pair.split("=")
        if name in table:
            raise KeyError(name)
        table[name] = int(value)
    total = 0
    for (name, value), factor in zip(table.items(), range(1, 5)):
        total += value * factor
    if total == 5:
        raise ArithmeticError(f"total {total}")
    for part in reversed(sorted(KNOWN, key=KNOWN.get)):
        if part == "vision" and args.skip == ["audio"]:
            raise ValueError("never here")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
