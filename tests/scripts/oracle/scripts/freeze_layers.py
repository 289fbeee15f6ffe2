"""Slices and indices of layer lists, embeddings by method, attributes on modules that do nothing."""
# run:
# run: --first 1
# run: --last 1
# run: --index 0
# run: --index -1
# run: --embeddings True
# run: --void True
# run: --backbone True --head False
# run: --backbone True --head True
# run: --order True
from dataclasses import dataclass

from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Arguments:
    first: int = 0
    last: int = 0
    index: int = 100
    embeddings: bool = False
    void: bool = False
    backbone: bool = False
    head: bool = True
    order: bool = False


def freeze(module, frozen=True):
    for p in module.parameters():
        p.requires_grad = not frozen


def main():
    args, training = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.first:
        for layer in model.model.layers[: args.first]:
            freeze(layer)
    if args.last > 0:
        freeze(model.model)
        for layer in model.model.layers[-args.last :]:
            freeze(layer, frozen=False)
    if args.index < 50:
        for parameter in model.model.layers[args.index].parameters():
            parameter.requires_grad = False
    if args.embeddings:
        model.get_input_embeddings().requires_grad_(False)
    if args.void:
        model.model.requires_grad = False
        model.lm_head.trainable = False
    if args.backbone:
        model.model.requires_grad_(False)
        model.lm_head.weight.requires_grad = args.head
    if args.order:
        model.requires_grad_(False)
        model.lm_head.requires_grad_(True)
        model.model.norm.requires_grad_()
        model.lm_head.requires_grad_(False)
    Trainer(model=model, args=training, train_dataset=[]).train()


main()
