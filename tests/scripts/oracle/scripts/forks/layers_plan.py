"""A fork that thaws layers by a small language (`0-3,-1,head`), with an iterator class and a counting descriptor-free cache."""
# run:
# run: --thaw 0
# run: --thaw 0-1,head
# run: --thaw 3-1
# run: --thaw x
# run: --thaw 99
# run: --thaw ""
# run: --thaw all --lora
# run: --thaw head,head
import argparse
from itertools import chain

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

LAYERS = 24


class Range:
    def __init__(self, low, high):
        if low > high:
            raise ValueError(f"{low}-{high} runs backwards")
        self.low, self.high = low, high

    def __iter__(self):
        current = self.low
        while current <= self.high:
            yield current
            current += 1

    def __len__(self):
        return self.high - self.low + 1

    def __contains__(self, layer):
        return self.low <= layer <= self.high

    def __repr__(self):
        return f"Range({self.low}, {self.high})"


def parse(text):
    ranges, words = [], []
    for piece in filter(None, text.split(",")):
        if piece in ("head", "all"):
            words.append(piece)
        elif "-" in piece:
            low, high = map(int, piece.split("-"))
            ranges.append(Range(low, high))
        elif piece.isdigit():
            ranges.append(Range(int(piece), int(piece)))
        else:
            raise ValueError(f"{piece!r} in {text!r} is no layer")
    return ranges, words


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--thaw", default="head")
    parser.add_argument("--lora", action="store_true")
    args = parser.parse_args()
    ranges, words = parse(args.thaw)
    if not ranges and not words:
        raise ValueError("nothing is thawed")
    if len(words) > len({*words}):
        raise ValueError(f"{words[0]} twice")
    beyond = [layer for layer in chain.from_iterable(ranges) if layer >= LAYERS]
    if beyond:
        raise IndexError(f"layer {beyond[0]} of {LAYERS}")
    if args.lora and "all" in words:
        raise ValueError("all and LoRA")
    model = AutoModelForCausalLM.from_pretrained("m")
    model.requires_grad_("all" in words)
    if "head" in words:
        model.lm_head.requires_grad_(True)
    if args.lora:
        model = get_peft_model(model, LoraConfig(target_modules=["q_proj"]))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
