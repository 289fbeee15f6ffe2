"""Short circuits, chained comparisons, is, precedence, De Morgan, conditional expressions, in on text."""
# run:
# run: --a
# run: --b
# run: --a --b
# run: --a --b --c
# run: --n 5
# run: --n 7
# run: --text Qwen2.5-VL
# run: --text qwen3
# run: --text llama-7b-hf
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def boom():
    raise RuntimeError("evaluated")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--a", action="store_true")
    parser.add_argument("--b", action="store_true")
    parser.add_argument("--c", action="store_true")
    parser.add_argument("--n", type=int, default=3)
    parser.add_argument("--text", default="gpt2")
    args = parser.parse_args()
    args.a or args.b or print("neither")
    (not args.b and args.a) and boom()
    if not (args.a or not args.b):
        raise ValueError("b without a")
    if args.a and args.b and not args.c:
        raise ValueError("a and b without c")
    if 4 < args.n < 6 or args.n != 3 and args.n is not None and args.n == 8:
        raise ValueError("five" if args.n == 5 else "eight")
    if (args.n > 6) == True:  # noqa: E712
        raise ValueError(f"{args.n > 6}")
    name = args.text.lower()
    family = "qwen" if "qwen" in name else "llama" if name.startswith(("llama", "vicuna")) else None
    if family == "qwen" and "Qwen" not in args.text:
        raise ValueError(f"{family} in small letters")
    if family == "qwen":
        version = name.replace("qwen", "").split("-")[0]
        if float(version) > 2:
            raise ValueError(version)
    if family is not None and name[-2:] == "hf" and name.count("-") == 2:
        raise ValueError("-".join(reversed(name.split("-"))))
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
