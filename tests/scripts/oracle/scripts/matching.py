"""match and the walrus."""
# run:
# run: lora
# run: lora 8
# run: lora 0
# run: full 1 2
# run: freeze vision llm
# run: freeze
# run: other thing
# run: lora many
import argparse

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def plan(words):
    match words:
        case []:
            return ("full", 0)
        case ["lora"]:
            return ("lora", 4)
        case ["lora", rank] if rank.isdigit():
            if (value := int(rank)) == 0:
                raise ValueError(f"rank {value}")
            return ("lora", value)
        case ["full", _, *rest]:
            raise TypeError(f"full takes no words, got {len(rest) + 1}")
        case ["freeze", first, *others]:
            return ("freeze", [first, *others])
        case ["freeze"] | ["lora", _]:
            raise ValueError("what?")
        case _:
            raise LookupError(" ".join(words))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*", default=[])
    args = parser.parse_args()
    mode, detail = plan(args.words)
    model = AutoModelForCausalLM.from_pretrained("m")
    match mode:
        case "lora":
            model = get_peft_model(model, LoraConfig(r=detail, target_modules=["v_proj"]))
        case "freeze":
            if "vision" in detail:
                raise RuntimeError(f"{mode} {detail}")
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
