"""A video fork: token budgets by loops and recursion, powers of two, accumulated lists of complaints."""
# run:
# run: --frames 7
# run: --frames 128 --tokens 256
# run: --frames 64 --merge 3
# run: --frames 64 --merge 4 --budget 4096
# run: --fps 0
# run: --lr 1e-4 --vision_lr 1e-3
# run: --frames 1 --fps 0 --lr -1
# run: --ladder 1 2 4
# run: --ladder 4 2
import argparse
import math
import sys

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def is_power_of_two(number):
    return number > 0 and number & (number - 1) == 0


def gcd(one, two):
    return one if two == 0 else gcd(two, one % two)


def shrink(tokens, budget, merge):
    rounds = 0
    while tokens > budget:
        tokens = math.ceil(tokens / merge)
        rounds += 1
        if rounds > 3:
            raise RuntimeError(f"still {tokens} tokens after {rounds} rounds")
    else:
        rounds += 10
    return rounds, tokens


def complaints(args):
    found = []
    if args.frames < 2:
        found.append("frames must be 2 at least")
    if args.fps <= 0:
        found.append("fps must be positive")
    if not 0 < args.lr < 1:
        found.append(f"lr is {args.lr}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--budget", type=int, default=8192)
    parser.add_argument("--merge", type=int, default=2)
    parser.add_argument("--fps", type=float, default=1.0)
    parser.add_argument("--lr", type=float, default=1e-5)
    parser.add_argument("--vision_lr", type=float, default=None)
    parser.add_argument("--ladder", type=int, nargs="+", default=[8])
    args = parser.parse_args()
    if found := complaints(args):
        print("\n".join(found), file=sys.stderr)
        sys.exit(f"{len(found)} problems: {found[0]}")
    if not is_power_of_two(args.frames):
        raise ValueError(f"{args.frames} is no power of two")
    if gcd(args.frames, args.merge) != args.merge:
        raise ValueError(f"{args.frames} frames are not merged by {args.merge}")
    rounds, tokens = shrink(args.frames * args.tokens, args.budget, args.merge)
    if rounds == 12:
        raise OverflowError(f"{tokens} tokens after two rounds")
    if args.vision_lr is not None and args.vision_lr > args.lr * 2**3:
        raise ValueError(f"{args.vision_lr:g} is much more than {args.lr:.1e}")
    for low, high in zip(args.ladder, args.ladder[1:]):
        if low >= high:
            raise ValueError(f"{low} >= {high}")
    if sum(1 for each in args.ladder if each % 2) and max(args.ladder) > 3:
        raise ValueError("odd ladders are short")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
