"""dataclasses.replace, asdict, copies, attribute stores before the guard, aliases of the arguments."""
# run:
# run: --tune_llm False
# run: --use_lora True
# run: --use_lora True --auto_fix False
# run: --rank 3
# run: --rank 4 --use_lora True
# run: --name x --auto_fix False
import copy
import dataclasses
from dataclasses import dataclass

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    use_lora: bool = False
    tune_llm: bool = True
    auto_fix: bool = True
    rank: int = 8
    name: str = "a"


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    original = copy.copy(args)
    alias = args
    if args.use_lora and args.auto_fix:
        alias.tune_llm = False
    if args.use_lora and args.tune_llm:
        raise ValueError("fixed only on request")
    changed = dataclasses.replace(args, rank=args.rank * 2)
    if changed.rank == 6 or original.rank != args.rank:
        raise ValueError(f"{original.rank} became {changed.rank}")
    table = dataclasses.asdict(args)
    table.update(name="b")
    if table["rank"] == 4 and not table["tune_llm"]:
        raise RuntimeError("of the table")
    training.tune_llm = args.tune_llm
    args.rank, args.name = 1, args.name + "!"
    assert args.name == "a!" or alias.rank == 1 and args.auto_fix, f"{args.name}"
    model = AutoModelForCausalLM.from_pretrained("m")
    model.model.requires_grad_(training.tune_llm)
    if args.use_lora:
        model = get_peft_model(model, LoraConfig(r=original.rank, target_modules=["q_proj"]))
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
