"""Stanford Alpaca: no guard at all, everything is trained."""
# run: --data_path d.json
# run: --data_path d.json --model_max_length 128 --bf16 True
# run: --data_path d.json --fp16 True --bf16 True
# run: --data_path d.json --cache_dir c --optim adafactor
import copy
import logging
from dataclasses import dataclass, field
from typing import Dict, Optional, Sequence

import torch
import transformers
from torch.utils.data import Dataset
from transformers import Trainer

IGNORE_INDEX = -100
DEFAULT_PAD_TOKEN = "[PAD]"
PROMPT_DICT = {"prompt_input": "{instruction} {input}", "prompt_no_input": "{instruction}"}


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="facebook/opt-125m")


@dataclass
class DataArguments:
    data_path: str = field(default=None, metadata={"help": "Path to the training data."})


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    cache_dir: Optional[str] = field(default=None)
    optim: str = field(default="adamw_torch")
    model_max_length: int = field(default=512)


def smart_tokenizer_and_embedding_resize(special_tokens_dict: Dict, tokenizer, model):
    num_new_tokens = tokenizer.add_special_tokens(special_tokens_dict)
    model.resize_token_embeddings(len(tokenizer))
    if num_new_tokens > 0:
        input_embeddings = model.get_input_embeddings().weight.data
        input_embeddings_avg = input_embeddings[:-num_new_tokens].mean(dim=0, keepdim=True)
        input_embeddings[-num_new_tokens:] = input_embeddings_avg


class SupervisedDataset(Dataset):
    def __init__(self, data_path: str, tokenizer):
        super().__init__()
        logging.warning("Loading data...")
        list_data_dict = [{"instruction": data_path, "input": ""}]
        sources = [
            PROMPT_DICT["prompt_input"].format_map(example) if example.get("input", "") != "" else PROMPT_DICT["prompt_no_input"].format_map(example)
            for example in list_data_dict
        ]
        self.input_ids = sources
        self.labels = copy.deepcopy(sources)

    def __len__(self):
        return len(self.input_ids)


def make_supervised_data_module(tokenizer, data_args) -> Dict:
    return dict(train_dataset=SupervisedDataset(data_path=data_args.data_path, tokenizer=tokenizer), eval_dataset=None)


def train():
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    model = transformers.AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path, cache_dir=training_args.cache_dir)
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        model_args.model_name_or_path, model_max_length=training_args.model_max_length, padding_side="right", use_fast=False
    )
    special_tokens_dict = dict()
    if tokenizer.pad_token is None:
        special_tokens_dict["pad_token"] = DEFAULT_PAD_TOKEN
    smart_tokenizer_and_embedding_resize(special_tokens_dict=special_tokens_dict, tokenizer=tokenizer, model=model)
    data_module = make_supervised_data_module(tokenizer=tokenizer, data_args=data_args)
    trainer = Trainer(model=model, tokenizer=tokenizer, args=training_args, **data_module)
    trainer.train()
    trainer.save_state()
    trainer.save_model(output_dir=training_args.output_dir)


if __name__ == "__main__":
    train()
