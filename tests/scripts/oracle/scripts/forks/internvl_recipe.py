"""An InternVL fork: recipes as dataclasses that are replaced by overrides, checked by a chain of small validators."""
# run:
# run: --recipe stage2
# run: --recipe stage3
# run: --recipe stage2 --override rank=0
# run: --recipe stage2 --override rank=16 alpha=8
# run: --recipe stage1 --override freeze_mlp=true
# run: --recipe stage1 --override colour=red
# run: --recipe stage1 --override rank
# run: --recipe stage1 --override drop_path=1.5
import argparse
import dataclasses
from dataclasses import dataclass

from peft import LoraConfig, get_peft_model
from transformers import AutoModel, Trainer, TrainingArguments


@dataclass(frozen=True)
class Recipe:
    freeze_llm: bool = True
    freeze_mlp: bool = False
    freeze_backbone: bool = True
    rank: int = 0
    alpha: int = 0
    drop_path: float = 0.0


RECIPES = {
    "stage1": Recipe(),
    "stage2": Recipe(freeze_llm=True, rank=16, alpha=32),
    "stage3": Recipe(freeze_llm=False, freeze_backbone=False),
}
VALIDATORS = []


def validator(fn):
    VALIDATORS.append(fn)
    return fn


@validator
def something_trains(recipe):
    if recipe.freeze_llm and recipe.freeze_mlp and recipe.freeze_backbone and not recipe.rank:
        raise ValueError("everything is frozen")


@validator
def alpha_fits(recipe):
    if recipe.rank and recipe.alpha < recipe.rank:
        raise ValueError(f"alpha {recipe.alpha} is below rank {recipe.rank}")


@validator
def ranges(recipe):
    if not 0.0 <= recipe.drop_path < 1.0:
        raise ValueError(f"drop_path {recipe.drop_path}")


def parsed(text, kind):
    if kind is bool:
        return text.lower() in ("1", "true", "yes")
    return kind(text)


def with_overrides(recipe, pairs):
    kinds = {each.name: type(each.default) for each in dataclasses.fields(recipe)}
    changes = {}
    for pair in pairs:
        key, sep, value = pair.partition("=")
        if not sep:
            raise SystemExit(f"an override is KEY=VALUE, not {pair}")
        if key not in kinds:
            raise KeyError(key)
        changes[key] = parsed(value, kinds[key])
    return dataclasses.replace(recipe, **changes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="stage1")
    parser.add_argument("--override", nargs="*", default=[])
    args = parser.parse_args()
    recipe = with_overrides(RECIPES[args.recipe], args.override)
    for check in VALIDATORS:
        check(recipe)
    if args.recipe == "stage2" and recipe.rank == 0:
        raise RuntimeError("stage2 is LoRA")
    model = AutoModel.from_pretrained("OpenGVLab/InternVL2-2B")
    if recipe.rank:
        model = get_peft_model(model, LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=["q_proj"]))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


if __name__ == "__main__":
    main()
