"""argparse built by classes and functions: groups, options that exclude each other, parents, defaults that are set later."""
# run:
# run: --tune all
# run: --freeze-llm
# run: --freeze-llm --freeze-vision
# run: --lora --rank 0
# run: --no-lora
# run: --deepspeed none
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def add_tuning(parser):
    group = parser.add_argument_group("tuning", "what is trained")
    group.add_argument("--tune", choices=["all", "part"], default="part")
    group.add_argument("--freeze-llm", action="store_true")
    group.add_argument("--freeze-vision", action="store_true")
    return parser


def add_adapter(parser):
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--lora", dest="lora", action="store_true", default=True)
    either.add_argument("--no-lora", dest="lora_off", action="store_true")
    parser.add_argument("--rank", "-r", type=int, default=8)


def main():
    parser = argparse.ArgumentParser(description="a script")
    add_adapter(add_tuning(parser))
    parser.add_argument("--deepspeed", default="zero2.json")
    args = parser.parse_args()
    if args.freeze_llm and args.freeze_vision:
        raise ValueError("nothing is trained")
    if args.tune == "all" and args.lora:
        raise ValueError("all with LoRA")
    if args.lora and args.rank < 1:
        raise ValueError("rank")
    if args.lora_off:
        raise ValueError("off")
    if args.deepspeed == "none":
        raise ValueError("DeepSpeed")
    model = AutoModelForCausalLM.from_pretrained("m")
    model.requires_grad_(not args.freeze_llm)
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
