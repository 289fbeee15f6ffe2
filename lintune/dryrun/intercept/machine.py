"""The machine that the launch expects, as far as a script looks at it before training: GPUs, process groups, devices."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lintune.dryrun.intercept.stand_in import StandIn

_MEMORY = 80 * 2**30
_CARD: dict[str, object] = {
    "get_device_capability": (8, 0), "current_device": 0, "get_device_name": "GPU", "mem_get_info": (_MEMORY, _MEMORY),
    "max_memory_allocated": 0, "max_memory_reserved": 0, "memory_allocated": 0, "memory_reserved": 0,
}  # fmt: skip
"""What a script may ask a card for its logs and checks."""


def install() -> None:
    """Make calls that need a GPU or other processes harmless; only what happens before training is run."""
    _nothing(torch.cuda, "set_device", "empty_cache", "synchronize", "manual_seed_all")
    if not torch.cuda.is_available():
        torch.cuda.is_bf16_supported = lambda *_, **__: True
        for name, answer in _CARD.items():
            setattr(torch.cuda, name, lambda *_, _answer=answer, **__: _answer)
        torch.cuda.get_device_properties = lambda *_, **__: StandIn(total_memory=_MEMORY, major=8, minor=0, name="GPU")
    _one_process()
    _arguments()
    nn.Module.to = _stays(nn.Module.to)
    nn.Module.cuda = lambda self, device=None: self


def _nothing(owner: Any, *names: str) -> None:
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, lambda *_, **__: None)


def _one_process() -> None:
    """The first of one: a script may ask for its rank without a process group."""
    distributed = torch.distributed
    _nothing(distributed, "init_process_group", "barrier", "destroy_process_group")
    for name, answer in (("get_rank", 0), ("get_world_size", 1)):
        setattr(distributed, name, lambda *_, _answer=answer, **__: _answer)


def _stays(original: Callable[..., Any]) -> Callable[..., Any]:
    """`Module.to` of a model without weights: types are changed, places are not."""

    def to(self: nn.Module, *given: Any, **keywords: Any) -> Any:
        if not any(parameter.is_meta for parameter in self.parameters()):
            return original(self, *given, **keywords)
        dtype = keywords.get("dtype") or next((each for each in given if isinstance(each, torch.dtype)), None)
        return original(self, dtype) if dtype is not None else self

    return to


def _arguments() -> None:
    """TrainingArguments that do not ask this machine for bf16 or TF32, nor start DeepSpeed or FSDP."""
    import transformers
    from transformers import training_args

    for name in ("is_torch_bf16_gpu_available", "is_torch_tf32_available", "is_torch_fp16_available_on_device"):
        if hasattr(training_args, name):
            setattr(training_args, name, lambda *_, **__: True)
    original = transformers.TrainingArguments.__post_init__

    def post_init(self: Any) -> None:
        kept = {name: getattr(self, name, None) for name in ("deepspeed", "fsdp", "fsdp_config")}
        for name in kept:
            setattr(self, name, [] if name == "fsdp" else None)
        try:
            original(self)
        finally:
            for name, value in kept.items():
                if value:
                    setattr(self, name, value)

    transformers.TrainingArguments.__post_init__ = post_init
