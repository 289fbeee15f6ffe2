"""Guards in `__post_init__`, before and after the library's; fields changed there and read later."""
# run:
# run: --alpha 4 --beta 2
# run: --mode fast
# run: --mode fast --steps 3
# run: --mode slow --fp16 --bf16
# run: --mode early --fp16 --bf16
# run: --mode strict
# run: --names a b a
# run: --names
from dataclasses import dataclass, field
from typing import List, Optional

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Base:
    alpha: int = 1
    beta: Optional[int] = None
    names: Optional[List[str]] = field(default_factory=list)

    def __post_init__(self):
        if self.beta is None:
            self.beta = self.alpha * 2
        self.check()
        self.unique = sorted(set(self.names))
        if len(self.unique) != len(self.names):
            raise ValueError(f"duplicates in {self.names}")

    def check(self):
        if self.alpha > self.beta:
            raise ValueError(f"alpha {self.alpha} > beta {self.beta}")


@dataclass
class Own(TrainingArguments):
    mode: str = "slow"
    steps: int = 0

    def __post_init__(self):
        if self.mode == "early":
            raise KeyError("before the library looks")
        super().__post_init__()
        if self.mode == "fast" and self.steps == 0:
            self.steps = 10
        elif self.mode == "strict":
            raise RuntimeError("after the library looked")
        if self.steps == 3:
            raise ValueError("three")


def main():
    base, training = HfArgumentParser((Base, Own)).parse_args_into_dataclasses()
    assert base.beta != 0 and training.steps in (0, 10), f"{base.beta} {training.steps}"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=training, train_dataset=[]).train()


main()
