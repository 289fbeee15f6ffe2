"""MiniCPM-V: full or partial tuning of the LLM, or LoRA; the pair is refused after loading."""
# run:
# run: --use_lora true
# run: --use_lora true --tune_llm false
# run: --use_lora true --tune_llm false --tune_vision false
# run: --tune_llm false
# run: --tune_llm false --tune_vision false
# run: --tune_vision false
# run: --use_lora --no_tune_llm --q_lora true
# run: --llm_type qwen --tune_llm false --use_lora yes --lora_r 8
# run: --fp16 --bf16

import os
from dataclasses import dataclass, field
from types import MethodType
from typing import Dict, List, Optional, Union

import torch
import transformers
from dataset import make_data
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from trainer import CPMTrainer
from transformers import AutoModel, AutoTokenizer
from transformers.integrations import deepspeed


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="openbmb/MiniCPM-V-2")


@dataclass
class DataArguments:
    data_path: str = field(default=None, metadata={"help": "Path to the training data."})
    eval_data_path: str = field(default=None)


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    cache_dir: Optional[str] = field(default=None)
    optim: str = field(default="adamw_torch")
    model_max_length: int = field(default=2048)
    tune_vision: Optional[bool] = field(default=True)
    tune_llm: Optional[bool] = field(default=True)
    llm_type: str = field(default="minicpm")
    use_lora: Optional[bool] = field(default=False)
    max_slice_nums: Optional[int] = field(default=9)


@dataclass
class LoraArguments:
    lora_r: int = 64
    lora_alpha: int = 64
    lora_dropout: float = 0.05
    lora_target_modules: str = r"llm\..*layers\.\d+\.self_attn\.(q_proj|k_proj|v_proj|o_proj)"
    lora_weight_path: str = ""
    lora_bias: str = "none"
    q_lora: bool = False
    lora_layers_to_transform: Optional[List[int]] = None


local_rank = None


def rank0_print(*args):
    if local_rank == 0:
        print(*args)


def build_transform():
    return None


def get_parameter_number(model):
    trainable_params, all_param = 0, 0
    for param in model.parameters():
        num_params = param.numel()
        if num_params == 0 and hasattr(param, "ds_numel"):
            num_params = param.ds_numel
        all_param += num_params
        if param.requires_grad:
            trainable_params += num_params
    return {"Total": all_param, "Trainable": trainable_params}


def train():
    global local_rank
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments, LoraArguments))
    (model_args, data_args, training_args, lora_args) = parser.parse_args_into_dataclasses()

    compute_dtype = torch.float16 if training_args.fp16 else (torch.bfloat16 if training_args.bf16 else torch.float32)
    local_rank = training_args.local_rank
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    ddp = world_size != 1
    device_map = None
    if lora_args.q_lora:
        device_map = {"": int(os.environ.get("LOCAL_RANK") or 0)} if ddp else None
        if len(training_args.fsdp) > 0 or deepspeed.is_deepspeed_zero3_enabled():
            print("FSDP or ZeRO3 are not incompatible with QLoRA.")

    model = AutoModel.from_pretrained(
        model_args.model_name_or_path, trust_remote_code=True, torch_dtype=compute_dtype, device_map=device_map
    )
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path, trust_remote_code=True)

    if not training_args.tune_vision:
        model.vpm.requires_grad_(False)
    if not training_args.tune_llm:
        model.llm.requires_grad_(False)

    if training_args.use_lora:
        if training_args.use_lora and training_args.tune_llm:
            raise ValueError("The model cannot simultaneously adjust LLM parameters and apply LoRA.")
        rank0_print("Currently using LoRA for fine-tuning the model.")
        for name, param in model.llm.named_parameters():
            param.requires_grad = False
        modules_to_save = ["embed_tokens", "resampler"]
        if training_args.tune_vision:
            modules_to_save.append("vpm")
        lora_config = LoraConfig(
            r=lora_args.lora_r,
            lora_alpha=lora_args.lora_alpha,
            target_modules=lora_args.lora_target_modules,
            lora_dropout=lora_args.lora_dropout,
            bias=lora_args.lora_bias,
            layers_to_transform=lora_args.lora_layers_to_transform,
            modules_to_save=modules_to_save,
        )
        if not hasattr(model, "get_input_embeddings"):

            def get_input_embeddings(self):
                return self.llm.get_input_embeddings()

            model.get_input_embeddings = MethodType(get_input_embeddings, model)
        if lora_args.q_lora:
            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=training_args.gradient_checkpointing)
        model = get_peft_model(model, lora_config)
        model.print_trainable_parameters()
        if training_args.gradient_checkpointing:
            model.enable_input_require_grads()

    rank0_print(get_parameter_number(model))
    llm_type = training_args.llm_type
    rank0_print(f"llm_type={llm_type}")
    model.config.slice_config = {"max_slice_nums": training_args.max_slice_nums}
    if hasattr(model.config, "batch_vision_input"):
        batch_vision = model.config.batch_vision_input
    else:
        batch_vision = False
    data_module = make_data(tokenizer, data_args, build_transform(), llm_type, batch_vision)
    training_args.gradient_checkpointing_kwargs = {"use_reentrant": False}
    trainer = CPMTrainer(model=model, tokenizer=tokenizer, args=training_args, **data_module)
    trainer.train()
    trainer.save_state()


if __name__ == "__main__":
    train()
