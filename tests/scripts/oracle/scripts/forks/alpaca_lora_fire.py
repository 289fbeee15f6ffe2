"""An alpaca-lora fork: fire-like keywords handed to one function, batch arithmetic, a prompt template class."""
# run:
# run: --base_model x
# run: --base_model x --batch_size 100 --micro_batch_size 8
# run: --base_model x --micro_batch_size 256
# run: --base_model x --prompt_template vicuna
# run: --base_model x --lora_target_modules q_proj,v_proj,
# run: --base_model x --val_set_size -1
# run: --base_model x --lora_target_modules query
# run: --base_model x --cutoff_len 12
import argparse
import os

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

TEMPLATES = {"alpaca": "Below is an instruction.\n{instruction}\n### Response:", "short": "{instruction} ->"}


class Prompter:
    __slots__ = ("template", "name", "_verbose")

    def __init__(self, template_name="", verbose=False):
        self._verbose = verbose
        if not template_name:
            template_name = "alpaca"
        if template_name not in TEMPLATES:
            raise ValueError(f"Can't read {template_name}")
        self.name = template_name
        self.template = TEMPLATES[template_name]

    def __len__(self):
        return len(self.template)

    def generate(self, instruction):
        return self.template.format(instruction=instruction)


def train(
    base_model="",
    batch_size=128,
    micro_batch_size=4,
    cutoff_len=256,
    val_set_size=2000,
    lora_r=8,
    lora_target_modules=("q_proj", "v_proj"),
    prompt_template="alpaca",
    **kwargs,
):
    if kwargs:
        raise TypeError(f"unknown settings: {', '.join(kwargs)}")
    assert base_model, "Please specify a --base_model, e.g. --base_model='huggyllama/llama-7b'"
    gradient_accumulation_steps, rest = divmod(batch_size, micro_batch_size)
    if rest:
        raise ValueError(f"{batch_size} is no multiple of {micro_batch_size} (rest {rest})")
    prompter = Prompter(prompt_template)
    if len(prompter) > cutoff_len:
        raise ValueError(f"the template alone has {len(prompter)} characters, more than {cutoff_len}")
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    if world_size != 1:
        gradient_accumulation_steps = gradient_accumulation_steps // world_size
    if not gradient_accumulation_steps:
        raise ValueError("no accumulation step is left")
    if not 0 <= val_set_size:
        raise ValueError("val_set_size")
    if not all(name.endswith("_proj") for name in lora_target_modules):
        raise ValueError(f"strange targets {list(lora_target_modules)}")
    model = AutoModelForCausalLM.from_pretrained(base_model)
    model = get_peft_model(model, LoraConfig(r=lora_r, target_modules=list(lora_target_modules)))
    prompter.generate("hello")
    args = TrainingArguments("out", gradient_accumulation_steps=gradient_accumulation_steps)
    Trainer(model=model, args=args, train_dataset=[]).train()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--base_model", default="")
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--micro_batch_size", type=int, default=4)
    parser.add_argument("--cutoff_len", type=int, default=256)
    parser.add_argument("--val_set_size", type=int, default=2000)
    parser.add_argument("--lora_target_modules", type=lambda text: text.split(","), default=["q_proj", "v_proj"])
    parser.add_argument("--prompt_template", default="alpaca")
    train(**vars(parser.parse_args()))
