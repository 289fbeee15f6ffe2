"""A small fine-tuning entry point with the options of MiniCPM-V's: enough for lintune to read, too little to train."""

import json
from dataclasses import dataclass, field
from typing import Optional

import transformers
from peft import LoraConfig, get_peft_model


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default="openbmb/MiniCPM-V-2_6")


@dataclass
class DataArguments:
    data_path: Optional[str] = field(default=None, metadata={"help": "A JSON list of conversations."})
    eval_data_path: Optional[str] = field(default=None)


@dataclass
class TrainingArguments(transformers.TrainingArguments):
    optim: str = field(default="adamw_torch")
    model_max_length: int = field(default=2048)
    tune_vision: Optional[bool] = field(default=True)
    tune_llm: Optional[bool] = field(default=True)
    llm_type: str = field(default="qwen")
    use_lora: Optional[bool] = field(default=False)
    max_slice_nums: Optional[int] = field(default=9)


@dataclass
class LoraArguments:
    lora_r: int = 64
    lora_alpha: int = 64
    lora_dropout: float = 0.05
    lora_target_modules: str = r"llm\..*layers\.\d+\.self_attn\.(q_proj|k_proj|v_proj)"
    lora_bias: str = "none"
    q_lora: bool = False


def build_model(model_args: ModelArguments, training_args: TrainingArguments, lora_args: LoraArguments):
    model = transformers.AutoModel.from_pretrained(model_args.model_name_or_path, trust_remote_code=True)
    if training_args.use_lora and training_args.tune_llm:
        raise ValueError("LoRA leaves the LLM's own weights as they are: turn off tune_llm or use_lora.")
    if not training_args.tune_vision:
        model.vpm.requires_grad_(False)
    if not training_args.tune_llm:
        model.llm.requires_grad_(False)
    if training_args.use_lora:
        copies = ["embed_tokens", "resampler"]
        if training_args.tune_vision:
            copies.append("vpm")
        config = LoraConfig(
            r=lora_args.lora_r,
            lora_alpha=lora_args.lora_alpha,
            lora_dropout=lora_args.lora_dropout,
            bias=lora_args.lora_bias,
            target_modules=lora_args.lora_target_modules,
            modules_to_save=copies,
        )
        model = get_peft_model(model, config)
    return model


def read_samples(data_args: DataArguments, training_args: TrainingArguments) -> list:
    with open(data_args.data_path, encoding="utf-8") as stream:
        samples = json.load(stream)
    limits = {"llm_type": training_args.llm_type, "length": training_args.model_max_length, "slices": training_args.max_slice_nums}
    return [{**sample, **limits} for sample in samples]


def train() -> None:
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments, LoraArguments))
    model_args, data_args, training_args, lora_args = parser.parse_args_into_dataclasses()
    model = build_model(model_args, training_args, lora_args)
    transformers.Trainer(model=model, args=training_args, train_dataset=read_samples(data_args, training_args)).train()


if __name__ == "__main__":
    train()
