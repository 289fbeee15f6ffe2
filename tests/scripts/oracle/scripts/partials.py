"""functools.partial, decorators that wrap, callables in containers, default arguments evaluated once."""
# run:
# run: --limit 3
# run: --limit 9
# run: --label bad
# run: --label worse
# run: --twice
# run: --checks size label
# run: --checks nothing
import argparse
import functools

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        if result is None:
            raise RuntimeError(f"{function.__name__} returned nothing")
        return result

    return wrapper


def at_most(limit, value, name="value"):
    if value > limit:
        raise ValueError(f"{name}: {value} > {limit}")
    return value


@logged
def label_of(args):
    if args.label == "worse":
        return None
    assert args.label != "bad", args.label
    return args.label


def once(value, seen=[]):  # noqa: B006
    if seen:
        raise RuntimeError(f"again: {seen}")
    seen.append(value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=5)
    parser.add_argument("--label", default="good")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--checks", nargs="*", default=["size"])
    args = parser.parse_args()
    small = functools.partial(at_most, 8, name="limit")
    checks = {"size": lambda: small(args.limit), "label": functools.partial(label_of, args)}
    for name in args.checks:
        checks[name]()
    label_of(args)
    once(1)
    if args.twice:
        once(2)
    at_most(value=args.limit, limit=100)
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
