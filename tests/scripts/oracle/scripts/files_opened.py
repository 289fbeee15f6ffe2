"""Files that the script opens itself: those beside it are there, others are not."""
# run: --data files_opened.py
# run: --data nothing.json
# run: --data llava --how folder
# run: --data files_opened.py --how folder
# run: --data nothing --how folder
# run: --data llava --how file
# run: --data nothing.json --how guarded
# run: --data files_opened.py --how guarded
# run: --data nothing.json --how caught
# run: --data nothing.json --how written
# run: --data nothing.txt --how joined
# run: --data nothing.json --how with
import argparse
import json
import os

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--how", default="open")
args = parser.parse_args()


def read(path):
    with open(path) as file:
        return file.read()


if args.how == "open":
    text = open(args.data).read()
elif args.how == "folder":
    if not os.path.isdir(args.data):
        raise NotADirectoryError(args.data)
elif args.how == "file":
    if not os.path.isfile(args.data):
        raise IsADirectoryError(f"{args.data} is a folder")
elif args.how == "guarded":
    if not os.path.exists(args.data):
        raise FileNotFoundError(f"there is no {args.data}")
    text = read(args.data)
elif args.how == "caught":
    try:
        text = read(args.data)
    except FileNotFoundError:
        text = ""
elif args.how == "written":
    with open(os.devnull, "w") as file:
        file.write("nothing")
elif args.how == "joined":
    text = json.load(open(os.path.join("data", args.data)))
elif args.how == "with":
    text = read(args.data)
Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()
