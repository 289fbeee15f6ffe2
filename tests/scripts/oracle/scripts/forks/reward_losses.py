"""A preference fork: loss functions in a table of lambdas, nested conditionals, retry loops, exceptions that carry data."""
# run:
# run: --loss hinge
# run: --loss nothing
# run: --loss ipo --beta 0
# run: --loss sigmoid --smoothing 0.6
# run: --loss hinge --smoothing 0.1
# run: --gpus 3
# run: --gpus 6 --tensor 4
# run: --gpus 8 --tensor 4 --pipeline 2
# run: --gpus 8 --tensor 2 --pipeline 2 --precision fp8
import argparse
from collections import defaultdict

from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments


class ConfigError(Exception):
    def __init__(self, option, reason, *, hint=None):
        self.option = option
        self.reason = reason
        text = f"--{option}: {reason}"
        if hint:
            text += f" ({hint})"
        super().__init__(text)


LOSSES = {
    "sigmoid": lambda args: args.smoothing < 0.5,
    "hinge": lambda args: args.smoothing == 0,
    "ipo": lambda args: args.beta > 0,
}


def split_gpus(args):
    counts = defaultdict(int)
    left = args.gpus
    while left > 0:
        for kind, width in (("tensor", args.tensor), ("pipeline", args.pipeline)):
            if width > left:
                raise ConfigError("gpus", f"{left} left for {kind}", hint=f"{kind} takes {width}")
            counts[kind] += width
            left -= width
            if not left:
                break
    return counts


def precision(args, table={"bf16": 2, "fp32": 4}):
    try:
        return table[args.precision]
    except KeyError as error:
        raise ConfigError("precision", f"{error} is not supported") from error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", default="sigmoid")
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--smoothing", type=float, default=0.0)
    parser.add_argument("--gpus", type=int, default=2)
    parser.add_argument("--tensor", type=int, default=1)
    parser.add_argument("--pipeline", type=int, default=1)
    parser.add_argument("--precision", default="bf16")
    args = parser.parse_args()
    try:
        fits = LOSSES[args.loss](args)
    except KeyError:
        parser.error(f"unknown loss {args.loss!r}; known are {', '.join(sorted(LOSSES))}")
    if not fits:
        raise ConfigError("smoothing" if args.loss != "ipo" else "beta", f"does not fit {args.loss}")
    counts = split_gpus(args)
    if counts["tensor"] != counts["pipeline"]:
        raise ConfigError("gpus", f"{counts['tensor']} and {counts['pipeline']}")
    if precision(args) * args.tensor > 4:
        raise ConfigError("tensor", "too much", hint="use fewer")
    model = AutoModelForSequenceClassification.from_pretrained("m")
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
