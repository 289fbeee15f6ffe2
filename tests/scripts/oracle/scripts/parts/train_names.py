"""Which parameters are trained is told by lists of words, in the manners of many small repositories."""
# run: --keys lm_head
# run: --keys q_proj,v_proj
# run: --keys merger,layers.1.
# run: --freeze visual
# run: --freeze embed_tokens,norm
# run: --mode lora
# run: --mode lora --save embed_tokens,lm_head
# run: --mode lora --targets q_proj
# run: --mode lora --open merger
# run: --mode lora_norm
# run: --mode top --top 1
# run: --mode modules
# run: --mode chosen --keys visual,lm_head
# run: --mode unknown

import argparse

import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2VLForConditionalGeneration, Trainer, TrainingArguments

MODULES = {"vision": ["visual"], "head": ["lm_head"]}


def by_keys(model, keys):
    for name, param in model.named_parameters():
        if any(key in name for key in keys):
            param.requires_grad = True
        else:
            param.requires_grad = False


def chosen(model, keys):
    model.requires_grad_(False)
    for key in keys:
        for param in getattr(model, key).parameters():
            param.requires_grad = True


def linear_in(model):
    names = []
    for name, module in model.named_modules():
        if "visual" in name or not isinstance(module, torch.nn.Linear):
            continue
        names.append(name.split(".")[-1])
    return [name for name in set(names) if name != "lm_head"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="keys")
    parser.add_argument("--keys", default="")
    parser.add_argument("--freeze", default="")
    parser.add_argument("--save", default="")
    parser.add_argument("--targets", default="")
    parser.add_argument("--open", default="")
    parser.add_argument("--top", type=int, default=0)
    args = parser.parse_args()
    model = Qwen2VLForConditionalGeneration.from_pretrained("Qwen/Qwen2-VL")
    keys = [each for each in args.keys.split(",") if each]
    if args.mode == "keys":
        if keys:
            by_keys(model, keys)
        frozen = [each for each in args.freeze.split(",") if each]
        for name, param in model.named_parameters():
            if any(name.startswith(key) or f".{key}" in name for key in frozen):
                param.requires_grad = False
    elif args.mode == "lora":
        targets = args.targets.split(",") if args.targets else linear_in(model)
        saved = args.save.split(",") if args.save else None
        model = get_peft_model(model, LoraConfig(r=4, target_modules=targets, modules_to_save=saved))
        for name, param in model.named_parameters():
            if args.open and args.open in name:
                param.requires_grad_(True)
    elif args.mode == "lora_norm":
        model = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
        [p.requires_grad_() for n, p in model.named_parameters() if any(k in n for k in "embed,norm".split(","))]
    elif args.mode == "top":
        model.requires_grad_(False)
        for layer in model.model.layers[-args.top :]:
            for param in layer.parameters():
                param.requires_grad = True
    elif args.mode == "modules":
        model.requires_grad_(False)
        for part in MODULES.values():
            for name in part:
                getattr(model, name).requires_grad_(True)
    elif args.mode == "chosen":
        chosen(model, keys)
    else:
        raise ValueError(f"unknown mode {args.mode}")
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
