"""LoRA on a part, modules to save, unfreezing after PEFT, kbit preparation, merged configurations."""
# run:
# run: --mode llm
# run: --mode llm --train_resampler True
# run: --mode llm --train_resampler True --after True
# run: --mode whole --save resampler vpm
# run: --mode whole --save embed_tokens
# run: --mode whole --bias all
# run: --mode kbit
# run: --mode kbit_only
# run: --mode twice
# run: --mode whole --regex True
# run: --mode whole --regex True --layers 0
from dataclasses import dataclass, field
from typing import List, Optional

from peft import LoraConfig, TaskType, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModel, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    mode: str = "full"
    train_resampler: bool = False
    after: bool = False
    save: Optional[List[str]] = None
    bias: str = "none"
    regex: bool = False
    layers: Optional[List[int]] = field(default=None)


def lora(args, **changes):
    options = dict(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], bias=args.bias, task_type=TaskType.CAUSAL_LM)
    if args.regex:
        options["target_modules"] = r"llm\..*\.layers\.\d+\.self_attn\.(q_proj|k_proj)"
    options.update(changes)
    return LoraConfig(layers_to_transform=args.layers, **options)


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = AutoModel.from_pretrained("openbmb/MiniCPM-V-2_6", trust_remote_code=True)
    if args.mode == "llm":
        for parameter in model.parameters():
            parameter.requires_grad = False
        if args.train_resampler and not args.after:
            model.resampler.requires_grad_(True)
        model.llm = get_peft_model(model.llm, lora(args))
        if args.train_resampler and args.after:
            model.resampler.requires_grad_(True)
    elif args.mode == "whole":
        model = get_peft_model(model, lora(args, modules_to_save=args.save))
    elif args.mode.startswith("kbit"):
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        if args.mode != "kbit_only":
            model = get_peft_model(model, lora(args))
    elif args.mode == "twice":
        model = get_peft_model(model, lora(args, r=4))
        for name, parameter in model.named_parameters():
            if "resampler" in name or "lora_" in name and ".0." in name:
                parameter.requires_grad = True
            elif "lora_" in name:
                parameter.requires_grad = False
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
