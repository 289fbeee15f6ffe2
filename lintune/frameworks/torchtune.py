"""torchtune: `tune run [torchrun options] recipe --config name_or_path key=value ~key`.

The recipe merges the words over the YAML file (torchtune/config/_utils.py `_merge_yaml_and_cli_args`); a recipe reads any
key, so none is unknown. `--` words other than `--config` are refused (config/_parse.py `TuneRecipeArgumentParser`).
"""

import re

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.config_files import flat_values
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.override_words import Override, Overrides, doubted, split_override
from lintune.frameworks.own_options import config_of, config_value
from lintune.launch.word import Word, word_tail
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.syntax.tree import Mapping, Scalar
from lintune.values.value import Absent, Known, Unknown, Value

NAME = "torchtune"
_SETTINGS = (
    ("batch.micro", "batch_size"),
    ("batch.accum", "gradient_accumulation_steps"),
    ("optim.lr", "optimizer.lr"),
    ("optim.weight_decay", "optimizer.weight_decay"),
    ("seq.max_len", "tokenizer.max_seq_len"),
    ("run.epochs", "epochs"),
    ("run.output_dir", "output_dir"),
    ("run.seed", "seed"),
    ("batch.packing", "dataset.packed"),
    ("mem.ckpt", "enable_activation_checkpointing"),
    ("adapter.rank", "model.lora_rank"),
    ("adapter.alpha", "model.lora_alpha"),
    ("adapter.dropout", "model.lora_dropout"),
    ("optim.clip", "clip_grad_norm"),
    ("sched.warmup_steps", "lr_scheduler.num_warmup_steps"),
    ("mem.act_offload", "enable_activation_offloading"),
    ("mem.compile", "compile"),
    ("data.train", "dataset._component_"),
    ("data.eval", "dataset_val._component_"),
    ("run.max_steps", "max_steps_per_epoch"),
    ("run.eval_steps", "run_val_every_n_steps"),
    ("run.logging_steps", "log_every_n_steps"),
)


def read(reading: Reading) -> Parsed:
    """The settings of a launch: what the file says, with the words over it."""
    config, overrides = read_words(reading.launch.args)
    root = config_of(reading, config)
    below = _below(root, "") if root is not None else {}
    values: dict[str, Value] = {name: doubted(value) for name, value in below.items()} if overrides.open_ended else dict(below)
    for override in overrides.given:
        _lay_over(values, override)
    parsed = Parsed(values=values, items=overrides.items)
    parsed.open_ended = root is None or overrides.open_ended
    return parsed


def _below(root: Mapping, prefix: str) -> dict[str, Value]:
    """The keys of the file by dotted name, scalars as OmegaConf loads them: `3e-4` is a number."""
    from lintune.values.config_readers import loaded

    found = flat_values(root, "config", prefix)
    for entry in root.entries:
        name = f"{prefix}{entry.key.value}"
        value = found[name]
        if isinstance(entry.value, Mapping):
            found.update(_below(entry.value, f"{name}."))
        elif isinstance(entry.value, Scalar) and isinstance(value, Known):
            found[name] = Known(loaded(entry.value, "omegaconf"), value.origin)
    return found


def _lay_over(values: dict[str, Value], override: Override) -> None:
    """One word over what is there; a component is replaced by its name, its arguments stay."""
    key = override.key
    if override.operation == "delete":
        for name in [name for name in values if name.startswith(f"{key}.")]:
            del values[name]
    elif f"{key}._component_" in values:
        key = f"{key}._component_"
    values[key] = override.value


def read_words(words: tuple[Word, ...]) -> tuple[Word | None, Overrides]:
    """The word that names the config, and the overrides."""
    found = Overrides()
    config: Word | None = None
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        head, equals, _ = word.text.partition("=")
        if len(head) > 2 and "--config".startswith(head):  # argparse takes abbreviations too
            config = word_tail(word, len(head) + 1) if equals else words[at] if at < len(words) else None
            at += not equals
        elif word.many or (not word.known and not equals):
            found.open_ended = True
        elif word.text in ("--", "--help", "-h"):
            continue
        elif word.text.startswith("--"):
            at += "=" not in word.text and at < len(words) and words[at].known and not _is_override(words[at].text)
            name = word.text.lstrip("-").partition("=")[0]
            found.refuse(word, "Additional flag arguments not supported", f"write `{name}=...` without dashes")
        else:
            _read_override(word, found)
    found.add_duplicates()
    return config, found


def _is_override(word: str) -> bool:
    return "=" in word or word.startswith(("-", "~"))


def _read_override(word: Word, found: Overrides) -> None:
    if not word.text.startswith("~") and word.known and word.text.count("=") != 1:
        found.refuse(word, "Command-line overrides must be in the form of key=value", "write `key=value`, with one `=`")
        return
    found.given.append(split_override(word, ("~",)))


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is the configuration of a recipe that trains."""
    model, optimizer = root.get("model") or root.get("policy_model"), root.get("optimizer")
    component = model.get("_component_") if isinstance(model, Mapping) else None
    return optimizer is not None and isinstance(component, Scalar) and str(component.value).startswith("torchtune.")


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary: what torchtune's own configs name alike in every recipe."""
    from lintune.frameworks.torchtune_model import add_tuning

    config, overrides = read_words(reading.launch.args)
    if config_of(reading, config) is None or overrides.open_ended:
        name = config.text if config is not None and config.known else "the config"
        run.unread["flag"] = Unknown(f"`{name}` was not read", settle=f"the file `{name}`")
    for name, flag in _SETTINGS:
        value = run.get(f"flag.{flag}")
        if not isinstance(value, Absent):
            run.values[name] = _followed(run, value)
    kinds = {"bf16": "bf16", "fp32": "fp32"}
    dtype = run.get("flag.dtype")
    kind = kinds.get(text(dtype) or "")
    if kind is not None:
        run.values["precision.compute"] = along(kind, dtype.origin)
        run.values["precision.weights"] = run.values["precision.compute"]
    elif not isinstance(dtype, Absent):
        run.values["precision.compute"] = Unknown("the precision is not known", dtype.origin)
    if reading.launch.launcher == "tune":
        run.values["derived.world_size"] = _processes(run)
    add_tuning(run)
    file = config_value(config)
    if file is not None and (text(file) or "").endswith((".yaml", ".yml")):
        add_files(run, reading, (NamedFile("config", file),))


def _processes(run: Run) -> Value:
    """`tune run` hands its options to torchrun; without any it starts the recipe itself."""
    each, nodes = run.get("launch.option.nproc_per_node"), run.get("launch.option.nnodes")
    count, machines = (1 if isinstance(value, Absent) else whole(value) for value in (each, nodes))
    if count is None or machines is None:
        return blocked((each, nodes), "the number of processes is not known")
    return derived(count * machines, "`nproc_per_node` x `nnodes`", each, nodes)


def _followed(run: Run, value: Value) -> Value:
    """OmegaConf's `${key}` as the value of that key."""
    found = re.fullmatch(r"\$\{([\w.]+)\}", text(value) or "")
    other = run.get(f"flag.{found[1]}") if found else value
    return other if isinstance(other, Known) and text(other) != text(value) else value
