"""QLoRA's script: merged namespaces, asserts on pairs, bits."""
# run:
# run: --full_finetune True
# run: --full_finetune True --bits 16
# run: --bits 8
# run: --bits 16 --max_memory_MB 100
# run: --bits 3
# run: --bits 16 --lora_r 0
# run: --dataset nothing
# run: --dataset self-instruct --dataset_format alpaca
# run: --dataset mine.json
import argparse
import os
from dataclasses import dataclass, field
from os.path import exists, isdir, join
from typing import Optional

import bitsandbytes as bnb
import torch
import transformers
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Seq2SeqTrainer


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="EleutherAI/pythia-12b")
    trust_remote_code: Optional[bool] = field(default=False)


@dataclass
class DataArguments:
    dataset: str = field(default="alpaca")
    dataset_format: Optional[str] = field(default=None)


@dataclass
class TrainingArguments(transformers.Seq2SeqTrainingArguments):
    full_finetune: bool = field(default=False)
    bits: int = field(default=4)
    double_quant: bool = field(default=True)
    quant_type: str = field(default="nf4")
    lora_r: int = field(default=64)
    lora_alpha: float = field(default=16)
    lora_dropout: float = field(default=0.0)
    max_memory_MB: int = field(default=80000)
    output_dir: str = field(default="./output")
    remove_unused_columns: bool = field(default=False)


def find_all_linear_names(args, model):
    cls = bnb.nn.Linear4bit if args.bits == 4 else (bnb.nn.Linear8bitLt if args.bits == 8 else torch.nn.Linear)
    lora_module_names = set()
    for name, module in model.named_modules():
        if isinstance(module, cls) or isinstance(module, torch.nn.Linear):
            names = name.split(".")
            lora_module_names.add(names[0] if len(names) == 1 else names[-1])
    if "lm_head" in lora_module_names:
        lora_module_names.remove("lm_head")
    return list(lora_module_names)


def get_accelerate_model(args, checkpoint_dir):
    n_gpus = torch.cuda.device_count()
    max_memory = {i: f"{args.max_memory_MB}MB" for i in range(n_gpus)}
    device_map = "auto"
    if os.environ.get("LOCAL_RANK") is not None:
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        device_map = {"": local_rank}
    if args.full_finetune:
        assert args.bits in [16, 32]
    if args.bits not in (4, 8, 16, 32):
        raise ValueError("bits must be one of 4, 8, 16, 32, not %d" % args.bits)
    compute_dtype = torch.float16 if args.fp16 else (torch.bfloat16 if args.bf16 else torch.float32)
    model = AutoModelForCausalLM.from_pretrained(
        args.model_name_or_path,
        load_in_4bit=args.bits == 4,
        load_in_8bit=args.bits == 8,
        device_map=device_map,
        max_memory=max_memory,
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=args.bits == 4, load_in_8bit=args.bits == 8, bnb_4bit_compute_dtype=compute_dtype
        ),
    )
    setattr(model, "model_parallel", True)
    setattr(model, "is_parallelizable", True)
    if not args.full_finetune:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=args.gradient_checkpointing)
    if not args.full_finetune:
        if checkpoint_dir is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, join(checkpoint_dir, "adapter_model"), is_trainable=True)
        else:
            modules = find_all_linear_names(args, model)
            config = LoraConfig(r=args.lora_r, lora_alpha=args.lora_alpha, target_modules=modules, bias="none", task_type="CAUSAL_LM")
            model = get_peft_model(model, config)
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            if args.bf16:
                module = module.to(torch.bfloat16)
        if "norm" in name:
            module = module.to(torch.float32)
    return model


def make_data_module(args):
    def load_data(dataset_name):
        if dataset_name == "alpaca":
            return "tatsu-lab/alpaca"
        elif dataset_name == "self-instruct":
            return "yizhongw/self_instruct"
        else:
            if os.path.exists(dataset_name):
                return "local"
            else:
                raise NotImplementedError(f"Dataset {dataset_name} not implemented yet.")

    def format_dataset(dataset, dataset_format):
        if dataset_format == "alpaca" or (dataset_format is None and args.dataset in ["alpaca", "alpaca-clean"]):
            return dataset
        return dataset.lower()

    return format_dataset(load_data(args.dataset), args.dataset_format)


def get_last_checkpoint(checkpoint_dir):
    if isdir(checkpoint_dir):
        is_completed = exists(join(checkpoint_dir, "completed"))
        if is_completed:
            return None, True
        return checkpoint_dir, is_completed
    return None, False


def train():
    hfparser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = hfparser.parse_args_into_dataclasses()
    args = argparse.Namespace(**vars(model_args), **vars(data_args), **vars(training_args))
    checkpoint_dir, completed_training = get_last_checkpoint(args.output_dir)
    model = get_accelerate_model(args, checkpoint_dir)
    model.config.use_cache = False
    data = make_data_module(args=args)
    trainer = Seq2SeqTrainer(model=model, args=training_args, train_dataset=[data])
    trainer.train(resume_from_checkpoint=checkpoint_dir)


if __name__ == "__main__":
    train()
