"""Lists and dictionaries that alias: in-place changes, copies, defaults that are shared."""
# run:
# run: --add x
# run: --add x y
# run: --clear
# run: --copy --add x
# run: --nested 1
# run: --nested 2
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

DEFAULTS = {"targets": ["q"], "inner": {"level": 0}}


def extend(targets, more):
    targets += more
    return targets


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--add", nargs="*", default=[])
    parser.add_argument("--clear", action="store_true")
    parser.add_argument("--copy", action="store_true")
    parser.add_argument("--nested", type=int, default=0)
    args = parser.parse_args()
    settings = dict(DEFAULTS)
    if args.copy:
        settings["targets"] = settings["targets"][:]
    mine = settings["targets"]
    extend(mine, args.add)
    if len(DEFAULTS["targets"]) == 2:
        raise ValueError(f"shared: {DEFAULTS['targets']}")
    if len(mine) == 3:
        mine.pop()
        mine.remove("x")
    if args.clear:
        DEFAULTS["targets"].clear()
    if not settings["targets"]:
        raise IndexError("empty")
    settings["inner"]["level"] += args.nested
    level = DEFAULTS["inner"]["level"]
    first, *rest = mine + [level]
    if level == 1:
        raise RuntimeError(f"{first} {rest}")
    inner = {**settings["inner"]}
    inner["level"] = 5
    if DEFAULTS["inner"]["level"] == 2 and inner["level"] == 5:
        raise RuntimeError("two and five")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
