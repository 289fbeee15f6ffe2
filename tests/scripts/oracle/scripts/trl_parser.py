"""TrlParser over TRL's classes and one of the script's, guards on options that TRL defines."""
# run: --model_name_or_path m --dataset_name d
# run: --model_name_or_path m
# run: --dataset_name d
# run: --model_name_or_path m --dataset_name d --packing True --dataset_text_field ""
# run: --model_name_or_path m --dataset_name d --lora_r 128
# run: --model_name_or_path m --dataset_name d --use_peft --lora_alpha 1
# run: --model_name_or_path m --dataset_name d --gradient_checkpointing True --gradient_checkpointing_use_reentrant
# run: --model_name_or_path m --dataset_name d --dataset_test_split train
# run: --model_name_or_path m --dataset_name d --per_device_train_batch_size 64
# run: --model_name_or_path m --dataset_name d --fp16 True --attn_implementation flash_attention_2
# run: --model_name_or_path m --dataset_name d --words 3
from dataclasses import dataclass

from transformers import AutoModelForCausalLM
from trl import ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, TrlParser


@dataclass
class Words:
    words: int = 0


def checked(script, training, model):
    if script.dataset_name is None or model.model_name_or_path is None:
        raise ValueError("a model and a data set are needed")
    if script.dataset_train_split == script.dataset_test_split:
        raise ValueError(f"tested on {script.dataset_test_split}")
    if training.packing and not training.dataset_text_field:
        raise ValueError("packing needs text")
    if model.lora_r > 64:
        raise ValueError(f"rank {model.lora_r}")
    if model.use_peft and model.lora_alpha < model.lora_r:
        raise ValueError("alpha")
    if training.gradient_checkpointing and script.gradient_checkpointing_use_reentrant:
        raise ValueError("reentrant")
    if training.per_device_train_batch_size > 32:
        raise MemoryError("batch")
    if training.fp16 and model.attn_implementation == "flash_attention_2":
        raise ValueError("fp16 with flash attention")


def main():
    parser = TrlParser((ScriptArguments, SFTConfig, ModelConfig, Words))
    script, training, model, words = parser.parse_args_and_config()
    checked(script, training, model)
    if words.words:
        raise ValueError(f"{words.words} words")
    SFTTrainer(model=AutoModelForCausalLM.from_pretrained(model.model_name_or_path), args=training, train_dataset=[]).train()


main()
