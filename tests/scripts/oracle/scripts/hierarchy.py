"""Class hierarchies: overridden methods, super(), abstract methods, mixins, a registry filled by a decorator."""
# run: plain
# run: strict
# run: strict --rank 4
# run: abstract
# run: mixed
# run: mixed --rank 2
# run: nothing
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

REGISTRY = {}


def register(name):
    def inner(cls):
        REGISTRY[name] = cls
        return cls

    return inner


class Strategy:
    minimum = 0

    def __init__(self, rank):
        self.rank = rank

    def validate(self):
        if self.rank < self.minimum:
            raise ValueError(f"{type(self).__name__}: rank {self.rank} < {self.minimum}")

    def apply(self, model):
        raise NotImplementedError("apply")


@register("plain")
class Plain(Strategy):
    def apply(self, model):
        return model


@register("strict")
class Strict(Plain):
    minimum = 8

    def validate(self):
        super().validate()
        if self.rank % 8 == 0:
            raise RuntimeError("strict about multiples")


@register("abstract")
class Abstract(Strategy):
    pass


class Even:
    def validate(self):
        if self.rank % 2 == 0:
            raise ArithmeticError("even")
        super().validate()


@register("mixed")
class Mixed(Even, Plain):
    minimum = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("strategy")
    parser.add_argument("--rank", type=int, default=9)
    args = parser.parse_args()
    strategy = REGISTRY[args.strategy](args.rank)
    strategy.validate()
    model = strategy.apply(AutoModelForCausalLM.from_pretrained("m"))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


if __name__ == "__main__":
    main()
