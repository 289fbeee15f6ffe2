"""DPO: a reference model that must differ; losses by name; LoRA makes the reference superfluous."""
# run: --model_name m
# run: --model_name m --use_lora
# run: --model_name m --use_lora --ref_model r
# run: --model_name m --loss_type kto_pair
# run: --model_name m --loss_type ipo --beta 0
# run: --model_name m --share_ref True
# run: --model_name m --beta -1
from dataclasses import dataclass
from typing import Optional

from peft import LoraConfig
from transformers import AutoModelForCausalLM, HfArgumentParser
from trl import DPOConfig, DPOTrainer

LOSSES = ("sigmoid", "hinge", "ipo")


@dataclass
class Arguments:
    model_name: str
    ref_model: Optional[str] = None
    use_lora: bool = False
    share_ref: bool = False


def check(script, training):
    unknown = training.loss_type not in LOSSES
    if unknown:
        raise ValueError(f"Unknown loss type: {training.loss_type}. Should be one of {list(LOSSES)}")
    if training.beta < 0 or (training.loss_type == "ipo" and training.beta == 0):
        raise ValueError("beta")
    if script.use_lora and script.ref_model:
        raise TypeError("with LoRA the reference is the base model")


def main():
    script, training = HfArgumentParser((Arguments, DPOConfig)).parse_args_into_dataclasses()
    check(script, training)
    model = AutoModelForCausalLM.from_pretrained(script.model_name)
    reference = None
    if script.share_ref:
        reference = model
    elif not script.use_lora:
        reference = AutoModelForCausalLM.from_pretrained(script.ref_model or script.model_name)
        reference.requires_grad_(False)
    trainer = DPOTrainer(
        model,
        reference,
        args=training,
        train_dataset=[],
        peft_config=LoraConfig(r=8, target_modules="all-linear") if script.use_lora else None,
    )
    trainer.train()


if __name__ == "__main__":
    main()
