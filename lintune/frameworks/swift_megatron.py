"""Megatron-SWIFT: what the options of `megatron sft|pt|rlhf` mean (swift/megatron/arguments/megatron_args.py)."""

from lintune.frameworks.context import Reading
from lintune.frameworks.env_processes import swift_processes
from lintune.frameworks.parallel import add_degrees
from lintune.frameworks.swift import add_modes, is_ray
from lintune.frameworks.trainer_settings import add_derived, add_inputs
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.values.value import Absent, Unknown

_SETTINGS = (
    ("model.id", "model"),
    ("model.attn", "attention_backend"),
    ("model.template", "template"),
    ("adapter.rank", "lora_rank"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.targets", "target_modules"),
    ("adapter.modules_to_save", "modules_to_save"),
    ("adapter.resume", "adapters"),
    ("optim.name", "optimizer"),
    ("optim.weight_decay", "weight_decay"),
    ("optim.clip", "clip_grad"),
    ("seq.max_len", "max_length"),
    ("batch.micro", "micro_batch_size"),
    ("batch.global_declared", "global_batch_size"),
    ("batch.packing", "packing"),
    ("batch.padding_free", "padding_free"),
    ("data.train", "dataset"),
    ("data.eval", "val_dataset"),
    ("data.eval_fraction", "split_dataset_ratio"),
    ("run.epochs", "num_train_epochs"),
    ("run.output_dir", "output_dir"),
    ("run.seed", "seed"),
    ("task.stage", "rlhf_type"),
    ("rl.beta", "beta"),
    ("rl.num_generations", "num_generations"),
)
_EITHER = (
    ("optim.lr", ("learning_rate", "lr")),
    ("sched.type", ("lr_scheduler_type", "lr_decay_style")),
    ("run.max_steps", ("max_steps", "train_iters")),
    ("run.save_steps", ("save_steps", "save_interval")),
    ("run.eval_steps", ("eval_steps", "eval_interval")),
    ("run.output_dir", ("output_dir", "save")),
    ("model.id", ("model", "load", "mcore_model")),
)
"""Options that version 4 renamed."""
_DEGREES = {
    "tp": "tensor_model_parallel_size",
    "pp": "pipeline_model_parallel_size",
    "cp": "context_parallel_size",
    "ep": "expert_model_parallel_size",
}


def fill_megatron(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    run.unread["flag"] = Unknown("the other defaults of Megatron-SWIFT are not mapped")
    if is_ray(reading):
        why = Unknown("the groups of a Ray configuration are not read")
        run.values["model.id"] = run.unread["tune"] = run.unread["adapter"] = run.values["derived.world_size"] = why
        return
    add_inputs(run, _SETTINGS)
    for name, spellings in _EITHER:
        given = [run.values[f"flag.{flag}"] for flag in spellings if f"flag.{flag}" in run.values]
        run.values[name] = next((value for value in given if not isinstance(value, Absent)), Absent())
    _add_precision(run)
    recompute = run.get("flag.recompute_granularity")
    run.values["mem.ckpt"] = along(text(recompute) in ("full", "selective"), recompute.origin) if text(recompute) else recompute
    if reading.launch.launcher == "megatron" and (reading.config is None or reading.launch.args):
        run.values["derived.world_size"] = swift_processes(run)
    add_degrees(run, {name: run.get(f"flag.{flag}") for name, flag in _DEGREES.items()})
    _add_accumulation(run)
    add_derived(run)
    declared = run.get("batch.global_declared")
    run.values["derived.global_batch"] = declared
    add_modes(run, "ms-swift megatron/utils/utils.py")


def _add_precision(run: Run) -> None:
    dtype = run.get("flag.torch_dtype")
    compute = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}.get(text(dtype) or "")
    if compute is not None:
        run.values["precision.compute"] = along(compute, dtype.origin)
    elif not isinstance(dtype, Absent):
        run.values["precision.compute"] = blocked((dtype,), "the type of the weights is not known")


def _add_accumulation(run: Run) -> None:
    """Megatron derives the number of micro batches from the global batch."""
    sources = run.get("batch.global_declared"), run.get("batch.micro"), run.get("derived.data_parallel")
    whole_batch, micro, copies = (whole(value) for value in sources)
    if whole_batch is None or not micro or not copies:
        run.values["batch.accum"] = blocked(sources, "the number of micro batches is not known")
    elif whole_batch % (micro * copies):
        run.values["batch.accum"] = Unknown("the global batch is no multiple of the micro batches", sources[0].origin)
    else:
        run.values["batch.accum"] = derived(whole_batch // (micro * copies), "global batch / (micro batch x copies of the model)", *sources)
