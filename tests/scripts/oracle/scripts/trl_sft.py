"""TRL's sft script with guards of its own."""
# run: --model_name_or_path m --dataset_name d
# run: --model_name_or_path m --dataset_name d --use_peft --lora_target_modules q_proj v_proj
# run: --model_name_or_path m
# run: --model_name_or_path m --dataset_name d --load_in_4bit
# run: --model_name_or_path m --dataset_name d --load_in_4bit --use_peft --packing True
# run: --model_name_or_path m --dataset_name d --packing True --max_seq_length 16
# run: --model_name_or_path m --dataset_name d --use_peft --style chat
# run: --model_name_or_path m --dataset_name d --style other
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, TrlParser, get_kbit_device_map, get_peft_config, get_quantization_config


@dataclass
class OwnArguments(ScriptArguments):
    style: Optional[str] = field(default="plain")
    smallest: int = 32


def main(script_args, training_args, model_args):
    if script_args.dataset_name is None:
        raise ValueError("a dataset is needed")
    if training_args.packing and training_args.max_seq_length is not None and training_args.max_seq_length < script_args.smallest:
        raise ValueError(f"packing below {script_args.smallest} makes no sense")
    formatting = {"plain": None, "chat": lambda row: row["text"]}[script_args.style]
    quantization_config = get_quantization_config(model_args)
    model_kwargs = dict(
        revision=model_args.model_revision,
        trust_remote_code=model_args.trust_remote_code,
        device_map=get_kbit_device_map() if quantization_config is not None else None,
        quantization_config=quantization_config,
    )
    model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path, **model_kwargs)
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path)
    dataset = load_dataset(script_args.dataset_name, name=script_args.dataset_config)
    trainer = SFTTrainer(
        model=model,
        args=training_args,
        train_dataset=dataset[script_args.dataset_train_split],
        eval_dataset=dataset[script_args.dataset_test_split] if training_args.eval_strategy != "no" else None,
        processing_class=tokenizer,
        peft_config=get_peft_config(model_args),
        formatting_func=formatting,
    )
    trainer.train()


if __name__ == "__main__":
    parser = TrlParser((OwnArguments, SFTConfig, ModelConfig))
    script_args, training_args, model_args = parser.parse_args_and_config()
    main(script_args, training_args, model_args)
