"""The v1 engine of LLaMA-Factory: YAML with a mapping per plugin (`peft_config`, `dist_config` ...), chosen by `USE_V1=1`.

Options and defaults are those of the four dataclasses in src/llamafactory/v1/config at hiyouga/LLaMA-Factory@ff6d4d1.
"""

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.option_table import OptionTable, TableOption, fill_spellings
from lintune.frameworks.overrides import assignments, config_words
from lintune.frameworks.own_options import add_checkout, config_value, read_config
from lintune.frameworks.parallel import add_degrees
from lintune.frameworks.trainer_settings import add_derived, add_inputs
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.syntax.tree import Mapping
from lintune.values.option import Option, OptionType
from lintune.values.value import Absent, Data, Known, Unknown

NAME = "llamafactory-v1"
KEYS = frozenset(("model_class", "dist_config", "train_dataset", "kernel_config", "peft_config", "batching_strategy", "init_config"))
"""Keys that only this engine has."""
_OPTIONS: tuple[tuple[str, OptionType, Data], ...] = (
    ("model", "str", "Qwen/Qwen3-4B-Instruct-2507"),
    ("custom_chat_template", "str", None),
    ("trust_remote_code", "bool", False),
    ("flash_attn", "unknown", "sdpa"),
    ("model_class", "unknown", "llm"),
    ("init_config", "unknown", None),
    ("peft_config", "unknown", None),
    ("kernel_config", "unknown", None),
    ("quant_config", "unknown", None),
    ("train_dataset", "str", None),
    ("eval_dataset", "str", None),
    ("output_dir", "str", None),
    ("micro_batch_size", "int", 1),
    ("global_batch_size", "int", None),
    ("cutoff_len", "int", 2048),
    ("learning_rate", "float", 1e-4),
    ("num_train_epochs", "int", 3),
    ("max_steps", "int", None),
    ("max_grad_norm", "float", 1.0),
    ("bf16", "bool", True),
    ("batching_strategy", "unknown", "normal"),
    ("batching_workers", "int", 16),
    ("enable_activation_checkpointing", "bool", True),
    ("dist_config", "unknown", None),
    ("dp_size", "int", None),
    ("cp_size", "int", 1),
    ("cp_mode", "str", "ulysses"),
    ("mp_replicate_size", "int", 1),
    ("mp_shard_size", "int", None),
    ("dist_timeout", "int", 18000),
    ("optim_config", "unknown", None),
    ("lr_scheduler_config", "unknown", None),
    ("seed", "int", 42),
    ("full_determinism", "bool", False),
    ("resume_from_checkpoint", "str", None),
    ("save_steps", "int", None),
    ("save_epochs", "float", None),
    ("save_ckpt_as_hf", "bool", False),
    ("save_total_limit", "int", None),
    ("logging_steps", "int", 1),
    ("pref_loss", "unknown", "sigmoid"),
    ("pref_beta", "float", 0.1),
    ("pref_ftx", "float", 0.0),
    ("simpo_gamma", "float", 0.5),
    ("dpo_label_smoothing", "float", 0.0),
    ("ld_alpha", "float", None),
    ("sample_backend", "unknown", "hf"),
    ("max_new_tokens", "int", 128),
)
_SETTINGS = (
    ("model.id", "model"),
    ("model.attn", "flash_attn"),
    ("model.template", "custom_chat_template"),
    ("data.train", "train_dataset"),
    ("data.eval", "eval_dataset"),
    ("batch.micro", "micro_batch_size"),
    ("batch.global_declared", "global_batch_size"),
    ("seq.max_len", "cutoff_len"),
    ("optim.lr", "learning_rate"),
    ("optim.clip", "max_grad_norm"),
    ("run.epochs", "num_train_epochs"),
    ("run.max_steps", "max_steps"),
    ("run.output_dir", "output_dir"),
    ("run.save_steps", "save_steps"),
    ("run.save_limit", "save_total_limit"),
    ("run.logging_steps", "logging_steps"),
    ("run.seed", "seed"),
    ("mem.ckpt", "enable_activation_checkpointing"),
    ("rl.beta", "pref_beta"),
    ("adapter.rank", "peft_config.r"),
    ("adapter.alpha", "peft_config.lora_alpha"),
    ("adapter.dropout", "peft_config.lora_dropout"),
    ("adapter.targets", "peft_config.target_modules"),
    ("sched.type", "lr_scheduler_config.name"),
    ("optim.name", "optim_config.name"),
)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is a training configuration of this engine."""
    keys = {str(entry.key.value) for entry in root.entries}
    return "model" in keys and len(keys & KEYS) >= 2 and bool(keys & {"output_dir", "learning_rate", "micro_batch_size"})


def read(reading: Reading) -> Parsed:
    """The options of a launch."""
    table = OptionTable("hf", where="LLaMA-Factory v1")
    for name, kind, default in _OPTIONS:
        table.options[name] = TableOption(Option(name, kind, default, has_default=default is not None, origin="LLaMA-Factory v1"))
    fill_spellings(table)
    add_checkout(table, reading, "src/llamafactory/v1/config")
    files = config_words(reading.launch.args[:1])
    if reading.config is None and not files:
        return parse_command_line(reading.launch.args, table)
    return read_config(reading, files[0] if files else None, table, "llamafactory", assignments(reading.launch.args[1:]))


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    add_inputs(run, _SETTINGS)
    compute = truth(run.get("flag.bf16"))
    run.values["precision.compute"] = (
        derived("bf16" if compute else "fp32", "`bf16`", run.get("flag.bf16")) if compute is not None else Absent()
    )
    add_degrees(run, {"cp": run.get("flag.cp_size")})
    shards = text(run.get("flag.dist_config.name"))
    run.values["par.fsdp.on"] = derived(shards in ("fsdp2", "fsdp"), "`dist_config`", run.get("flag.dist_config"))
    if shards == "fsdp2":
        run.values["par.fsdp.version"] = along(2, run.get("flag.dist_config.name").origin)
    _add_quantisation(run)
    _add_tuning(run)
    add_derived(run)
    files = config_words(reading.launch.args[:1])
    value = config_value(files[0]) if files else None
    if value is not None:
        add_files(run, reading, (NamedFile("config", value),))


def _add_quantisation(run: Run) -> None:
    bits = run.get("flag.quant_config.quantization_bit")
    if isinstance(bits, Known):
        method = run.get("flag.quant_config.name")
        run.values["model.quant.bits"] = bits
        run.values["model.quant.method"] = method if text(method) not in (None, "auto") else Unknown("chosen by the model", bits.origin)


def _add_tuning(run: Run) -> None:
    """`peft_config.name`: lora, freeze, or none at all (v1/plugins/model_plugins/peft.py)."""
    whole_config, name = run.get("flag.peft_config"), run.get("flag.peft_config.name")
    kind = text(name)
    if isinstance(whole_config, Absent):
        run.values["adapter.kind"] = derived("none", "no `peft_config`", whole_config)
    elif kind in ("lora", "freeze"):
        run.values["adapter.kind"] = along("lora" if kind == "lora" else "none", name.origin)
    else:
        run.values["adapter.kind"] = blocked((whole_config, name), "the method of tuning is not known")
    add_whole_model(run, Method(run.values["adapter.kind"], run.get("adapter.targets")), "LLaMA-Factory v1 peft plugin")
    if kind == "freeze":
        _add_layers(run)


def _add_layers(run: Run) -> None:
    layers, extra = run.get("flag.peft_config.freeze_trainable_layers"), run.get("flag.peft_config.freeze_extra_modules")
    count = whole(layers)
    run.values["tune.llm.mode"] = (
        derived(f"topk:{count}", "freeze tuning", layers)
        if count is not None
        else blocked((layers,), "which layers are trained is not known")
    )
    for part in ("embed", "lm_head"):
        run.values[f"tune.{part}.mode"] = (
            derived("frozen", "freeze tuning", layers)
            if isinstance(extra, Absent)
            else Unknown("`freeze_extra_modules` names modules by themselves", extra.origin)
        )
    for name in ("trainable_params", "trainable_percent", "trainable_matrices", "trainable_parts"):
        run.values[f"derived.{name}"] = Unknown("some layers are trained", layers.origin)
