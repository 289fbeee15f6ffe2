"""Dataclasses made by hand, properties, __getattr__, __contains__, __bool__, operators, class attributes."""
# run:
# run: --rank 4
# run: --rank 40
# run: --where inside
# run: --empty
# run: --add 5
# run: --dynamic colour
# run: --dynamic other
import argparse
from dataclasses import dataclass, field
from typing import NamedTuple

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


@dataclass
class Lora:
    rank: int = 8
    alpha: int = field(init=False)

    def __post_init__(self):
        self.alpha = self.rank * 2

    def __add__(self, other):
        return Lora(self.rank + other)


class Point(NamedTuple):
    low: int
    high: int = 9


class Box:
    names = {"inside"}

    def __init__(self, *items):
        self.items = items

    def __contains__(self, name):
        return name in self.names or name in self.items

    def __bool__(self):
        return len(self.items) > 0

    def __len__(self):
        return 7

    def __getattr__(self, name):
        if name == "colour":
            return "red"
        raise AttributeError(f"no {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--where", default="outside")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--add", type=int, default=0)
    parser.add_argument("--dynamic", default="")
    args = parser.parse_args()
    lora = Lora(args.rank)
    if lora.alpha == 8:
        raise ValueError(f"{lora}")
    if lora == Lora(rank=40):
        raise ValueError("equal")
    low, high = Point(args.add)
    if (lora + low).alpha > 2 * high + 4:
        raise OverflowError("sum")
    box = Box() if args.empty else Box("a", "b")
    if args.where in box:
        raise LookupError(args.where)
    if not box:
        raise ValueError("empty")
    if args.dynamic:
        assert getattr(box, args.dynamic) != "red", "red"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
