"""Trainers whose `train` looks at the model instead of training it."""

import inspect
from dataclasses import dataclass, field
from typing import Any

import torch

from lintune.dryrun.intercept.stand_in import StandIn

TRL = ("SFTTrainer", "DPOTrainer", "KTOTrainer", "ORPOTrainer", "CPOTrainer", "GRPOTrainer", "RewardTrainer", "PPOTrainer", "RLOOTrainer")


class Reached(BaseException):
    """The script got to its training. No `except Exception` of a script stops it."""


@dataclass(slots=True)
class Training:
    """What the script handed to its trainer."""

    trainer: str = ""
    """The trainer's class."""
    model: Any = None
    arguments: Any = None
    groups: list[dict[str, Any]] = field(default_factory=list)
    """The optimizer's groups: `params` and `lr`, where the trainer could make it."""


def install(training: Training) -> None:
    """Replace transformers' Trainer, and TRL's trainers where they are installed."""
    import transformers

    original = inspect.signature(transformers.Trainer.__init__)

    def begin(self: Any, *given: Any, **keywords: Any) -> None:
        bound = original.bind_partial(self, *given, **{name: value for name, value in keywords.items() if name in original.parameters})
        _keep(self, bound.arguments.get("model"), bound.arguments.get("args"), bound.arguments)

    def train(self: Any, *_: Any, **__: Any) -> None:
        training.trainer, training.model, training.arguments = type(self).__name__, self.model, self.args
        training.groups = _groups(self)
        raise Reached

    transformers.Trainer.__init__ = begin
    transformers.Trainer.train = train
    _install_trl(train)


def _keep(trainer: Any, model: Any, arguments: Any, given: dict[str, Any]) -> None:
    """What scripts and subclasses look at between making a trainer and training."""
    import transformers

    initial = given.get("model_init")
    trainer.model = trainer.model_wrapped = model if model is not None or initial is None else initial()
    trainer.args = arguments if arguments is not None else transformers.TrainingArguments(output_dir="trainer_output")
    for name in ("train_dataset", "eval_dataset", "data_collator", "compute_metrics", "callbacks"):
        setattr(trainer, name, given.get(name))
    trainer.processing_class = given.get("processing_class") or given.get("tokenizer")
    trainer.optimizer = trainer.lr_scheduler = None
    trainer.optimizer_cls_and_kwargs = None
    trainer.is_deepspeed_enabled = trainer.is_fsdp_enabled = False
    trainer._train_batch_size = getattr(trainer.args, "per_device_train_batch_size", 1)
    trainer.callback_handler, trainer.accelerator = StandIn(), StandIn()
    trainer.state, trainer.control = transformers.TrainerState(), transformers.TrainerControl()


def _groups(trainer: Any) -> list[dict[str, Any]]:
    """The groups of the optimizer that the trainer would make; none where it cannot be made without weights."""
    try:
        trainer.args.optim = "adamw_torch" if hasattr(trainer.args, "optim") else None
        made = trainer.create_optimizer()
    except Exception:  # an optimizer of the script's own may need more than is here
        return []
    optimizer = made if isinstance(made, torch.optim.Optimizer) else trainer.optimizer
    return list(getattr(optimizer, "param_groups", []))


def stand_in_trainer(name: str) -> Any:
    """A trainer of TRL by its name, where TRL is not installed."""
    import transformers

    return type(name, (transformers.Trainer,), {"__init__": _begin_trl})


def _begin_trl(self: Any, model: Any = None, *given: Any, **keywords: Any) -> None:
    """What TRL's trainers do to a model before training: load it by its name, and put the adapter on."""
    import transformers

    if isinstance(model, str):
        initial = getattr(keywords.get("args") or next(iter(given), None), "model_init_kwargs", None)
        model = transformers.AutoModelForCausalLM.from_pretrained(model, **(initial if isinstance(initial, dict) else {}))
    if keywords.get("peft_config") is not None:
        import peft

        model = peft.get_peft_model(model, keywords["peft_config"])
    _keep(self, model, keywords.get("args") or next(iter(given), None), keywords)


def _install_trl(train: Any) -> None:
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("trl") is None:
        return
    trl = import_module("trl")
    for name in TRL:
        try:
            trainer = getattr(trl, name)
        except (AttributeError, ImportError, RuntimeError):
            continue
        trainer.__init__, trainer.train = _begin_trl, train
