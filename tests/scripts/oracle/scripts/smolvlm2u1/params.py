"""Arguments of the script that forbids a frozen LLM with LoRA."""

from dataclasses import dataclass, field
from typing import Optional

from transformers import TrainingArguments as HFTrainingArguments


@dataclass
class ModelArguments:
    model_id: Optional[str] = field(default="HuggingFaceTB/SmolVLM-Instruct")


@dataclass
class TrainingArguments(HFTrainingArguments):
    freeze_vision_tower: bool = False
    freeze_llm: bool = False
    tune_connector: bool = True
    lora_enable: bool = False
    vision_lora: bool = False
    lora_rank: int = 32
    bits: int = 16
