"""Name tests in loops over named_parameters: in, startswith, endswith, any, not, lists of options, counts."""
# run:
# run: --trainable lm_head
# run: --trainable lm_head q_proj
# run: --frozen embed
# run: --frozen layers.0. norm
# run: --only_bias True
# run: --prefix model.layers.1
# run: --trainable nothing_at_all
# run: --exact lm_head.weight
from dataclasses import dataclass, field
from typing import List, Optional

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    trainable: Optional[List[str]] = None
    frozen: List[str] = field(default_factory=list)
    prefix: str = ""
    exact: Optional[str] = None
    only_bias: bool = False


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.trainable is not None:
        for name, param in model.named_parameters():
            param.requires_grad = any(part in name for part in args.trainable)
    for name, param in model.named_parameters():
        for part in args.frozen:
            if part in name:
                param.requires_grad = False
                break
    if args.prefix:
        for n, p in model.named_parameters():
            if not n.startswith(args.prefix):
                p.requires_grad_(False)
    if args.only_bias:
        for n, p in model.named_parameters():
            p.requires_grad = n.endswith(".bias")
    if args.exact:
        for n, p in model.named_parameters():
            if n == args.exact:
                continue
            p.requires_grad = False
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if trained == 0:
        raise ValueError("nothing is trained")  # not from options
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
