"""A Trainer of the project: guards in its constructor and in create_optimizer, callbacks, freezing in it."""
# run:
# run: --own_lr 0.1
# run: --own_lr -1
# run: --freeze_in_trainer True
# run: --patience 0
# run: --patience 3
# run: --style mixed
from dataclasses import dataclass
from typing import Optional

from transformers import AutoModelForCausalLM, EarlyStoppingCallback, HfArgumentParser, Trainer, TrainingArguments


@dataclass
class Own(TrainingArguments):
    own_lr: Optional[float] = None
    freeze_in_trainer: bool = False
    patience: Optional[int] = None
    style: str = "plain"


class OwnTrainer(Trainer):
    def __init__(self, *args, style="plain", **kwargs):
        super().__init__(*args, **kwargs)
        if style not in ("plain", "fancy"):
            raise ValueError(f"style {style}")
        if self.args.own_lr is not None and self.args.own_lr < 0:
            raise ValueError(f"own_lr {self.args.own_lr}")
        if self.args.freeze_in_trainer:
            self.model.lm_head.requires_grad_(False)

    def create_optimizer(self):
        raise RuntimeError("only while training")


def main():
    (training,) = HfArgumentParser(Own).parse_args_into_dataclasses()
    callbacks = []
    if training.patience is not None:
        assert training.patience > 0, "patience must be positive"
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=training.patience))
    model = AutoModelForCausalLM.from_pretrained("m")
    trainer = OwnTrainer(model=model, args=training, train_dataset=[], callbacks=callbacks, style=training.style)
    trainer.train()


main()
