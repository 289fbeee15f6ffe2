"""argparse with commands, each with options of its own, and a group of options that exclude each other."""
# run: full
# run: full --lr 0
# run: lora
# run: lora --rank 0
# run: lora --rank 4 --alpha 2
# run: lora --targets q_proj v_proj
# run: lora --targets head
# run: freeze --layers -1
# run: freeze --layers 2 --model tiny
# run: --seed 13 full
import argparse

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def options():
    parser = argparse.ArgumentParser()
    general = parser.add_argument_group("general")
    general.add_argument("--seed", type=int, default=42)
    commands = parser.add_subparsers(dest="command", required=True)
    full = commands.add_parser("full")
    full.add_argument("--lr", type=float, default=1e-5)
    lora = commands.add_parser("lora")
    lora.add_argument("--rank", type=int, default=8)
    lora.add_argument("--alpha", type=int, default=16)
    lora.add_argument("--targets", nargs="+", default=["q_proj"])
    freeze = commands.add_parser("freeze")
    freeze.add_argument("--layers", type=int, default=0)
    freeze.add_argument("--model", default="m")
    return parser.parse_args()


def full_tuning(args, model):
    if not args.lr:
        raise ValueError("no rate")
    return model


def with_lora(args, model):
    if args.rank < 1:
        raise ValueError("no rank")
    if args.alpha < args.rank:
        raise ValueError(f"alpha {args.alpha} is below rank {args.rank}")
    return get_peft_model(model, LoraConfig(r=args.rank, target_modules=args.targets))


def frozen(args, model):
    if args.layers < 0:
        raise ValueError("layers")
    model.requires_grad_(False)
    return model


def main():
    args = options()
    if args.seed == 13:
        raise SystemExit("an unlucky seed")
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.command == "full":
        model = full_tuning(args, model)
    elif args.command == "lora":
        if "head" in args.targets:
            raise ValueError("no head")
        model = with_lora(args, model)
    else:
        model = frozen(args, model)
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
