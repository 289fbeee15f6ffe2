"""A fork whose trainer is put together from a config object: properties, static methods, chained setters, closures."""
# run:
# run: --freeze vision
# run: --freeze vision llm
# run: --freeze vision llm resampler
# run: --freeze tower
# run: --warm 10 --steps 5
# run: --schedule "cosine(0.1)"
# run: --schedule "cosine(2)"
# run: --schedule "poly"
# run: --save "out/{step}"
# run: --save "out/{epoch}"
import argparse
import functools
import os.path
from pathlib import PurePosixPath

from transformers import AutoModel, Trainer, TrainingArguments


class Builder:
    parts = ("vision", "llm", "resampler")

    def __init__(self):
        self._frozen = []
        self._checks = []

    @property
    def trainable(self):
        return [part for part in self.parts if part not in self._frozen]

    @staticmethod
    def split(text):
        name, _, rest = text.partition("(")
        return name, rest.rstrip(")")

    def freeze(self, *parts):
        for part in parts:
            if part not in Builder.parts:
                raise ValueError(f"there is no part {part}; there are {'/'.join(self.parts)}")
            self._frozen.append(part)
        return self

    def ensure(self, what, message):
        self._checks.append((what, message))
        return self

    def schedule(self, text):
        name, value = self.split(text)
        if name != "cosine":
            raise LookupError(name)
        return self.ensure(lambda: float(value or 0) <= 1, f"{name} goes down to {value}")

    def build(self):
        for what, message in self._checks:
            if not what():
                raise ValueError(message)
        if not self.trainable:
            raise RuntimeError("all parts are frozen")
        return functools.partial(Trainer, train_dataset=[])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--freeze", nargs="*", default=[])
    parser.add_argument("--warm", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--schedule", default="cosine")
    parser.add_argument("--save", default="out")
    args = parser.parse_args()
    builder = Builder().freeze(*args.freeze).ensure(lambda: args.warm <= args.steps, f"{args.warm} steps of warm-up of {args.steps}")
    make = builder.schedule(args.schedule).build()
    folder = args.save.format(step=3)
    if PurePosixPath(folder).name != os.path.basename(args.save):
        raise ValueError(f"{folder} is one folder for each step")
    model = AutoModel.from_pretrained("openbmb/MiniCPM-V-2")
    for part in builder._frozen:
        getattr(model, part if part != "vision" else "vpm").requires_grad_(False)
    make(model=model, args=TrainingArguments(folder)).train()


if __name__ == "__main__":
    main()
