"""A Qwen-VL fork: a data mix written in one option, pixel bounds, a set of required modules."""
# run:
# run: --datasets cap,vqa%50
# run: --datasets cap%0
# run: --datasets cap,nope
# run: --datasets cap,cap
# run: --datasets ""
# run: --min_pixels 50176 --max_pixels 784
# run: --max_pixels 800
# run: --tune vision,mlp
# run: --tune vision,head
# run: --tune mlp --lora
import argparse
import os
import re

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForVision2Seq, Trainer, TrainingArguments

KNOWN = {
    "cap": {"path": "data/cap.json", "weight": 1.0},
    "vqa": {"path": "data/vqa.json", "weight": 0.5},
}
PARTS = {"vision": "visual", "mlp": "visual.merger", "llm": "model"}


def rate(name):
    found = re.search(r"%(\d+)$", name)
    return int(found.group(1)) / 100.0 if found else 1.0


def data_list(names):
    configs = []
    for name in names:
        share = rate(name)
        bare = re.sub(r"%(\d+)$", "", name)
        if bare not in KNOWN.keys():
            raise ValueError(f"do not find {bare}")
        if not share:
            raise ValueError(f"{bare} is sampled at 0 %")
        config = KNOWN[bare].copy()
        config["rate"] = share * config["weight"]
        configs.append(config)
    return configs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", default="cap")
    parser.add_argument("--min_pixels", type=int, default=784)
    parser.add_argument("--max_pixels", type=int, default=50176)
    parser.add_argument("--tune", type=str, default="llm")
    parser.add_argument("--lora", action="store_true")
    args = parser.parse_args()
    names = [each.strip() for each in args.datasets.split(",") if each.strip()]
    if not names:
        parser.error("--datasets names no data set")
    if len(set(names)) != len(names):
        raise ValueError(f"a data set is named twice: {sorted(names)}")
    mix = data_list(names)
    assert sum(each["rate"] for each in mix) > 0.0
    if any(value % (28 * 28) for value in (args.min_pixels, args.max_pixels)):
        raise ValueError("pixels must be multiples of 784")
    if args.min_pixels > args.max_pixels:
        raise ValueError(f"{args.min_pixels} > {args.max_pixels}")
    wanted = set(args.tune.split(","))
    if unknown := wanted - PARTS.keys():
        raise KeyError(f"unknown parts {sorted(unknown)}")
    if args.lora and wanted & {"mlp", "vision"}:
        raise ValueError(f"LoRA goes with llm only, not with {' '.join(sorted(wanted))}")
    model = AutoModelForVision2Seq.from_pretrained(os.path.join("Qwen", "Qwen2-VL-2B-Instruct"))
    if "llm" not in wanted:
        model.model.requires_grad_(False)
    if args.lora:
        model = get_peft_model(model, LoraConfig(target_modules=["q_proj", "v_proj"]))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
