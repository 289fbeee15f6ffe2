"""A recipe class: guards in methods, early returns, properties, class and static methods."""
# run:
# run: --tune none
# run: --tune none --force
# run: --tune lora --rank 0
# run: --tune lora --rank 4 --alpha 1
# run: --dry
# run: --tune full --precision 8
# run: --tune full --precision 7
import argparse

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


class Recipe:
    allowed = (8, 16, 32)
    made = 0

    def __init__(self, args):
        self.args = args
        self.rank = args.rank
        Recipe.made += 1

    @property
    def scale(self):
        return self.args.alpha / self.rank

    @staticmethod
    def fits(bits):
        return bits in Recipe.allowed

    @classmethod
    def from_args(cls, args):
        if cls.made:
            raise RuntimeError("one recipe only")
        return cls(args)

    def validate(self):
        if not self.fits(self.args.precision):
            raise ValueError(f"{self.args.precision} bits: choose from {self.allowed}")
        if self.args.tune == "none":
            if self.args.force:
                return False
            raise ValueError("nothing to tune")
        if self.args.tune != "lora":
            return True
        if self.scale < 1:
            raise ValueError(f"scale {self.scale}")
        return True

    def setup(self):
        self.model = AutoModelForCausalLM.from_pretrained("m")
        if self.args.tune == "lora":
            self.model = get_peft_model(self.model, LoraConfig(r=self.rank, target_modules=["q_proj"]))
        elif self.args.tune == "none":
            self.model.requires_grad_(False)

    def run(self):
        if self.args.dry:
            return
        Trainer(model=self.model, args=TrainingArguments("out"), train_dataset=[]).train()
        raise RuntimeError("after training")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tune", default="full", choices=["full", "lora", "none"])
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16)
    parser.add_argument("--precision", type=int, default=16)
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--dry", action="store_true")
    recipe = Recipe.from_args(parser.parse_args())
    recipe.validate()
    recipe.setup()
    recipe.run()


main()
