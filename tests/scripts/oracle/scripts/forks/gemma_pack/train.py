"""A package: options that check themselves by their fields, bounds in another module, pairs that exclude each other."""
# run:
# run: --lora True
# run: --lora True --full True
# run: --rank 0
# run: --rank 512
# run: --dropout 0.9
# run: --exclude "lm_head; embed_tokens"
# run: --exclude "a;b;c"
# run: --exclude "q_proj" --lora True
# run: --packing True --group_by_length True
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gemma_pack.limits import EXCLUSIVE
from gemma_pack.options import TuneOptions
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


def conflicts(*groups):
    merged = {}
    for group in groups:
        merged.update(vars(group))
    return [pair for pair in EXCLUSIVE if all(merged.get(name) for name in pair)]


def main():
    options, training = HfArgumentParser((TuneOptions, TrainingArguments)).parse_args_into_dataclasses()
    found = conflicts(options, training)
    if found:
        one, two = found[0]
        raise ValueError(f"--{one} and --{two} exclude each other")
    targets = {"q_proj", "v_proj"}.difference(options.excluded)
    if options.lora and len(targets) != 2:
        raise ValueError("both projections are needed")
    model = AutoModelForCausalLM.from_pretrained("google/gemma-2b")
    if options.lora:
        model = get_peft_model(model, LoraConfig(r=options.rank, target_modules=sorted(targets)))
    Trainer(model=model, args=training, train_dataset=[]).train()


if __name__ == "__main__":
    main()
