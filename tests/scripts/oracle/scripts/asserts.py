"""assert with and without messages, on chains, isinstance, all and any."""
# run:
# run: --low 5
# run: --low 3 --high 2
# run: --ratio 1.5
# run: --ratio nan
# run: --name ""
# run: --sizes 1 2 3
# run: --sizes 0 2
# run: --sizes 7
# run: --odd 2
from dataclasses import dataclass, field
from typing import List

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    low: int = 1
    high: int = 4
    ratio: float = 0.5
    name: str = "x"
    sizes: List[int] = field(default_factory=lambda: [2, 4])
    odd: int = 3


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    assert 0 < args.low <= args.high < 10
    assert 0.0 <= args.ratio <= 1.0, f"ratio {args.ratio:.2f} is outside"
    assert args.name, "a name is needed"
    assert all(size > 0 for size in args.sizes), [size for size in args.sizes if size <= 0]
    assert not any(size == 7 for size in args.sizes), ("seven", args.sizes)
    assert isinstance(args.sizes, list) and len(args.sizes) % 2 == 0, "an even number of sizes"
    assert (
        args.odd % 2
        == 1
    ), "odd"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=training, train_dataset=[]).train()


main()
