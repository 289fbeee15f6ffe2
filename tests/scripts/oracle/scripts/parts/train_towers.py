"""LLaVA-NeXT's manner: parts by a list of names, LoRA on whatever is linear, the tower made by the project."""
# run:
# run: --projector mlp --stage projector
# run: --lora True
# run: --lora True --unfreeze_tower True
# run: --lora True --keep_head True
# run: --tunable mm_mlp_adapter
# run: --tunable mm_mlp_adapter,mm_language_model
# run: --tunable mm_vision_tower,mm_mlp_adapter,mm_language_model
# run: --tunable mm_vision_tower --freeze_projector True
# run: --freeze_backbone True
# run: --lora True --stage projector
# run: --tower google/unknown
# run: --projector cube
# run: --parts vision_tower,mm_projector
# run: --parts lm_head

from dataclasses import dataclass, field
from typing import Optional

import torch
import transformers
from peft import LoraConfig, get_peft_model
from towers import TowerForCausalLM
from transformers import Trainer


@dataclass
class Arguments:
    tower: str = field(default="openai/clip")
    projector: str = field(default="linear")
    stage: str = field(default="all")
    tunable: Optional[str] = field(default=None)
    parts: Optional[str] = field(default=None)
    lora: bool = field(default=False)
    keep_head: bool = field(default=False)
    unfreeze_tower: bool = field(default=False)
    freeze_backbone: bool = field(default=False)
    freeze_projector: bool = field(default=False)


def linear_names(model):
    found = set()
    for name, module in model.named_modules():
        if any(word in name for word in ["mm_projector", "vision_tower"]):
            continue
        if isinstance(module, torch.nn.Linear):
            names = name.split(".")
            found.add(names[0] if len(names) == 1 else names[-1])
    if "lm_head" in found:
        found.remove("lm_head")
    return list(found)


def tune(model, words):
    model.requires_grad_(False)
    tower = model.get_vision_tower()
    tower.requires_grad_(False)
    chosen = words.split(",")
    if "mm_mlp_adapter" in chosen:
        for p in model.get_model().mm_projector.parameters():
            p.requires_grad = True
    if "mm_vision_tower" in chosen:
        for name, param in model.named_parameters():
            if "vision_tower" in name:
                param.requires_grad_(True)
    if "mm_language_model" in chosen:
        for name, param in model.named_parameters():
            if "vision_tower" not in name and "mm_projector" not in name:
                param.requires_grad_(True)


def main():
    args, training_args = transformers.HfArgumentParser((Arguments, transformers.TrainingArguments)).parse_args_into_dataclasses()
    model = TowerForCausalLM.from_pretrained("lmsys/vicuna-7b")
    if args.freeze_backbone:
        model.model.requires_grad_(False)
    if args.lora:
        model = get_peft_model(model, LoraConfig(r=8, target_modules=linear_names(model), bias="none"))
    model.get_model().initialize_vision_modules(args, fsdp=training_args.fsdp)
    if args.unfreeze_tower:
        model.get_vision_tower().requires_grad_(True)
    if args.stage == "projector":
        model.requires_grad_(False)
        for p in model.get_model().mm_projector.parameters():
            p.requires_grad = True
    if args.freeze_projector:
        model.get_model().mm_projector.requires_grad_(False)
    if args.tunable is not None:
        tune(model, args.tunable)
    if args.parts is not None:
        model.requires_grad_(False)
        for name in args.parts.split(","):
            owner = model if name == "lm_head" else model.get_model()
            getattr(owner, name).requires_grad_(True)
    if args.keep_head:
        model.lm_head.weight.requires_grad = True
    Trainer(model=model, args=training_args, train_dataset=[]).train()


main()
