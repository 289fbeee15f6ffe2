"""Qwen-VL: set_model with three switches, or LoRA that bypasses them."""
# run: --dataset_use llava
# run: --dataset_use llava --tune_mm_llm True
# run: --dataset_use llava --tune_mm_mlp True
# run: --dataset_use llava --tune_mm_vision True --tune_mm_mlp True --tune_mm_llm True
# run: --dataset_use llava --lora_enable True
# run: --dataset_use llava,video%50 --lora_enable True --tune_mm_mlp True --lora_r 0
# run: --dataset_use llava,other
# run: --model_name_or_path Qwen/Qwen3-VL-8B --dataset_use video --tune_mm_mlp True
# run: --model_name_or_path Qwen/Qwen2-VL-2B --tune_mm_vision True --dataset_use llava
# run: --model_name_or_path internlm/other --dataset_use llava

import transformers
from argument import DataArguments, ModelArguments, TrainingArguments
from data_list import data_list
from transformers import (
    AutoProcessor,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
    Trainer,
)


def set_model(model_args, model):
    if model_args.tune_mm_vision:
        for n, p in model.visual.named_parameters():
            p.requires_grad = True
    else:
        for n, p in model.visual.named_parameters():
            p.requires_grad = False

    if model_args.tune_mm_mlp:
        for n, p in model.visual.merger.named_parameters():
            p.requires_grad = True
    else:
        for n, p in model.visual.merger.named_parameters():
            p.requires_grad = False

    if model_args.tune_mm_llm:
        for n, p in model.model.named_parameters():
            p.requires_grad = True
        model.lm_head.requires_grad = True
    else:
        for n, p in model.model.named_parameters():
            p.requires_grad = False
        model.lm_head.requires_grad = False


def train(attn_implementation="flash_attention_2"):
    parser = transformers.HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    name = model_args.model_name_or_path.lower()
    if "qwen3" in name:
        model = Qwen3VLForConditionalGeneration.from_pretrained(model_args.model_name_or_path, attn_implementation=attn_implementation)
        data_args.model_type = "qwen3vl"
    elif "qwen2.5" in name:
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(model_args.model_name_or_path)
        data_args.model_type = "qwen2.5vl"
    elif "qwen2" in name:
        model = Qwen2VLForConditionalGeneration.from_pretrained(model_args.model_name_or_path)
        data_args.model_type = "qwen2vl"
    else:
        raise ValueError(f"Unsupported model: {model_args.model_name_or_path}")
    processor = AutoProcessor.from_pretrained(model_args.model_name_or_path)
    model.config.use_cache = False
    if training_args.gradient_checkpointing:
        if hasattr(model, "enable_input_require_grads"):
            model.enable_input_require_grads()

    if training_args.lora_enable:
        from peft import LoraConfig, TaskType, get_peft_model

        for p in model.parameters():
            p.requires_grad = False
        lora_config = LoraConfig(
            r=training_args.lora_r or 64,
            lora_alpha=training_args.lora_alpha or 128,
            lora_dropout=training_args.lora_dropout or 0.05,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
            bias="none",
            task_type=TaskType.CAUSAL_LM,
        )
        model = get_peft_model(model, lora_config)
    else:
        set_model(model_args, model)

    dataset = data_list(data_args.dataset_use.split(","))
    trainer = Trainer(model=model, processing_class=processor, args=training_args, train_dataset=dataset)
    trainer.train()


if __name__ == "__main__":
    train()
