"""`TrainingArguments` with the fields that launches set most."""

import os
from dataclasses import dataclass, field, asdict
from enum import Enum
from typing import List, Optional, Union


class ExplicitEnum(str, Enum):
    @classmethod
    def _missing_(cls, value):
        raise ValueError(f"{value} is not a valid {cls.__name__}, please select one of {list(cls._value2member_map_.keys())}")


class IntervalStrategy(ExplicitEnum):
    NO = "no"
    STEPS = "steps"
    EPOCH = "epoch"


class OptimizerNames(ExplicitEnum):
    ADAMW_TORCH = "adamw_torch"
    ADAMW_HF = "adamw_hf"
    ADAFACTOR = "adafactor"
    PAGED_ADAMW = "paged_adamw_32bit"
    ADAMW_BNB = "adamw_bnb_8bit"


@dataclass
class TrainingArguments:
    """What `Trainer` is told."""

    output_dir: Optional[str] = None
    overwrite_output_dir: bool = False
    do_train: bool = False
    do_eval: bool = False
    do_predict: bool = False
    eval_strategy: Union[IntervalStrategy, str] = "no"
    per_device_train_batch_size: int = 8
    per_device_eval_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    eval_steps: Optional[float] = None
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    num_train_epochs: float = 3.0
    max_steps: int = -1
    lr_scheduler_type: str = "linear"
    warmup_ratio: float = 0.0
    warmup_steps: int = 0
    logging_dir: Optional[str] = None
    logging_steps: float = 500
    save_strategy: Union[IntervalStrategy, str] = "steps"
    save_steps: float = 500
    save_total_limit: Optional[int] = None
    seed: int = 42
    bf16: bool = False
    fp16: bool = False
    tf32: Optional[bool] = None
    local_rank: int = -1
    dataloader_num_workers: int = 0
    dataloader_prefetch_factor: Optional[int] = None
    run_name: Optional[str] = None
    remove_unused_columns: Optional[bool] = True
    load_best_model_at_end: Optional[bool] = False
    metric_for_best_model: Optional[str] = None
    deepspeed: Optional[str] = None
    fsdp: Optional[str] = ""
    optim: Union[OptimizerNames, str] = "adamw_torch"
    group_by_length: bool = False
    report_to: Optional[List[str]] = field(default_factory=lambda: ["none"])
    ddp_find_unused_parameters: Optional[bool] = None
    resume_from_checkpoint: Optional[str] = None
    gradient_checkpointing: bool = False
    gradient_checkpointing_kwargs: Optional[dict] = None
    push_to_hub: bool = False
    hub_token: Optional[str] = None

    def __post_init__(self):
        if self.output_dir is None:
            self.output_dir = "trainer_output"
        self.output_dir = os.path.expanduser(self.output_dir)
        if self.logging_dir is None:
            self.logging_dir = os.path.join(self.output_dir, "runs")
        self.eval_strategy = IntervalStrategy(self.eval_strategy)
        self.save_strategy = IntervalStrategy(self.save_strategy)
        if self.do_eval is False and self.eval_strategy != IntervalStrategy.NO:
            self.do_eval = True
        if self.eval_strategy == IntervalStrategy.STEPS and self.eval_steps is None:
            self.eval_steps = self.logging_steps
        if self.load_best_model_at_end and self.eval_strategy != self.save_strategy:
            raise ValueError(
                "--load_best_model_at_end requires the save and eval strategy to match, but found\n- Evaluation "
                f"strategy: {self.eval_strategy}\n- Save strategy: {self.save_strategy}"
            )
        if self.fp16 and self.bf16:
            raise ValueError("At most one of fp16 and bf16 can be True, but not both")
        self.optim = OptimizerNames(self.optim)
        if self.run_name is None:
            self.run_name = self.output_dir
        if self.dataloader_num_workers == 0 and self.dataloader_prefetch_factor is not None:
            raise ValueError("--dataloader_prefetch_factor can only be set when data is loaded in a different process")
        self.local_rank = int(os.environ.get("LOCAL_RANK", self.local_rank))

    def __str__(self):
        return type(self).__name__

    @property
    def device(self):
        import torch

        return torch.device("cpu")

    @property
    def n_gpu(self):
        return 0

    @property
    def world_size(self):
        return 1

    @property
    def process_index(self):
        return 0

    @property
    def should_save(self):
        return True

    @property
    def parallel_mode(self):
        return "not_parallel"

    def get_process_log_level(self):
        return 20

    def main_process_first(self, local=True, desc=""):
        import contextlib

        return contextlib.nullcontext()

    def to_dict(self):
        return asdict(self)


@dataclass
class Seq2SeqTrainingArguments(TrainingArguments):
    """With generation at evaluation."""

    predict_with_generate: bool = False
    generation_max_length: Optional[int] = None
