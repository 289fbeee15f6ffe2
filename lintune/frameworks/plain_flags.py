"""Training programs whose flags are not those of TrainingArguments: OpenRLHF and llama-cookbook."""

import re
from posixpath import basename

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.inventory import Part
from lintune.frameworks.overrides import flags
from lintune.frameworks.own_options import table_of
from lintune.frameworks.trainer_settings import written
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.surfaces.surface import load_surface
from lintune.values.value import Absent, Known, Unknown, Value

OPENRLHF = "openrlhf"
COOKBOOK = "llama-cookbook"
_OPENRLHF_FLAGS = frozenset(("micro_train_batch_size", "train.micro_batch_size", "pretrain", "model.model_name_or_path"))
_OPENRLHF_SETTINGS = (
    ("model.id", ("pretrain", "model.model_name_or_path", "actor.model_name_or_path")),
    ("model.attn", ("attn_implementation", "ds.attn_implementation")),
    ("batch.micro", ("micro_train_batch_size", "train.micro_batch_size")),
    ("batch.global_declared", ("train_batch_size", "train.batch_size")),
    ("batch.packing", ("packing_samples", "ds.packing_samples")),
    ("seq.max_len", ("max_len", "data.max_len")),
    ("optim.lr", ("learning_rate", "actor_learning_rate", "adam.lr", "actor.adam.lr")),
    ("sched.type", ("lr_scheduler", "actor.lr_scheduler")),
    ("sched.warmup_ratio", ("lr_warmup_ratio", "actor.lr_warmup_ratio")),
    ("optim.clip", ("max_norm", "actor.max_norm")),
    ("data.train", ("dataset", "prompt_data", "data.dataset", "data.prompt_dataset")),
    ("data.eval", ("eval_dataset", "eval.dataset")),
    ("run.output_dir", ("save_path", "ckpt.output_dir")),
    ("run.epochs", ("max_epochs", "train.max_epochs")),
    ("run.seed", ("seed", "train.seed")),
    ("adapter.rank", ("lora_rank", "ds.lora.rank")),
    ("adapter.alpha", ("lora_alpha", "ds.lora.alpha")),
    ("adapter.dropout", ("lora_dropout", "ds.lora.dropout")),
    ("adapter.targets", ("target_modules", "ds.lora.target_modules")),
    ("par.ds.stage", ("zero_stage", "ds.zero_stage")),
    ("par.tp", ("ds_tensor_parallel_size", "ds.tensor_parallel_size")),
    ("par.sp", ("ring_attn_size", "ds.ring_attn_size")),
    ("mem.ckpt", ("gradient_checkpointing", "model.gradient_checkpointing_enable", "actor.gradient_checkpointing_enable")),
    ("rl.num_generations", ("n_samples_per_prompt", "rollout.n_samples_per_prompt")),
    ("rl.prompts", ("rollout_batch_size", "rollout.batch_size")),
    ("rl.rollout_tp", ("vllm_tensor_parallel_size", "vllm.tensor_parallel_size")),
    ("rl.beta", ("init_kl_coef", "algo.kl.init_coef", "beta", "model.beta")),
)
"""Dotted name, and the flags up to 0.9 and since."""


def program_of(entry: str) -> str:
    """`train_sft` of `openrlhf.cli.train_sft` and `../train_sft.py`."""
    return basename(entry).removesuffix(".py").rpartition(".")[2]


def is_openrlhf(reading: Reading, entry: str) -> bool:
    """Whether the entry is a program of OpenRLHF: by its module, or by its name and flags where its text is not that of another."""
    if load_surface("openrlhf", program_of(entry)) is None:
        return False
    of_another = reading.source is not None and "openrlhf" not in reading.source.text
    return "openrlhf" in entry or (bool(reading.words & _OPENRLHF_FLAGS) and not of_another)


def read_openrlhf(reading: Reading) -> Parsed:
    """The flags of the program."""
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    parsed = parse_command_line(reading.launch.args, table_of(reading, [f"openrlhf.{program_of(entry)}"]))
    parsed.items = {name: found for name, found in parsed.items.items() if name != "raw.required"}
    return parsed


