"""Files: exists beside the script, a missing file opened, suffix tests, joins; what depends on the machine is open."""
# run:
# run: --config missing_config.json
# run: --data data.csv
# run: --data data.json
# run: --own nowhere.txt
# run: --own paths.py
# run: --stem a/b.tar.gz
import argparse
import json
import os
from pathlib import Path

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default=None)
    parser.add_argument("--data", default="data.jsonl")
    parser.add_argument("--own", default="paths.py")
    parser.add_argument("--stem", default="a.txt")
    parser.add_argument("--output", type=Path, default=Path("out"))
    args = parser.parse_args()
    if os.path.splitext(args.data)[1] not in (".json", ".jsonl"):
        raise ValueError("data must be json, got " + os.path.basename(args.data))
    if args.config is not None:
        with open(args.config) as file:  # the working folder is not known
            json.load(file)  # not from options
    if not os.path.exists(os.path.join(HERE, args.own)):
        raise FileNotFoundError(args.own)  # not from options
    if Path(args.stem).suffix == ".gz" and Path(args.stem).parent.name == "a":
        raise ValueError(Path(args.stem).stem)
    if str(args.output) == "":
        raise ValueError("never")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments(str(args.output)), train_dataset=[]).train()


main()
