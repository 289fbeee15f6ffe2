"""The settings that every script built on Hugging Face TrainingArguments shares, in the common vocabulary."""

from lintune.frameworks.mapping_flags import add_inner_keys
from lintune.run.known import number, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.values.value import Absent, Known, Unknown, Value

SETTINGS: tuple[tuple[str, str], ...] = (
    ("optim.name", "optim"),
    ("optim.lr", "learning_rate"),
    ("optim.weight_decay", "weight_decay"),
    ("optim.beta1", "adam_beta1"),
    ("optim.beta2", "adam_beta2"),
    ("optim.eps", "adam_epsilon"),
    ("optim.clip", "max_grad_norm"),
    ("optim.target_modules", "optim_target_modules"),
    ("sched.type", "lr_scheduler_type"),
    ("sched.warmup_ratio", "warmup_ratio"),
    ("sched.warmup_steps", "warmup_steps"),
    ("precision.tf32", "tf32"),
    ("batch.micro", "per_device_train_batch_size"),
    ("batch.eval_micro", "per_device_eval_batch_size"),
    ("batch.accum", "gradient_accumulation_steps"),
    ("batch.group_by_length", "group_by_length"),
    ("mem.ckpt", "gradient_checkpointing"),
    ("mem.liger", "use_liger_kernel"),
    ("mem.compile", "torch_compile"),
    ("data.workers", "dataloader_num_workers"),
    ("run.epochs", "num_train_epochs"),
    ("run.max_steps", "max_steps"),
    ("run.eval_steps", "eval_steps"),
    ("run.save_strategy", "save_strategy"),
    ("run.save_steps", "save_steps"),
    ("run.save_limit", "save_total_limit"),
    ("run.save_only_model", "save_only_model"),
    ("run.load_best", "load_best_model_at_end"),
    ("run.metric", "metric_for_best_model"),
    ("run.resume", "resume_from_checkpoint"),
    ("run.output_dir", "output_dir"),
    ("run.overwrite", "overwrite_output_dir"),
    ("run.seed", "seed"),
    ("run.report_to", "report_to"),
    ("run.logging_steps", "logging_steps"),
    ("par.fsdp.mode", "fsdp"),
)
"""Dotted name, flag."""

_SCHEDULES = {"WarmupLR": "constant after warm-up", "WarmupDecayLR": "linear", "WarmupCosineLR": "cosine", "OneCycle": "one cycle"}
"""What DeepSpeed's own schedulers do to the rate (deepspeed/runtime/lr_schedules.py)."""


def add_trainer_settings(run: Run) -> None:
    """Fill the shared names from `flag.*` (and `ds.*`, which must be there already)."""
    add_inner_keys(run)
    for name, flag in SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    run.values["run.eval_strategy"] = _either(run, "eval_strategy", "evaluation_strategy")
    _add_precision(run)
    add_derived(run)


def add_derived(run: Run) -> None:
    """The schedule, optimizer and batch that come of the settings and the DeepSpeed file."""
    _add_schedule(run)
    _add_optimizer(run)
    _add_batch(run)


def _either(run: Run, new: str, old: str) -> Value:
    """An option that was renamed: the spelling that was written, else the one that exists."""
    first, second = run.get(f"flag.{new}"), run.get(f"flag.{old}")
    for value in (first, second):
        if written(value):
            return value
    return second if isinstance(first, Absent) else first


def _add_precision(run: Run) -> None:
    fp16, bf16 = run.get("flag.fp16"), run.get("flag.bf16")
    half, brain = truth(fp16), truth(bf16)
    if half is False and isinstance(bf16, Absent) and any(step.note.startswith("default of trl") for step in bf16.origin):
        compute: Value = Known("bf16", bf16.origin)  # trl 0.20 on: `self.bf16 = not (self.fp16) if self.bf16 is None`
    elif half and brain:
        compute = Unknown("`fp16` and `bf16` are both on", fp16.origin)
    elif half:
        compute = along("fp16", fp16.origin)
    elif brain:
        compute = along("bf16", bf16.origin)
    elif half is False and brain is False:
        compute = derived("fp32", "neither fp16 nor bf16", fp16, bf16)
    else:
        compute = blocked((fp16, bf16), "the precision is not known")
    run.values["precision.compute"] = compute
    run.values["precision.fp16"] = fp16
    run.values["precision.bf16"] = bf16


def _add_schedule(run: Run) -> None:
    own, block, has_block = run.get("sched.type"), run.get("ds.scheduler.type"), run.get("par.ds.has_scheduler")
    match truth(has_block), block:
        case True, Known(value=str(kind)):
            run.values["derived.effective_sched"] = derived(
                _SCHEDULES.get(kind, kind), f"the DeepSpeed scheduler block ({kind}) decides", block
            )
        case True, _:
            run.values["derived.effective_sched"] = blocked((block,), "the DeepSpeed scheduler block has no readable type")
        case False, _:
            run.values["derived.effective_sched"] = own
        case _:
            run.values["derived.effective_sched"] = blocked((has_block,), "the DeepSpeed file was not read")


def _add_optimizer(run: Run) -> None:
    own, block, has_block = run.get("optim.name"), run.get("ds.optimizer.type"), run.get("par.ds.has_optimizer")
    match truth(has_block), block:
        case True, Known(value=str(kind)):
            run.values["derived.effective_optim"] = derived(kind, "the DeepSpeed optimizer block decides", block)
        case True, _:
            run.values["derived.effective_optim"] = blocked((block,), "the DeepSpeed optimizer block has no readable type")
        case False, _:
            run.values["derived.effective_optim"] = own
        case _:
            run.values["derived.effective_optim"] = blocked((has_block,), "the DeepSpeed file was not read")
    fixed = run.get("ds.optimizer.params.lr")
    run.values["derived.effective_lr"] = fixed if number(fixed) is not None else run.get("optim.lr")


def _add_batch(run: Run) -> None:
    world = run.get("derived.world_size")
    micro, accum = run.get("batch.micro"), run.get("batch.accum")
    sources = (micro, accum, world)
    sizes = [whole(value) for value in sources]
    product = 1
    for size in sizes:
        product *= size or 0
    if all(size is not None for size in sizes):
        run.values["derived.global_batch"] = derived(product, "micro batch x accumulation x processes", *sources)
    else:
        run.values["derived.global_batch"] = blocked(sources, "the global batch is not known")


def add_inputs(run: Run, names: tuple[tuple[str, str], ...]) -> None:
    """Copy further flags into the vocabulary: (dotted name, flag)."""
    for name, flag in names:
        run.values[name] = run.get(f"flag.{flag}")


def written(value: Value) -> bool:
    """Whether the user wrote the value somewhere."""
    return bool(value.origin) and value.origin[0].kind not in ("default", "derived", "model")
