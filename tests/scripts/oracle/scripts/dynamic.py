"""getattr, setattr, hasattr, vars, __dict__, delattr on parsed options."""
# run:
# run: --alpha 2
# run: --part vision
# run: --part llm
# run: --part nothing
# run: --drop
# run: --override alpha=7
# run: --override gamma=1
import argparse
from types import SimpleNamespace

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=int, default=1)
    parser.add_argument("--part", default="")
    parser.add_argument("--tune_vision", action="store_true", default=False)
    parser.add_argument("--tune_llm", action="store_true", default=True)
    parser.add_argument("--drop", action="store_true")
    parser.add_argument("--override", default=None)
    args = parser.parse_args()
    if args.override:
        name, _, value = args.override.partition("=")
        if not hasattr(args, name):
            raise AttributeError(f"no option {name}")
        setattr(args, name, int(value))
    if getattr(args, "alpha") == 7:
        raise ValueError("seven by override")
    if args.part:
        if not getattr(args, f"tune_{args.part}"):
            raise ValueError(f"{args.part} is frozen")
    if vars(args)["alpha"] == 2:
        args.__dict__["alpha"] = 20
    if args.drop:
        del args.alpha
    copy = SimpleNamespace(**vars(args))
    copy.extra = getattr(args, "missing", None) or "fallback"
    assert copy.extra == "fallback"
    if copy.alpha > 10:
        raise OverflowError(f"alpha became {copy.alpha}")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
