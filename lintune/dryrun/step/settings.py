"""From the run's values to transformers' TrainingArguments: the launch's own settings, as far as the machine at hand can follow them."""

import inspect
from typing import Any

from lintune.dryrun.protocol import Request
from lintune.dryrun.step.batch import Shape

STEPS = 2
"""Optimizer steps: LoRA's A has no gradient in the first one, since B begins at zero."""
_NEED_PACKAGES = {
    "bitsandbytes": ("8bit", "4bit", "bnb", "paged", "ademamix"), "galore_torch": ("galore",), "apollo_torch": ("apollo",),
    "lomo_optim": ("lomo",), "grokadamw": ("grokadamw",), "schedulefree": ("schedule_free",), "torchao": ("torch_4bit", "torch_8bit"),
}  # fmt: skip


def training_arguments(request: Request, shape: Shape, folder: str, device: str, assumptions: list[str]) -> Any:
    """The arguments of the step. What is left out of the launch's settings is said in `assumptions`."""
    import transformers

    values = request.values
    given: dict[str, Any] = {
        "output_dir": folder, "per_device_train_batch_size": shape.micro, "gradient_accumulation_steps": shape.accumulate,
        "max_steps": STEPS, "learning_rate": _number(values.get("optim.lr"), 1e-4), "lr_scheduler_type": "constant",
        "weight_decay": _number(values.get("optim.weight_decay"), 0.0), "max_grad_norm": _number(values.get("optim.clip"), 1.0),
        "logging_steps": 1, "save_strategy": "no", "report_to": "none", "remove_unused_columns": False, "disable_tqdm": True, "seed": 0,
        "optim": _optimizer(request, assumptions), "use_cpu": device == "cpu", "logging_nan_inf_filter": False, "dataloader_num_workers": 0,
    }  # fmt: skip
    assumptions.append("a constant learning rate without warm-up, so that the first step changes the weights")
    given |= _precision(request, device, assumptions) | _checkpointing(request)
    given |= _distributed(request, device, assumptions)
    known = inspect.signature(transformers.TrainingArguments.__init__).parameters
    return transformers.TrainingArguments(**{name: value for name, value in given.items() if name in known})


def _number(value: object, otherwise: float) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable else otherwise  # type: ignore[arg-type]


def _precision(request: Request, device: str, assumptions: list[str]) -> dict[str, Any]:
    compute = request.values.get("precision.compute")
    if request.values.get("precision.pure") is True:
        return {}
    if compute == "bf16":
        return {"bf16": True}
    if compute == "fp16":
        if device != "cpu":
            return {"fp16": True}
        assumptions.append("fp16 is not computed on the CPU: fp32 instead, so overflows are not shown")
    return {}


def _checkpointing(request: Request) -> dict[str, Any]:
    if request.values.get("mem.ckpt") is not True and request.values.get("mem.ckpt_llm") is not True:
        return {}
    reentrant = request.values.get("mem.reentrant")
    keywords = {"gradient_checkpointing_kwargs": {"use_reentrant": reentrant}} if isinstance(reentrant, bool) else {}
    return {"gradient_checkpointing": True, **keywords}


def _optimizer(request: Request, assumptions: list[str]) -> str:
    from importlib.util import find_spec

    from transformers.training_args import OptimizerNames

    given = request.values.get("optim.name")
    name = given if isinstance(given, str) else "adamw_torch"
    names = [each.value for each in OptimizerNames]
    missing = next((package for package, words in _NEED_PACKAGES.items() if any(word in name for word in words)), "")
    if name not in names or (missing and find_spec(missing) is None):
        why = f"`{missing}` is not installed" if name in names else "it is not one of the Trainer's"
        assumptions.append(f"the optimizer `{name}` is not stepped ({why}): AdamW instead")
        return "adamw_torch"
    return name


def _distributed(request: Request, device: str, assumptions: list[str]) -> dict[str, Any]:
    """DeepSpeed or FSDP where the step runs on GPUs as the launch does."""
    values = request.values
    found: dict[str, Any] = {}
    file, stage = values.get("par.ds.file"), values.get("par.ds.stage")
    if isinstance(file, str) or isinstance(stage, int):
        if device == "cpu":
            assumptions.append("DeepSpeed is not stepped on the CPU, where it builds operators first: the plain Trainer instead")
        elif _deepspeed_file(request):
            found["deepspeed"] = _deepspeed_file(request)
        else:
            assumptions.append(f"the DeepSpeed file `{file}` is not at hand: the plain Trainer instead")
    unused = values.get("flag.ddp_find_unused_parameters")
    if isinstance(unused, bool):
        found["ddp_find_unused_parameters"] = unused
    if values.get("par.fsdp.on") is True:
        assumptions.append("FSDP is not stepped: the plain Trainer instead")
    return found


def _deepspeed_file(request: Request) -> str:
    import os

    file = request.values.get("par.ds.file")
    path = os.path.join(request.launch.cwd, file) if isinstance(file, str) else ""
    return path if path and os.path.isfile(path) else ""
