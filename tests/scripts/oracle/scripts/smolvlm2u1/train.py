"""2U1 SmolVLM: LoRA forbids `freeze_llm`."""
# run:
# run: --lora_enable True
# run: --lora_enable True --freeze_llm True
# run: --freeze_llm True --freeze_vision_tower True
# run: --freeze_llm True --freeze_vision_tower True --tune_connector False
# run: --vision_lora True
# run: --vision_lora True --lora_enable True --freeze_vision_tower False
# run: --vision_lora True --lora_enable True --freeze_vision_tower True --bits 4
# run: --bits 5

import torch
from params import ModelArguments, TrainingArguments
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from train_utils import freeze_everything, set_trainable
from transformers import AutoProcessor, BitsAndBytesConfig, HfArgumentParser, SmolVLMForConditionalGeneration, Trainer


def train():
    parser = HfArgumentParser((ModelArguments, TrainingArguments))
    model_args, training_args = parser.parse_args_into_dataclasses()

    assert not (training_args.lora_enable and training_args.freeze_llm), "When using LoRA, the LLM should not be frozen. Use LoRA or freeze."
    if not training_args.lora_enable:
        assert not training_args.vision_lora, "Error: lora_enable is not enabled, but vision_lora is enabled."
    elif training_args.vision_lora and training_args.freeze_vision_tower is False:
        raise ValueError("vision_lora needs a frozen tower")

    quantization = {4: dict(load_in_4bit=True), 8: dict(load_in_8bit=True), 16: None}[training_args.bits]
    config = BitsAndBytesConfig(**quantization) if quantization else None
    model = SmolVLMForConditionalGeneration.from_pretrained(model_args.model_id, quantization_config=config, torch_dtype=torch.bfloat16)
    set_trainable(model.model.text_model, not training_args.freeze_llm)
    set_trainable(model.lm_head, not training_args.freeze_llm)
    set_trainable(model.model.vision_model, not training_args.freeze_vision_tower)
    set_trainable(model.model.connector, training_args.tune_connector)
    if training_args.bits in (4, 8):
        model = prepare_model_for_kbit_training(model)
    if training_args.lora_enable:
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"] + (["attn.qkv"] if training_args.vision_lora else [])
        model = get_peft_model(model, LoraConfig(r=training_args.lora_rank, target_modules=targets))
        if training_args.tune_connector:
            for name, parameter in model.named_parameters():
                if "connector" in name:
                    parameter.requires_grad_(True)
    elif training_args.freeze_llm and training_args.freeze_vision_tower and not training_args.tune_connector:
        freeze_everything(model)
    trainer = Trainer(model=model, args=training_args, train_dataset=[], processing_class=AutoProcessor.from_pretrained(model_args.model_id))
    trainer.train()


if __name__ == "__main__":
    train()
