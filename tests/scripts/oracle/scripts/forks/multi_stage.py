"""A fork with leftovers: `parse_known_args`, a second parser for the stage that the first one names, merged namespaces."""
# run: pretrain
# run: pretrain --only_projector
# run: sft --epochs 0
# run: sft --lora_rank 8 --lora_alpha 4
# run: sft --only_projector
# run: dpo
# run: dpo --beta 2.0
# run: dpo --beta 0.1 --reference none --share
# run: pretrain --seed -5
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def pretrain_options(parser):
    parser.add_argument("--only_projector", action="store_true")


def sft_options(parser):
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--lora_rank", type=int, default=0)
    parser.add_argument("--lora_alpha", type=int, default=16)


def dpo_options(parser):
    parser.add_argument("--beta", type=float)
    parser.add_argument("--reference", default="copy")
    parser.add_argument("--share", action="store_true")


STAGES = {"pretrain": pretrain_options, "sft": sft_options, "dpo": dpo_options}


def validated(args):
    for key, value in sorted(vars(args).items()):
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise ValueError(f"{key}={value} is negative")
    if args.stage == "sft":
        if not args.epochs:
            raise ValueError("no epoch at all")
        if 0 < args.lora_alpha < args.lora_rank:
            raise ValueError("alpha < rank")
    elif args.stage == "dpo":
        if args.beta is None:
            raise ValueError("dpo needs --beta")
        if args.beta > 1:
            raise ValueError(f"beta {args.beta}")
        if args.share and args.reference == "none":
            raise ValueError("nothing to share")
    return args


def main():
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("stage", choices=list(STAGES))
    first.add_argument("--seed", type=int, default=0)
    known, rest = first.parse_known_args()
    second = argparse.ArgumentParser(parents=[first])
    STAGES[known.stage](second)
    args = validated(second.parse_args())
    if known.stage == "pretrain" and args.only_projector:
        raise NotImplementedError("projectors alone")
    if rest and known.stage == "dpo":
        print(f"{len(rest)} words for dpo")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
