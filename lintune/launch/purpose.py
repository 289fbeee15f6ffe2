"""Telling a command that trains from one that evaluates, exports, converts or serves, by what it starts."""

import re
from typing import Literal

Purpose = Literal["train", "other"]

_METHODS = r"sft|dpo|grpo|dapo|gspo|gkd|kto|mpo|orpo|ppo|rloo|rlhf|simpo|cpo|distill\w*|dreambooth"
_STRONG = re.compile(rf"train|fine_?tun|(?:^|_)(?:{_METHODS})(?:_|$)")
_TRAINING = re.compile(rf"train|tun(?:e|ing)\b|fine_?tun|(?:{_METHODS})|lora\b|\bpt\b|\brm\b")
_OTHER_WORDS = (
    "api app bench benchmark bot chat chatbot check cli clean collect compare compute convert converter controller copy count data dataset debug "
    "demo deploy download env eval evaluate evaluation evaluator export extract filter format generate generation gradio infer inference "
    "install leaderboard merge parse plot predict prediction prepare preprocess process profile publish push quantize quantization "
    "rollout sample sampling score serve server setup sglang split streamlit summarize test tests tokenize upload validate version "
    "visualize vllm vqa web webui worker config build consolidate delta"
)
_FLAG_WORDS = (
    "output_dir learning_rate num_train_epochs per_device_train_batch_size gradient_accumulation_steps deepspeed lr_scheduler_type "
    "warmup_ratio max_steps save_steps use_lora lora_rank lora_r train_file train_data_path data_path dataset_name bf16 epochs"
)
_OTHER = frozenset(_OTHER_WORDS.split())
_TRAINER_FLAGS = frozenset(_FLAG_WORDS.split())

SUBCOMMANDS: dict[str, frozenset[str]] = {
    "swift": frozenset(("sft", "pt", "rlhf")),
    "megatron": frozenset(("sft", "pt", "rlhf")),
    "llamafactory-cli": frozenset(("train",)),
    "axolotl": frozenset(("train",)),
    "trl": frozenset(("sft", "dpo", "grpo", "kto", "reward", "rloo", "orpo", "cpo", "ppo", "gkd")),
    "litgpt": frozenset(("finetune", "finetune_full", "finetune_lora", "finetune_adapter", "finetune_adapter_v2", "pretrain")),
    "xtuner": frozenset(("train",)),
    "oumi": frozenset(("train",)),
}
"""By command-line program: the subcommands that train; all others do something else."""


def purpose_of(entry: str, flags: frozenset[str], distributed: bool) -> Purpose:
    """What a script or module is for: by its name, else by its options, else by whether several processes run it.

    `flags` are the option names it receives, dashes removed.
    """
    path = entry.lower().removesuffix(".py").replace(".", "/").replace("-", "_")
    name = path.rpartition("/")[2]
    words = re.split(r"[^a-z0-9]+", name)
    if words[0] in _OTHER:
        return "other"
    if _STRONG.search(name):
        return "train"
    if not _OTHER.isdisjoint(words):
        return "other"
    if _TRAINING.search(name.replace("_", " ")):
        return "train"
    if not _OTHER.isdisjoint(re.split(r"[^a-z0-9]+", path)) and not _TRAINING.search(path):
        return "other"
    if _TRAINING.search(path) or distributed:
        return "train"
    return "train" if len(flags & _TRAINER_FLAGS) >= 2 else "other"
