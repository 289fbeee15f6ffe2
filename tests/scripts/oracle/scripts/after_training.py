"""Guards after training: they are not before it."""
# run:
# run: --export onnx
# run: --merge True
# run: --merge True --rank 0
# run: --no_train True
# run: --no_train True --export onnx
from dataclasses import dataclass
from typing import Optional

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    export: Optional[str] = None
    merge: bool = False
    rank: int = 8
    no_train: bool = False


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.merge and args.rank:
        model = get_peft_model(model, LoraConfig(r=args.rank, target_modules=["q_proj"]))
    trainer = Trainer(model=model, args=training, train_dataset=[])
    if not args.no_train:
        result = trainer.train()
        if result is None:
            raise RuntimeError("no result")
    if args.merge and not args.rank:
        raise ValueError("nothing to merge")
    if args.export is not None:
        raise NotImplementedError(f"export to {args.export}")


if __name__ == "__main__":
    main()
