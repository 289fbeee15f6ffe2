"""Exception classes of the project, messages from templates, raise without call, chains, groups of checks."""
# run:
# run: --first 9
# run: --second b
# run: --second c
# run: --third 0
# run: --third 5
# run: --fourth True
# run: --first 9 --second b
from dataclasses import dataclass

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments

TEMPLATE = "{name} must not be {value!r}"
OLD = "%(name)s: %(value)s"


class ConfigError(Exception):
    """What is wrong with the options."""


class RangeError(ConfigError, ValueError):
    def __init__(self, name, value, low=0):
        self.name = name
        super().__init__(f"{name}={value} is not above {low}")


class Quiet(ConfigError):
    pass


@dataclass
class Arguments:
    first: int = 1
    second: str = "a"
    third: int = 3
    fourth: bool = False


def collect(args):
    problems = []
    if args.first > 8:
        problems.append("first is above 8")
    if args.second == "b":
        problems.append(TEMPLATE.format(name="second", value=args.second))
    return problems


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    problems = collect(args)
    if problems:
        raise ConfigError(f"{len(problems)} problem(s): " + "; ".join(problems))
    if args.second == "c":
        raise Quiet
    if args.third <= 0:
        raise RangeError("third", args.third)
    try:
        if args.third == 5:
            raise RangeError("third", 5, low=10)
    except ConfigError as error:
        raise KeyError(error.name) from error
    if args.fourth:
        raise ConfigError(OLD % {"name": "fourth", "value": args.fourth}, 2)
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=training, train_dataset=[]).train()


main()
