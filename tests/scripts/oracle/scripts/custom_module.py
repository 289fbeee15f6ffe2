"""A model of the project's own with `freeze()` methods and switches in its constructor."""
# run:
# run: --freeze tower
# run: --freeze tower projector
# run: --freeze tower projector llm
# run: --freeze nothing
# run: --stage 1
# run: --stage 2
# run: --stage 3
# run: --train_tower_norms True --freeze tower
from dataclasses import dataclass, field
from typing import List

import torch.nn as nn
from transformers import AutoModelForCausalLM, CLIPVisionModel, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    freeze: List[str] = field(default_factory=list)
    stage: int = 0
    train_tower_norms: bool = False


class Projector(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.first = nn.Linear(size, size)
        self.second = nn.Linear(size, size)

    def freeze(self):
        for parameter in self.parameters():
            parameter.requires_grad = False


class Vlm(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.tower = CLIPVisionModel.from_pretrained("clip")
        self.projector = Projector(8)
        self.llm = AutoModelForCausalLM.from_pretrained("llm")
        self.set_stage(args.stage)

    def set_stage(self, stage):
        if stage == 1:
            self.tower.requires_grad_(False)
            self.llm.requires_grad_(False)
        elif stage == 2:
            self.freeze_tower()
            self.llm.requires_grad_(False)
            self.llm.lm_head.requires_grad_(True)
        elif stage != 0:
            raise ValueError(f"no stage {stage}")

    def freeze_tower(self):
        for _, parameter in self.tower.named_parameters():
            parameter.requires_grad_(False)
        self.tower.eval()

    def freeze_projector(self):
        self.projector.freeze()

    def freeze_llm(self):
        for parameter in self.llm.parameters():
            parameter.requires_grad = False

    def freeze_nothing(self):
        raise ValueError("freeze what?")


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = Vlm(args)
    for part in args.freeze:
        getattr(model, "freeze_" + part)()
    if args.train_tower_norms:
        for name, parameter in model.tower.named_parameters():
            if "norm" in name:
                parameter.requires_grad = True
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
