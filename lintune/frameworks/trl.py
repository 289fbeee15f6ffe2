"""TRL: `trl sft --config x.yaml`, scripts with `TrlParser` and a YAML file, and such YAML files alone.

`TrlParser` makes the YAML's keys the defaults of its dataclasses, so that flags win and texts are converted as on the command
line (trl scripts/utils.py `set_defaults_with_config`). Unknown keys are refused, an `env:` mapping is exported.
"""

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.own_options import config_of, read_flags, table_of
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.launch.word import Word
from lintune.run.known import text, truth
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.syntax.tree import Mapping
from lintune.values.option import Option
from lintune.values.value import Absent, Known, Step, Unknown

NAME = "trl"
_METHODS = {
    "sft": "SFT",
    "dpo": "DPO",
    "grpo": "GRPO",
    "kto": "KTO",
    "orpo": "ORPO",
    "rloo": "RLOO",
    "reward": "Reward",
}
_TRAINER_KEYS = frozenset(
    (
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "num_train_epochs",
        "max_steps",
        "learning_rate",
        "lr_scheduler_type",
        "gradient_checkpointing",
        "bf16",
    )
)
_SETTINGS = (
    ("model.attn", "attn_implementation"),
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.targets", "lora_target_modules"),
    ("adapter.modules_to_save", "lora_modules_to_save"),
    ("batch.packing", "packing"),
    ("rl.beta", "beta"),
    ("rl.num_generations", "num_generations"),
    ("rl.steps_per_generation", "steps_per_generation"),
    ("rl.gen_batch", "generation_batch_size"),
    ("rl.vllm_mode", "vllm_mode"),
)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is a configuration of a TRL (or other HfArgumentParser) training script."""
    keys = {entry.key.value for entry in root.entries}
    model = bool(keys & {"model_name_or_path", "model_id"})
    return model and len(keys & _TRAINER_KEYS) >= 2 and not keys & {"finetuning_type", "base_model"}


def config_word(words: tuple[Word, ...]) -> Word | None:
    """The word after `--config`, or in `--config=`."""
    from lintune.launch.word import word_tail

    for at, word in enumerate(words):
        if word.text == "--config" and at + 1 < len(words):
            return words[at + 1]
        if word.text.startswith("--config="):
            return word_tail(word, len("--config="))
    return None


def names_config(reading: Reading) -> bool:
    """Whether a script that is not at hand is given a YAML file of trainer settings by `--config`."""
    word = config_word(reading.launch.args)
    if word is None or not word.text.endswith((".yaml", ".yml")):
        return False
    root = config_of(reading, word)
    return root is not None and is_config(root)


def read(reading: Reading) -> Parsed:
    """The options of a launch of the `trl` command, of a script that is not at hand, or of a YAML file alone."""
    method = _METHODS.get(reading.launch.subcommand, "")
    own = reading.launch.entry is None and reading.config is None and bool(method)
    classes = [f"trl.{method}Config", "trl.ModelConfig", "trl.ScriptArguments"] if method else ["transformers.TrainingArguments"]
    table = table_of(reading, classes, "" if own else "the script's own options are not known")
    table.kind = "trl"
    if own:
        from lintune.frameworks.option_table import TableOption, fill_spellings

        table.options["config"] = TableOption(Option("config", origin="trl TrlParser"))  # some releases list it as a script option too
        table.options["env"] = TableOption(Option("env", "dict", origin="trl TrlParser"))
        table.unread = table.unread or "the `trl` command has options of its own"
        table.spellings = {}
        fill_spellings(table)
    word = config_word(reading.launch.args)
    root = config_of(reading, word)
    parsed = read_flags(reading, reading.launch.args, table, root, "trl")
    if root is None and word is not None:
        why = Unknown(f"`{word.text}` was not read", settle=f"the file `{word.text}`")
        written = {name: value for name, value in parsed.values.items() if value.origin and value.origin[0].kind == "flag"}
        parsed.values = {**dict.fromkeys(table.options, why), **written}
    if not own:
        from lintune.frameworks.doubted_defaults import doubt_defaults

        parsed.values = doubt_defaults(parsed.values, reading.entry or "the entry script")
    parsed.items = {name: found for name, found in parsed.items.items() if name != "raw.required"}
    return parsed


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    from lintune.frameworks.hf_trainer import fill as fill_common

    fill_common(run, reading)
    if reading.entry:
        run.unread["flag"] = Unknown(f"the options of `{reading.entry}` are not known", settle=f"the file `{reading.entry}`")
    elif reading.launch.entry is not None or reading.config is not None:
        run.unread["flag"] = Unknown("which script reads these settings is not known", settle="the launch that starts it")
    else:
        run.values["task.stage"] = Known(reading.launch.subcommand)
        run.values["script.program"] = Known(f"trl.{_METHODS.get(reading.launch.subcommand, '')}Config")
    for name, flag in _SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    add_quantisation(run)
    peft = run.get("flag.use_peft")
    if truth(peft) is True:
        run.values["adapter.kind"] = along("lora", peft.origin)
    elif isinstance(peft, Known | Absent):
        run.values["adapter.kind"] = derived("none", "`use_peft` is off", peft)
    else:
        run.values["adapter.kind"] = peft
    method = Method(run.values["adapter.kind"], run.get("adapter.targets"), run.get("adapter.modules_to_save"))
    add_whole_model(run, method, "trl get_peft_config")
    add_environment_map(run, "env", reading)
    word = config_word(reading.launch.args)
    joined = next((each for each in reading.launch.args if each.text.startswith("--config=")), None)
    if joined is not None:
        run.values["launch.config_joined"] = Known(joined.text, (Step("flag", joined.site),))
    if word is not None and text(run.get("flag.config")) is not None:
        add_files(run, reading, (NamedFile("config", run.get("flag.config")),))


def add_quantisation(run: Run) -> None:
    """`model.quant.*` from `load_in_4bit` and `load_in_8bit`."""
    for bits, flag in ((4, "load_in_4bit"), (8, "load_in_8bit")):
        value = run.get(f"flag.{flag}")
        if truth(value) is True:
            run.values["model.quant.bits"] = along(bits, value.origin)
            run.values["model.quant.method"] = along("bnb", value.origin)
        elif isinstance(value, Unknown):
            run.values.setdefault("model.quant.bits", value)


def add_environment_map(run: Run, key: str, reading: Reading) -> None:
    """The variables that a mapping of the config file exports, unless the launch sets them."""
    found = run.get(f"flag.{key}")
    if isinstance(found, Known) and hasattr(found.value, "keys"):
        for name, value in run.values.copy().items():
            if name.startswith(f"flag.{key}.") and name.count(".") == 2:
                run.values.setdefault(f"env.{name.rpartition('.')[2]}", value)
