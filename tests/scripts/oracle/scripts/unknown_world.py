"""What depends on the machine, the model, the data: nothing of it is certain."""
# run:
# run: --threshold 1
# run: --layers 3
# run: --layers 2
# run: --need_gpu True
# run: --seeded True
# run: --vocab 16
import random
import time
from dataclasses import dataclass

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    threshold: int = 0
    layers: int = 0
    vocab: int = 1000
    need_gpu: bool = False
    seeded: bool = False


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    config = AutoConfig.from_pretrained("m")
    if args.layers > config.num_hidden_layers:
        raise ValueError("more layers than the model has")  # not from options
    if args.need_gpu and not torch.cuda.is_available():
        raise RuntimeError("no GPU")  # not from options
    if time.time() < args.threshold * 10**12:
        raise RuntimeError("the clock")  # not from options
    if args.seeded and random.random() >= 0:
        raise RuntimeError("chance")  # not from options
    tokenizer = AutoTokenizer.from_pretrained("m")
    if len(tokenizer) > args.vocab:
        raise ValueError("too many words")  # not from options
    if training.local_rank not in (-1, 0) and args.layers:
        raise RuntimeError("a rank")  # not from options
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.layers == 2 and config.tie_word_embeddings:
        raise ValueError("tied")  # not from options
    model.requires_grad_(config.use_cache)
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
