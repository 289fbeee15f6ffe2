"""Options that are not there: attributes, keys, defaults of getattr."""
# run: --mode plain
# run: --mode attribute
# run: --mode key
# run: --mode getattr
# run: --mode has
# run: --mode deleted
# run: --mode renamed
# run: --mode table
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

parser = argparse.ArgumentParser()
parser.add_argument("--mode", default="plain")
parser.add_argument("--learning-rate", type=float, default=1e-5)
args = parser.parse_args()
settings = vars(args)

if args.mode == "attribute":
    print(args.lr)
if args.mode == "key":
    print(settings["lr"])
if args.mode == "getattr":
    if getattr(args, "lr", None) is None:
        raise ValueError("no rate")
if args.mode == "has":
    if not hasattr(args, "lr") and hasattr(args, "learning_rate"):
        raise ValueError("no rate, but a learning rate")
if args.mode == "renamed":
    args.lr = args.learning_rate
    if args.lr < 1:
        raise ValueError("small")
if args.mode == "table":
    TABLE = {"plain": 1}
    raise ValueError(TABLE[args.mode])
Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()
