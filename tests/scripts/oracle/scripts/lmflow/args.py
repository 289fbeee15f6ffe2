"""Arguments by pipeline."""

from dataclasses import dataclass, field
from typing import List, Optional

from transformers import TrainingArguments


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default=None)
    lora_model_path: Optional[str] = field(default=None)
    model_type: Optional[str] = field(default=None)
    config_overrides: Optional[str] = field(default=None)
    arch_type: Optional[str] = field(default="decoder_only")
    use_lora: bool = field(default=False)
    lora_r: int = field(default=8)
    lora_target_modules: Optional[List[str]] = field(default=None)
    torch_dtype: Optional[str] = field(default=None, metadata={"choices": ["auto", "bfloat16", "float16", "float32"]})
    use_qlora: bool = field(default=False)

    def __post_init__(self):
        if self.config_overrides is not None and (self.model_name_or_path is not None):
            raise ValueError("--config_overrides can't be used in combination with --config_name or --model_name_or_path")
        if self.use_qlora:
            if not self.use_lora:
                self.use_lora = True


@dataclass
class DatasetArguments:
    dataset_path: Optional[str] = field(default=None)
    block_size: Optional[int] = field(default=None)
    train_file: Optional[str] = field(default=None)
    validation_split_percentage: Optional[int] = field(default=5)
    streaming: bool = field(default=False)

    def __post_init__(self):
        if self.train_file is not None:
            extension = self.train_file.split(".")[-1]
            assert extension in ["csv", "json", "txt"], "`train_file` should be a csv, a json or a txt file."
        if self.streaming and self.block_size is None:
            raise ValueError("streaming needs a block_size")


@dataclass
class FinetunerArguments(TrainingArguments):
    eval_dataset_path: Optional[str] = field(default=None)
    use_lisa: bool = field(default=False)
    lisa_activated_layers: int = field(default=2)
    lisa_layers_attribute: str = field(default="model.model.layers")

    def __post_init__(self):
        super().__post_init__()
        if self.use_lisa and self.lisa_activated_layers <= 0:
            raise ValueError(f"lisa_activated_layers must be positive, got {self.lisa_activated_layers}")


class AutoArguments:
    @staticmethod
    def get_pipeline_args_class(pipeline_name):
        return PIPELINE_ARGUMENT_MAPPING[pipeline_name]


PIPELINE_ARGUMENT_MAPPING = {"finetuner": FinetunerArguments}
