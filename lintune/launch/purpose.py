"""Telling a command that trains from one that evaluates, exports, converts or serves, by what it starts."""

from typing import Literal

Purpose = Literal["train", "other"]

_METHOD_WORDS = "sft dpo grpo dapo gspo gkd kto mpo orpo ppo rloo rlhf simpo cpo distill distillation dreambooth"
_WEAK_WORDS = "tune tuning lora qlora pt rm"
_OTHER_WORDS = (
    "api app bench benchmark bot chat chatbot check cli clean collect compare compute convert converter controller copy count data dataset "
    "debug demo deploy download env eval evaluate evaluation evaluator export extract filter format generate generation gradio infer "
    "inference "
    "leaderboard merge parse plot predict prediction prepare preprocess process profile publish push quantize quantization "
    "rollout sample sampling score serve server setup sglang split streamlit summarize test tests tokenize upload validate version "
    "visualize vllm vqa web webui worker config build consolidate delta"
)
_PREPARING = frozenset(("preprocess", "preprocessing"))
"""Words of a path that say of any program in it that it makes data."""
_FLAG_WORDS = (
    "output_dir learning_rate num_train_epochs per_device_train_batch_size gradient_accumulation_steps deepspeed lr_scheduler_type "
    "warmup_ratio max_steps save_steps use_lora lora_rank lora_r train_file train_data_path data_path dataset_name bf16 epochs"
)
_METHODS = frozenset(_METHOD_WORDS.split())
_WEAK = frozenset(_WEAK_WORDS.split())
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
    "unsloth": frozenset(("train",)),
}
"""By command-line program: the subcommands that train; all others do something else."""


def purpose_of(entry: str, flags: frozenset[str], distributed: bool) -> Purpose:
    """What a script or module is for: by its name, else by its options, else by whether several processes run it.

    `flags` are the option names it receives, dashes removed.
    """
    path = entry.lower().removesuffix(".py").replace(".", "/").replace("-", "_")
    name = path.rpartition("/")[2]
    words = name.split("_")
    if words[0] in _OTHER or (not _PREPARING.isdisjoint(path.replace("/", "_").split("_")) and not _says_training(name)):
        return "other"
    if name == "unsloth_cli" or (path.startswith("verl/") and words[-1] == "main"):
        return "train"
    if _says_training(name) or not _METHODS.isdisjoint(words):
        return "train"
    if not _OTHER.isdisjoint(words):
        return "other"
    if not _WEAK.isdisjoint(words):
        return "train"
    if not _OTHER.isdisjoint(path.replace("/", "_").split("_")) and not _says_training(path):
        return "other"
    if _says_training(path) or distributed:
        return "train"
    return "train" if len(flags & _TRAINER_FLAGS) >= 2 else "other"


def _says_training(text: str) -> bool:
    return "train" in text or "finetun" in text or "fine_tun" in text or "sft" in text
