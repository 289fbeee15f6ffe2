"""A fork that looks at its surroundings first: variables of the launcher, paths of checkpoints, versions in names."""
# run:
# run: WORLD_SIZE=4 LOCAL_RANK=0
# run: WORLD_SIZE=0
# run: WORLD_SIZE=two
# run: TOKENIZERS_PARALLELISM=true
# run: --resume out/checkpoint-300
# run: --resume out/final
# run: --resume out/checkpoint-0
# run: --config ds_zero2.yaml
# run: --config zero4.json
# run: WORLD_SIZE=3 --batch 16
import argparse
import os
import re

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def flag(name, default=False):
    value = os.environ.get(name)
    if value is None:
        return default
    return value.strip().lower() in ("1", "true", "on")


def step_of(path):
    found = re.fullmatch(r"checkpoint-([0-9]+)", os.path.basename(os.path.normpath(path)))
    if not found:
        raise ValueError(f"{path} is no checkpoint")
    step = int(found.group(1))
    if step == 0:
        raise ValueError("step 0 was never saved")
    return step


def stage_of(path):
    stem, extension = os.path.splitext(path)
    if extension != ".json":
        raise ValueError(f"a DeepSpeed config is JSON, not {extension[1:]}")
    digits = "".join(each for each in stem if each.isdigit())
    stage = int(digits[-1])
    if stage not in {0, 1, 2, 3}:
        raise ValueError(f"there is no ZeRO stage {stage}")
    return stage


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--resume")
    parser.add_argument("--config", default="zero3.json")
    parser.add_argument("--batch", type=int, default=8)
    args = parser.parse_args()
    if "WORLD_SIZE" in os.environ:
        world = int(os.environ["WORLD_SIZE"])
        if world < 1:
            raise RuntimeError(f"WORLD_SIZE is {world}")
        if args.batch % world:
            raise ValueError(f"a batch of {args.batch} over {world} processes")
    if flag("TOKENIZERS_PARALLELISM"):
        raise RuntimeError("tokenizers hang after a fork")
    stage = stage_of(args.config)
    if args.resume and stage == 3 and step_of(args.resume) < 500:
        raise ValueError("too early to resume")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
