"""argparse with functions of its own as `type=`, and with actions that set constants, count and add up."""
# run:
# run: --flag False
# run: --flag yes
# run: --flag true --other 0
# run: --maybe none
# run: --maybe text
# run: --half
# run: --mode-a
# run: --mode-b
# run: -v
# run: -vv
# run: --name a --name b
# run: --name a
# run: --pair 1 2
# run: --pair 2 1
# run: --size 3
# run: --boolean False
# run: --no-checks
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def str2bool(v):
    if isinstance(v, bool):
        return v
    if v.lower() in ("yes", "true", "t", "y", "1"):
        return True
    elif v.lower() in ("no", "false", "f", "n", "0"):
        return False
    raise argparse.ArgumentTypeError("Boolean value expected.")


def maybe(text):
    return None if text.lower() == "none" else text


class Half(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, "half")


parser = argparse.ArgumentParser()
parser.add_argument("--flag", type=str2bool, default="false")
parser.add_argument("--other", type=lambda text: bool(int(text)), default=True)
parser.add_argument("--maybe", type=maybe, default="given")
parser.add_argument("--half", action=Half, nargs=0)
parser.add_argument("--mode-a", dest="mode", action="store_const", const="a")
parser.add_argument("--mode-b", dest="mode_two", action="store_const", const="b", default="none")
parser.add_argument("-v", dest="verbose", action="count", default=0)
parser.add_argument("--name", action="append")
parser.add_argument("--pair", type=int, nargs=2, default=[1, 1])
parser.add_argument("--size", type=lambda text: int(text) * 2, default=1)
parser.add_argument("--boolean", type=bool, default=False)
parser.add_argument("--checks", action=argparse.BooleanOptionalAction, default=True)
args = parser.parse_args()

if args.flag:
    if not args.other:
        raise ValueError("flag without other")
    raise ValueError("flag")
if args.maybe is None:
    raise ValueError("maybe")
if args.half == "half":
    raise ValueError("half")
if args.mode == "a":
    raise ValueError("mode a")
if args.mode_two == "b":
    raise ValueError("mode b")
if args.verbose > 1:
    raise ValueError("too loud")
if args.name and len(args.name) > 1:
    raise ValueError(f"{len(args.name)} names")
if args.pair[0] > args.pair[1]:
    raise ValueError("backwards")
if args.size == 6:
    raise ValueError("six")
if args.boolean:
    raise ValueError("text is true")
if not args.checks:
    raise ValueError("no checks")
Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()
