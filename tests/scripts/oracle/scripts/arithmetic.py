"""Batch arithmetic: division by zero, modulo, while with break, ternaries, integer overflow of nothing."""
# run:
# run: --batch 16 --micro 3
# run: --batch 16 --micro 0
# run: --batch 16 --micro 4 --workers 8
# run: --batch 7 --micro 7
# run: --halve 64
# run: --halve 7
# run: --ratio 2.5
# run: --clip -1
import argparse
import math

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def halvings(value):
    steps = 0
    while True:
        if value % 2:
            break
        value //= 2
        steps += 1
        if steps > 5:
            raise OverflowError(f"{steps} halvings left {value}")
    return steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--micro", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--halve", type=int, default=4)
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--clip", type=float, default=1.0)
    args = parser.parse_args()
    steps = args.batch // args.micro
    if steps * args.micro != args.batch:
        raise ValueError(f"{args.batch} is not {steps} times {args.micro}")
    accumulation = args.batch / args.micro / args.workers
    accumulation = int(accumulation) if accumulation >= 1 else 0
    if not accumulation:
        raise ZeroDivisionError("no step is left")
    if halvings(args.halve) == 0:
        raise ValueError("odd")
    warm = max(1, min(int(args.ratio * 4), 8))
    if warm == 8:
        raise ValueError(f"warm {warm:>4d}|{args.ratio:5.1f}")
    math.sqrt(args.clip)
    if -args.clip == abs(args.clip):
        raise ValueError("never: sqrt was before")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
