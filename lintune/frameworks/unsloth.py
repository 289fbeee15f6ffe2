"""Unsloth's own programs: `python unsloth-cli.py --flags`, and `unsloth train --config x.yaml --flags` since 2026.3.

The first always puts LoRA on every linear layer of the decoder (unsloth-cli.py `run`); the second has `training_type`, and flags
that lie over the sections of its file (unsloth_cli/config.py `Config.apply_overrides`).
"""

from posixpath import basename

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.config_files import flat_values
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.option_table import OptionTable, TableOption, fill_spellings, option_table
from lintune.frameworks.overrides import flags
from lintune.frameworks.own_options import config_of, config_value, table_of
from lintune.frameworks.trainer_settings import add_derived, add_inputs
from lintune.frameworks.trl import config_word
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.values.option import Option, OptionType
from lintune.values.value import Absent, Data, Unknown, Value

NAME = "unsloth"
_SCRIPT = "unsloth-cli.py"
_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_SECTIONS = ("data", "training", "lora", "logging")
_OPTIONS: tuple[tuple[str, OptionType, Data], ...] = (
    ("model_name", "str", "unsloth/llama-3-8b"),
    ("max_seq_length", "int", 2048),
    ("dtype", "str", None),
    ("load_in_4bit", "bool", False),
    ("dataset", "str", "yahma/alpaca-cleaned"),
    ("r", "int", 16),
    ("lora_alpha", "int", 16),
    ("lora_dropout", "float", 0.0),
    ("bias", "str", "none"),
    ("use_gradient_checkpointing", "str", "unsloth"),
    ("use_rslora", "bool", False),
    ("use_dora", "bool", False),
    ("per_device_train_batch_size", "int", 2),
    ("per_device_eval_batch_size", "int", 4),
    ("gradient_accumulation_steps", "int", 4),
    ("warmup_steps", "int", 5),
    ("max_steps", "int", 400),
    ("learning_rate", "float", 2e-4),
    ("optim", "str", "adamw_8bit"),
    ("weight_decay", "float", 0.01),
    ("lr_scheduler_type", "str", "linear"),
    ("seed", "int", 3407),
    ("packing", "bool", False),
    ("logging_steps", "int", 1),
    ("output_dir", "str", "outputs"),
)
"""Of unsloth-cli.py at unslothai/unsloth@015bdef: those that say how it trains; there are more."""
_SETTINGS = (
    ("model.id", "model_name"),
    ("seq.max_len", "max_seq_length"),
    ("data.train", "dataset"),
    ("adapter.rank", "r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "bias"),
    ("batch.packing", "packing"),
)
_TRAIN = (
    ("model.id", "model"),
    ("seq.max_len", "training.max_seq_length"),
    ("data.train", "data.dataset"),
    ("adapter.rank", "lora.lora_r"),
    ("adapter.alpha", "lora.lora_alpha"),
    ("adapter.dropout", "lora.lora_dropout"),
    ("batch.micro", "training.batch_size"),
    ("batch.accum", "training.gradient_accumulation_steps"),
    ("batch.packing", "training.packing"),
    ("optim.lr", "training.learning_rate"),
    ("optim.weight_decay", "training.weight_decay"),
    ("sched.warmup_steps", "training.warmup_steps"),
    ("run.epochs", "training.num_epochs"),
    ("run.max_steps", "training.max_steps"),
    ("run.save_steps", "training.save_steps"),
    ("run.output_dir", "training.output_dir"),
    ("run.seed", "training.random_seed"),
)


def is_script(entry: str) -> bool:
    """Whether a script is `unsloth-cli.py`."""
    return basename(entry) == _SCRIPT


def read_script(reading: Reading) -> Parsed:
    """The flags of `unsloth-cli.py`, by the script at hand or what is known of it."""
    if reading.script is not None and reading.script.kind == "argparse":
        return parse_command_line(reading.launch.args, option_table(reading.script, reading.versions))
    table = OptionTable("argparse", unread="the other options of unsloth-cli.py are not known", where=_SCRIPT)
    for name, kind, default in _OPTIONS:
        nargs = "none" if kind == "bool" else "one"
        option = Option(name, kind, default, has_default=default is not None, nargs=nargs, origin=_SCRIPT)  # type: ignore[arg-type]
        table.options[name] = TableOption(option)
    fill_spellings(table)
    return parse_command_line(reading.launch.args, table)


def fill_script(run: Run, reading: Reading) -> None:
    """The common vocabulary of `unsloth-cli.py`; the settings of the Trainer have its names."""
    add_inputs(run, _SETTINGS)
    run.values["adapter.kind"] = fact("lora", f"{_SCRIPT} always calls get_peft_model")
    run.values["adapter.targets"] = fact(_TARGETS, f"{_SCRIPT} names them")
    checkpoint = run.get("flag.use_gradient_checkpointing")
    run.values["mem.ckpt"] = derived(text(checkpoint) not in ("", "False", "false"), "`use_gradient_checkpointing`", checkpoint)
    _add_precision(run, run.get("flag.dtype"))
    _add_quantisation(run, run.get("flag.load_in_4bit"))
    _add_tuning(run)


def read_train(reading: Reading) -> Parsed:
    """The options of `unsloth train`: sections of the file, with flags of the same names over them."""
    word = config_word(reading.launch.args)
    root = config_of(reading, word)
    table = table_of(reading, ["unsloth.train"])
    values: dict[str, Value] = {name: table.default(name) for name in table.options}
    if root is not None:
        values |= flat_values(root, "config")
    elif word is not None:
        values = dict.fromkeys(table.options, Unknown(f"`{word.text}` was not read", settle=f"the file `{word.text}`"))
    for name, value in flags(reading.launch.args).items():
        for dotted in (name, *(f"{section}.{name}" for section in _SECTIONS)):
            if dotted in table.options:
                values[dotted] = value
    return Parsed(values=values)


def fill_train(run: Run, reading: Reading) -> None:
    """The common vocabulary of `unsloth train`."""
    add_inputs(run, _TRAIN)
    kind = run.get("flag.training.training_type")
    name = text(kind)
    run.values["adapter.kind"] = (
        along("none" if name == "full" else name, kind.origin) if name else blocked((kind,), "the method is not known")
    )
    run.values["adapter.targets"] = run.get("flag.lora.target_modules")
    checkpoint = run.get("flag.training.gradient_checkpointing")
    run.values["mem.ckpt"] = derived(text(checkpoint) != "none", "`gradient_checkpointing`", checkpoint)
    _add_precision(run, Absent())
    if name != "full":  # full tuning loads 16 bits, whatever the switch says
        _add_quantisation(run, run.get("flag.training.load_in_4bit"))
    _add_tuning(run)
    add_derived(run)
    file = config_value(config_word(reading.launch.args))
    if file is not None:
        add_files(run, reading, (NamedFile("config", file),))


def _add_precision(run: Run, dtype: Value) -> None:
    """Unsloth computes in what the card prefers unless a type is asked for."""
    asked = {"bfloat16": "bf16", "float16": "fp16"}.get(text(dtype) or "")
    chosen: Value = along(asked, dtype.origin) if asked else Unknown("Unsloth chooses the type by the card", dtype.origin)
    run.values["precision.compute"] = run.values["precision.weights"] = chosen
    run.values["mem.unsloth"] = fact(True, "Unsloth")


def _add_quantisation(run: Run, switch: Value) -> None:
    on = truth(switch)
    if on is None:
        run.values["model.quant.method"] = blocked((switch,), "whether the model is quantised is not known")
        return
    run.values["model.quant.method"] = derived("bnb" if on else "none", "`load_in_4bit`", switch)
    if on:
        run.values["model.quant.bits"] = derived(4, "`load_in_4bit`", switch)
        run.values["model.quant.type"] = derived("nf4", "`load_in_4bit`", switch)


def _add_tuning(run: Run) -> None:
    add_whole_model(run, Method(run.values["adapter.kind"], run.values["adapter.targets"]), "Unsloth get_peft_model")
