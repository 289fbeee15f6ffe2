"""None, falsy fallbacks, `or`, optional numbers, comparison of None."""
# run:
# run: --rank 0
# run: --rank 4
# run: --lr 0.0
# run: --path ""
# run: --path x
# run: --compare True
# run: --rank 4 --compare True
# run: --flag False
# run: --flag True
from dataclasses import dataclass
from typing import Optional

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    rank: Optional[int] = None
    lr: Optional[float] = None
    path: Optional[str] = None
    flag: Optional[bool] = None
    compare: bool = False


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    rank = args.rank or 64
    if args.rank is not None and rank != args.rank:
        raise ValueError(f"rank {args.rank} became {rank}")
    lr = args.lr if args.lr else None
    if lr is None and args.lr is not None:
        raise ValueError("lr of zero")
    if args.path == "" and not args.path:
        raise ValueError("empty path")
    if args.compare:
        if args.rank > 8:
            raise ValueError("above 8")
    if args.path:
        args.path.missing_method()
    if args.flag is False:
        raise ValueError("said no")
    if args.flag:
        raise ValueError("said yes")
    name = args.path and args.path.lower()
    assert name is None
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=training, train_dataset=[]).train()


main()
