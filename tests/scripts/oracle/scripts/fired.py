"""python-fire: the parameters of one function are the options."""
# run: --base_model m
# run:
# run: --base_model m --micro_batch_size 3
# run: --base_model m --lora_target_modules [q_proj,v_proj]
# run: --base_model m --lora_target_modules q_proj
# run: --base_model m --lora_target_modules q_proj,v_proj --lora_r 0
# run: --base-model m --nogroup_by_length --use_lora False
# run: --base_model m --group_by_length --val_set_size -1
# run: --base_model 7
# run: --base_model m --resume_from_checkpoint None --use_lora
# run: --base_model m --prompt_template vicuna
import fire
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

TEMPLATES = {"alpaca": "### {instruction}", "short": "{instruction}"}


def train(
    base_model: str = "",
    batch_size: int = 128,
    micro_batch_size: int = 4,
    lora_r: int = 8,
    lora_target_modules: list = ["q_proj", "v_proj"],
    use_lora: bool = True,
    group_by_length: bool = True,
    val_set_size: int = 2000,
    resume_from_checkpoint=None,
    prompt_template: str = "alpaca",
):
    assert base_model, "Please specify a --base_model"
    if not isinstance(base_model, str):
        raise TypeError(f"base_model is {base_model}")
    if batch_size % micro_batch_size:
        raise ValueError(f"{batch_size} is no multiple of {micro_batch_size}")
    if isinstance(lora_target_modules, str):
        raise TypeError(f"{lora_target_modules} is no list")
    if group_by_length and val_set_size < 0:
        raise ValueError("val_set_size")
    if use_lora and lora_r < 1:
        raise ValueError(f"rank {lora_r}")
    if resume_from_checkpoint is not None:
        raise ValueError("resume")
    template = TEMPLATES[prompt_template]
    model = AutoModelForCausalLM.from_pretrained(base_model)
    if use_lora:
        model = get_peft_model(model, LoraConfig(r=lora_r, target_modules=lora_target_modules))
    Trainer(model=model, args=TrainingArguments("out", run_name=template), train_dataset=[]).train()


if __name__ == "__main__":
    fire.Fire(train)
