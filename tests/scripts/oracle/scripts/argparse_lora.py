"""argparse, parser.error, mutually exclusive by hand, a freezing ratio."""
# run: --model m
# run: --model m --lora --full
# run: --model m --lora --rank 0
# run: --model m --freeze-layers 1
# run: --model m --freeze-layers 9
# run: --model m --lora --target q_proj k_proj
# run: --model m --lora --target
# run: --model m --dtype fp8
# run: --model m --lr 0
import argparse

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def parse_args():
    parser = argparse.ArgumentParser(description="tune")
    parser.add_argument("--model", type=str, required=True)
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--freeze-layers", type=int, default=0)
    parser.add_argument("--target", nargs="*", default=["q_proj", "v_proj"])
    parser.add_argument("--dtype", default="bf16")
    parser.add_argument("--lr", type=float, default=1e-4)
    args = parser.parse_args()
    if args.lora and args.full:
        parser.error("--lora and --full exclude each other")
    if args.lr <= 0:
        parser.error("--lr must be positive")
    return args


def main(args):
    if args.lora and not args.rank > 0:
        raise ValueError("rank %d is not positive" % args.rank)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[args.dtype]
    model = AutoModelForCausalLM.from_pretrained(args.model, torch_dtype=dtype)
    if args.freeze_layers > 0:
        assert args.freeze_layers <= len(model.model.layers), "more layers than there are"  # not from options
        for layer in model.model.layers[: args.freeze_layers]:
            layer.requires_grad_(False)
        model.model.embed_tokens.requires_grad_(False)
    if args.lora:
        if len(args.target) == 0:
            raise ValueError("no target modules")
        model = get_peft_model(model, LoraConfig(r=args.rank, target_modules=args.target))
    trainer = Trainer(model=model, args=TrainingArguments(output_dir="out", learning_rate=args.lr), train_dataset=[])
    trainer.train()


if __name__ == "__main__":
    main(parse_args())
