"""A LLaVA fork: projector types matched by a pattern, plans picked from a registry that a decorator fills, stages."""
# run:
# run: --mm_projector_type mlp2x_gelu
# run: --mm_projector_type mlp9x_gelu
# run: --mm_projector_type mlpx_gelu
# run: --mm_projector_type qformer --stage 2
# run: --mm_projector_type identity --stage 1
# run: --stage 4
# run: --vision_tower "google/siglip-base"
# run: --vision_tower "clip:336" --mm_projector_type linear
# run: --vision_tower "clip:abc" --mm_projector_type linear
import re
from dataclasses import dataclass, field
from typing import Optional

import transformers
from transformers import AutoModelForCausalLM, Trainer

PROJECTORS = {}


def projector(pattern):
    def deco(fn):
        PROJECTORS[pattern] = fn
        return fn

    return deco


@projector(r"^linear$")
def linear(found, args):
    return {"depth": 1}


@projector(r"^mlp(\d+)x_gelu$")
def mlp(found, args):
    depth = int(found.group(1))
    if depth > 4:
        raise ValueError(f"a projector of {depth} layers is too deep")
    return {"depth": depth}


@projector(r"^identity$")
def identity(found, args):
    if args.stage == 1:
        raise ValueError("stage 1 trains the projector, and identity has nothing to train")
    return {"depth": 0}


def build_projector(args):
    for pattern, build in PROJECTORS.items():
        found = re.match(pattern, args.mm_projector_type)
        if found:
            return build(found, args)
    raise ValueError(f"Unknown projector type: {args.mm_projector_type}")


@dataclass
class Arguments(transformers.TrainingArguments):
    mm_projector_type: str = field(default="linear")
    vision_tower: str = field(default="openai/clip-vit-large-patch14-336")
    stage: int = field(default=2)
    freeze_backbone: Optional[bool] = field(default=False)


def resolution(tower):
    if ":" in tower:
        name, size = tower.split(":", 1)
        return int(size)
    found = re.search(r"-(\d{3})$", tower)
    if found is None:
        raise ValueError(f"no resolution in {tower}")
    return int(found[1])


def main():
    (args,) = transformers.HfArgumentParser(Arguments).parse_args_into_dataclasses()
    assert args.stage in range(1, 4), f"stage {args.stage}"
    made = build_projector(args)
    if resolution(args.vision_tower) % 14:
        raise ValueError("the resolution is no multiple of the patch size")
    model = AutoModelForCausalLM.from_pretrained("lmsys/vicuna-7b-v1.5")
    if args.stage == 1 and made["depth"]:
        model.requires_grad_(False)
        model.lm_head.requires_grad_(True)
    Trainer(model=model, args=args, train_dataset=[]).train()


main()
