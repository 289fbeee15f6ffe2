"""MedicalGPT's supervised script: model classes by name, PEFT or full, __post_init__ guards."""
# run: --model_type llama --model_name_or_path m
# run: --model_name_or_path m
# run: --model_type llama
# run: --model_type gpt9 --model_name_or_path m
# run: --model_type llama --model_name_or_path m --max_length 30
# run: --model_type llama --model_name_or_path m --use_peft False
# run: --model_type llama --model_name_or_path m --use_peft False --qlora True
# run: --model_type bloom --model_name_or_path m --qlora True --load_in_8bit True
# run: --model_type bloom --model_name_or_path m --load_in_4bit True --load_in_8bit True
# run: --model_type llama --model_name_or_path m --peft_path p --target_modules all
# run: --model_type llama --model_name_or_path m --target_modules q_proj,v_proj --modules_to_save lm_head
from dataclasses import dataclass, field
from typing import Optional

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    HfArgumentParser,
    LlamaForCausalLM,
    Seq2SeqTrainingArguments,
    Trainer,
)
from transformers.deepspeed import is_deepspeed_zero3_enabled

MODEL_CLASSES = {
    "bloom": (AutoConfig, AutoModelForCausalLM, AutoTokenizer),
    "llama": (AutoConfig, LlamaForCausalLM, AutoTokenizer),
    "auto": (AutoConfig, AutoModelForCausalLM, AutoTokenizer),
}


@dataclass
class ModelArguments:
    model_type: str = field(default=None, metadata={"help": "one of " + ", ".join(MODEL_CLASSES.keys())})
    model_name_or_path: Optional[str] = field(default=None)
    load_in_8bit: bool = field(default=False)
    load_in_4bit: bool = field(default=False)
    cache_dir: Optional[str] = field(default=None)
    torch_dtype: Optional[str] = field(default="float16", metadata={"choices": ["auto", "bfloat16", "float16", "float32"]})

    def __post_init__(self):
        if self.model_type is None:
            raise ValueError("You must specify a valid model_type to run training. Available model types are " + ", ".join(MODEL_CLASSES.keys()))
        if self.model_name_or_path is None:
            raise ValueError("You must specify a valid model_name_or_path to run training.")


@dataclass
class DataArguments:
    max_length: int = field(default=512)

    def __post_init__(self):
        if self.max_length < 60:
            raise ValueError("You must specify a valid max_length >= 60 to run training")


@dataclass
class PeftArguments(Seq2SeqTrainingArguments):
    use_peft: bool = field(default=True)
    target_modules: Optional[str] = field(default="all")
    lora_rank: Optional[int] = field(default=8)
    lora_alpha: Optional[float] = field(default=32.0)
    modules_to_save: Optional[str] = field(default=None)
    peft_path: Optional[str] = field(default=None)
    qlora: bool = field(default=False)


def find_all_linear_names(peft_model, int4=False, int8=False):
    cls = torch.nn.Linear
    if int4 or int8:
        import bitsandbytes as bnb

        if int4:
            cls = bnb.nn.Linear4bit
        elif int8:
            cls = bnb.nn.Linear8bitLt
    lora_module_names = set()
    for name, module in peft_model.named_modules():
        if isinstance(module, (cls, torch.nn.Linear)):
            if "lm_head" in name:
                continue
            names = name.split(".")
            lora_module_names.add(names[0] if len(names) == 1 else names[-1])
    return sorted(lora_module_names)


def main():
    parser = HfArgumentParser((ModelArguments, DataArguments, PeftArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    if not model_args.model_type:
        raise ValueError("Please specify a model_type, e.g. llama, chatglm, bloom, etc.")
    config_class, model_class, tokenizer_class = MODEL_CLASSES[model_args.model_type]
    tokenizer = tokenizer_class.from_pretrained(model_args.model_name_or_path)
    torch_dtype = model_args.torch_dtype if model_args.torch_dtype in ["auto", None] else getattr(torch, model_args.torch_dtype)
    if training_args.qlora and is_deepspeed_zero3_enabled():
        print("ZeRO3 are both currently incompatible with QLoRA.")
    config = config_class.from_pretrained(model_args.model_name_or_path, torch_dtype=torch_dtype)
    load_in_4bit = model_args.load_in_4bit
    load_in_8bit = model_args.load_in_8bit
    if load_in_4bit and load_in_8bit:
        raise ValueError("Error, load_in_4bit and load_in_8bit cannot be set at the same time")
    elif load_in_8bit or load_in_4bit:
        if is_deepspeed_zero3_enabled():
            raise ValueError("DeepSpeed ZeRO-3 is incompatible with quantization.")  # not from options
    quantization_config = None
    if load_in_8bit:
        quantization_config = BitsAndBytesConfig(load_in_8bit=True)
    elif load_in_4bit or training_args.qlora:
        quantization_config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch_dtype)
    model = model_class.from_pretrained(
        model_args.model_name_or_path, config=config, quantization_config=quantization_config, low_cpu_mem_usage=True
    )
    if training_args.use_peft:
        if training_args.peft_path is not None:
            model = PeftModel.from_pretrained(model, training_args.peft_path, is_trainable=True)
        else:
            if load_in_8bit or load_in_4bit:
                model = prepare_model_for_kbit_training(model, training_args.gradient_checkpointing)
            target_modules = training_args.target_modules.split(",") if training_args.target_modules else None
            if target_modules and "all" in target_modules:
                target_modules = find_all_linear_names(model, int4=load_in_4bit, int8=load_in_8bit)
            modules_to_save = training_args.modules_to_save
            if modules_to_save is not None:
                modules_to_save = modules_to_save.split(",")
            peft_config = LoraConfig(
                task_type=TaskType.CAUSAL_LM, target_modules=target_modules, r=training_args.lora_rank, modules_to_save=modules_to_save
            )
            model = get_peft_model(model, peft_config)
        for param in filter(lambda p: p.requires_grad, model.parameters()):
            param.data = param.data.to(torch.float32)
    else:
        if training_args.qlora:
            raise ValueError("qlora without use_peft")
        model = model.float()
    trainer = Trainer(model=model, train_dataset=[], eval_dataset=None, tokenizer=tokenizer, args=training_args)
    trainer.train()


if __name__ == "__main__":
    main()
