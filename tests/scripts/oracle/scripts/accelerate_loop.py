"""A loop with accelerate in place of a Trainer."""
# run: --model m
# run: --model m --mixed fp16 --grad_accum 0
# run: --model m --freeze
# run: --model m --steps 0
# run: --model m --epochs 0 --steps 5
# run: --model m --report wandb
import argparse

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import AutoModelForCausalLM, get_scheduler


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--mixed", default="no", choices=["no", "fp16", "bf16"])
    parser.add_argument("--grad_accum", type=int, default=1)
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--report", default=None)
    parser.add_argument("--seed", type=int, default=None)
    return parser.parse_args()


def main():
    args = parse()
    if args.grad_accum < 1:
        raise ValueError(f"gradient accumulation {args.grad_accum}")
    if args.report == "wandb" and not args.seed:
        raise ValueError("reports need a seed")
    accelerator = Accelerator(gradient_accumulation_steps=args.grad_accum, mixed_precision=args.mixed)
    if args.seed is not None:
        set_seed(args.seed)
    model = AutoModelForCausalLM.from_pretrained(args.model)
    if args.freeze:
        model.model.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    scheduler = get_scheduler("linear", optimizer=optimizer)
    model, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    if args.epochs * args.steps == 0:
        raise ValueError("no step to take")
    for _ in range(args.epochs):
        for step in range(args.steps):
            with accelerator.accumulate(model):
                accelerator.backward(step)
                raise RuntimeError("after the first step")


if __name__ == "__main__":
    main()