def fill_openrlhf(run: Run, reading: Reading) -> None:
    """The common vocabulary; DeepSpeed is configured by flags."""
    for name, flags_of in _OPENRLHF_SETTINGS:
        given = [run.values[f"flag.{flag}"] for flag in reversed(flags_of) if f"flag.{flag}" in run.values]
        said = [value for value in given if not isinstance(value, Absent)]
        run.values[name] = next((value for value in said if written(value)), said[0] if said else Absent())
    run.unread["ds"] = Unknown("OpenRLHF builds the DeepSpeed configuration of its flags")
    run.values["task.stage"] = _openrlhf_stage(reading)
    rank = run.get("adapter.rank")
    size = 0 if isinstance(rank, Absent) else whole(rank)
    if size is not None:
        run.values["adapter.kind"] = derived("lora" if size > 0 else "none", "`lora_rank`", rank)
    else:
        run.values["adapter.kind"] = rank
    for flag in ("load_in_4bit", "ds.load_in_4bit"):
        bits = run.get(f"flag.{flag}")
        if truth(bits) is True:
            run.values["model.quant.bits"] = along(4, bits.origin)
            run.values["model.quant.method"] = along("bnb", bits.origin)
    _add_openrlhf_types(run)
    frozen: dict[Part, Value] = {}
    tower = run.get("flag.actor.freeze_visual_encoder")
    if not isinstance(tower, Absent):
        frozen = {"vision": tower}
    add_whole_model(run, Method(run.get("adapter.kind"), run.get("adapter.targets"), frozen=frozen), "OpenRLHF models/actor.py")
    add_files(run, reading, (NamedFile("model", run.get("model.id")),))


def _openrlhf_stage(reading: Reading) -> Value:
    program = program_of(reading.launch.entry.text) if reading.launch.entry is not None else ""
    stage = {"train_ppo_ray": "ppo"}.get(program, program.removeprefix("train_"))
    return derived(stage, "by the program")


def _add_openrlhf_types(run: Run) -> None:
    """`bf16` up to 0.8, `param_dtype` since."""
    dtype, bf16 = run.get("flag.ds.param_dtype"), run.get("flag.bf16")
    if isinstance(dtype, Absent):
        dtype = run.get("flag.param_dtype")
    if text(dtype) is not None:
        run.values["precision.compute"] = dtype
    elif truth(bf16) is True:
        run.values["precision.compute"] = along("bf16", bf16.origin)


def is_cookbook(reading: Reading, entry: str) -> bool:
    """Whether the entry is the finetuning program of llama-cookbook (once llama-recipes)."""
    named = entry in ("llama_recipes.finetuning", "llama_cookbook.finetuning") or basename(entry) == "finetuning.py"
    return named and bool(reading.words & {"enable_fsdp", "use_peft", "quantization", "batch_size_training"})


def read_cookbook(reading: Reading) -> Parsed:
    """The flags, which python-fire hands to dataclasses."""
    return Parsed(values=dict(flags(reading.launch.args)))


def fill_cookbook(run: Run, reading: Reading) -> None:
    """What the flags say of model, adapter, quantisation and FSDP."""
    run.unread["flag"] = Unknown("the defaults of llama-cookbook are not known")
    given = reading.words
    run.values["model.id"] = run.get("flag.model_name")
    run.values["batch.micro"] = run.get("flag.batch_size_training")
    run.values["batch.accum"] = run.get("flag.gradient_accumulation_steps")
    run.values["optim.lr"] = run.get("flag.lr")
    fsdp, peft = run.get("flag.enable_fsdp"), run.get("flag.use_peft")
    run.values["par.fsdp.on"] = fsdp if "enable_fsdp" in given else derived(False, "no `enable_fsdp`")
    run.values["par.fsdp.version"] = derived(1, "llama-cookbook shards with FSDP 1")
    method = run.get("flag.peft_method")
    if "use_peft" in given and truth(peft) is True:
        run.values["adapter.kind"] = method if text(method) is not None else along("lora", peft.origin)
    else:
        run.values["adapter.kind"] = derived("none", "no `use_peft`") if "use_peft" not in given else peft
    quant = run.get("flag.quantization")
    if "quantization" in given and isinstance(quant, Known):
        found = re.match(r"[48]", str(quant.value))
        bits = int(found[0]) if found else 8 if truth(quant) is True else None
        run.values["model.quant.bits"] = along(bits, quant.origin) if bits else Absent()
        run.values["model.quant.method"] = along("bnb", quant.origin)
    add_whole_model(run, Method(run.get("adapter.kind")), "llama-cookbook finetuning.py")
