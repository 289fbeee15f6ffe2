"""The little of trl that a training script touches before its first step."""

from dataclasses import dataclass, field
from typing import List, Optional

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, HfArgumentParser, Trainer, TrainingArguments

__version__ = "0.16.0"


@dataclass
class ScriptArguments:
    dataset_name: Optional[str] = None
    dataset_config: Optional[str] = None
    dataset_train_split: str = "train"
    dataset_test_split: str = "test"
    dataset_streaming: bool = False
    gradient_checkpointing_use_reentrant: bool = False


@dataclass
class ModelConfig:
    model_name_or_path: Optional[str] = None
    model_revision: str = "main"
    torch_dtype: Optional[str] = None
    trust_remote_code: bool = False
    attn_implementation: Optional[str] = None
    use_peft: bool = False
    lora_r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    lora_target_modules: Optional[List[str]] = None
    lora_modules_to_save: Optional[List[str]] = None
    lora_task_type: str = "CAUSAL_LM"
    use_rslora: bool = False
    use_dora: bool = False
    load_in_8bit: bool = False
    load_in_4bit: bool = False
    bnb_4bit_quant_type: str = "nf4"
    use_bnb_nested_quant: bool = False

    def __post_init__(self):
        if self.load_in_8bit and self.load_in_4bit:
            raise ValueError("You can't use 8 bit and 4 bit precision at the same time")
        if hasattr(self.lora_target_modules, "__len__") and len(self.lora_target_modules) == 1:
            self.lora_target_modules = self.lora_target_modules[0]


@dataclass
class SFTConfig(TrainingArguments):
    dataset_text_field: str = "text"
    max_seq_length: Optional[int] = None
    packing: bool = False
    dataset_kwargs: Optional[dict] = None
    learning_rate: float = 2e-5


@dataclass
class DPOConfig(TrainingArguments):
    beta: float = 0.1
    loss_type: str = "sigmoid"
    max_length: Optional[int] = 1024
    precompute_ref_log_probs: bool = False
    report_to: Optional[List[str]] = field(default_factory=lambda: ["none"])


class TrlParser(HfArgumentParser):
    def parse_args_and_config(self, args=None, return_remaining_strings=False):
        return self.parse_args_into_dataclasses(args=args, return_remaining_strings=return_remaining_strings)


class SFTTrainer(Trainer):
    def __init__(self, model=None, args=None, peft_config=None, formatting_func=None, **options):
        if isinstance(model, str):
            model = AutoModelForCausalLM.from_pretrained(model)
        if peft_config is not None:
            model = get_peft_model(model, peft_config)
        super().__init__(model=model, args=args, **options)


class DPOTrainer(SFTTrainer):
    def __init__(self, model=None, ref_model=None, args=None, **options):
        if ref_model is not None and ref_model is model:
            raise ValueError("`model` and `ref_model` cannot be the same object.")
        super().__init__(model=model, args=args, **options)


def get_peft_config(model_args):
    if not model_args.use_peft:
        return None
    return LoraConfig(
        r=model_args.lora_r,
        lora_alpha=model_args.lora_alpha,
        target_modules=model_args.lora_target_modules,
        modules_to_save=model_args.lora_modules_to_save,
    )


def get_quantization_config(model_args):
    if model_args.load_in_4bit:
        return BitsAndBytesConfig(load_in_4bit=True)
    return BitsAndBytesConfig(load_in_8bit=True) if model_args.load_in_8bit else None


def get_kbit_device_map():
    return None
