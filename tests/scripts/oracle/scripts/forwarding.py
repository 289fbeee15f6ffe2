"""*args and **kwargs forwarded, unpacked, popped; too many or missing arguments."""
# run:
# run: --mode pop
# run: --mode missing
# run: --mode extra
# run: --mode star
# run: --mode keyword
# run: --mode merged
# run: --mode double
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def target(first, second=2, *rest, strict=False, **options):
    if strict and options:
        raise TypeError(f"strict: {sorted(options)}")
    if rest:
        raise ValueError(f"{first} {second} {rest}")
    return first + second


def forward(*args, **kwargs):
    if kwargs.pop("loud", False):
        raise RuntimeError(f"loud with {args} and {kwargs}")
    return target(*args, **kwargs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="none")
    mode = parser.parse_args().mode
    options = {"strict": True}
    if mode == "pop":
        forward(1, loud=True, **options)
    elif mode == "missing":
        forward()
    elif mode == "extra":
        forward(1, 2, other=3, **options)
    elif mode == "star":
        forward(*[1, 2, 3, 4])
    elif mode == "keyword":
        forward(second=5, first=1)
    elif mode == "merged":
        merged = {**options, "strict": False, "unused": 1}
        if forward(3, **merged) == 5:
            raise ValueError(f"merged {len(merged)}")
    elif mode == "double":
        forward(1, **{"first": 2})
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
