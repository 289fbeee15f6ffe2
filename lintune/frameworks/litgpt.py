"""litgpt: `litgpt finetune_lora checkpoint_dir --config x.yaml --train.micro_batch_size 4`, read by jsonargparse.

Options are the parameters of the command's `setup` function and, with dots, the fields of `train`, `eval` and `log`.
jsonargparse abbreviates nothing; options over the file, in the order of the command line.
"""

import re
from collections.abc import Sequence

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.config_files import flat_values
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.flag_items import FlagItems, Given
from lintune.frameworks.option_table import OptionTable, Spelling
from lintune.frameworks.override_words import doubted, variable_steps
from lintune.frameworks.own_options import config_of, config_value, table_of
from lintune.frameworks.trainer_settings import add_derived
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.launch.word import Word, word_tail
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.source.record import dataclass, field
from lintune.surfaces.surface import load_surface
from lintune.syntax.tree import Mapping
from lintune.values.config_readers import convert_loaded
from lintune.values.conversion import Refusal
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value

NAME = "litgpt"
_SETTINGS = (
    ("model.id", "checkpoint_dir"),
    ("batch.micro", "train.micro_batch_size"),
    ("seq.max_len", "train.max_seq_length"),
    ("run.epochs", "train.epochs"),
    ("run.max_steps", "train.max_steps"),
    ("run.output_dir", "out_dir"),
    ("run.seed", "seed"),
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
)
_PRECISIONS = {"bf16-true": "bf16", "bf16-mixed": "bf16", "16-true": "fp16", "16-mixed": "fp16", "32-true": "fp32"}
_OWN = frozenset(("config", "print_config", "help", "checkpoint_dir"))
_CLASSES = ("data", "optimizer")
"""Options whose inner keys are those of a class that the user names."""


@dataclass(slots=True)
class _Words:
    """What a command line gives."""

    table: OptionTable
    items: FlagItems
    config: Word | None = None
    uses: dict[str, list[tuple[Given, Value]]] = field(default_factory=dict)
    open_ended: bool = False


def read(reading: Reading) -> Parsed:
    """The options of a launch with their defaults."""
    table, words = _table(reading)
    found = _read_words(words, table)
    root = config_of(reading, found.config)
    values: dict[str, Value] = {}
    if root is not None:
        values = {name: _below(name, value, table) for name, value in flat_values(root, "config").items()}
    if found.open_ended:
        values = {name: doubted(value) for name, value in values.items()}
    values.update({name: uses[-1][1] for name, uses in found.uses.items()})
    unread = found.open_ended or (found.config is not None and root is None)
    for name in table.options:
        if name not in values:
            values[name] = Unknown("the config file or a part of the command was not read") if unread else table.default(name)
    for name, uses in found.uses.items():
        if len(uses) > 1 and not name.startswith(_CLASSES):
            found.items.duplicate(name, uses)
    return Parsed(values=values, items=found.items.done(), open_ended=unread)


def _table(reading: Reading) -> tuple[OptionTable, Sequence[Word]]:
    """The options of the command and its words; `litgpt finetune` is LoRA since 0.4, and had a word for the method before."""
    command = reading.launch.subcommand or ""
    first = reading.launch.args[0].text if reading.launch.args else ""
    legacy = command == "finetune" and first in ("lora", "full", "adapter", "adapter_v2")
    name = "finetune_lora" if command == "finetune" and not legacy else f"finetune_{first}" if legacy else command
    table = table_of(reading, [f"litgpt.{name}"])
    if legacy or load_surface("litgpt", name) is None:
        table.unread = "the options of this command are not known"
    return table, reading.launch.args[1 if legacy else 0 :]


def _read_words(words: Sequence[Word], table: OptionTable) -> _Words:
    found = _Words(table, FlagItems(table))
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.many or (not word.known and "=" not in word.text):
            found.open_ended = True
            continue
        if not word.text.startswith("--") or len(word.text) == 2:
            if "checkpoint_dir" not in found.uses and not word.text.startswith("-"):
                _keep(found, "checkpoint_dir", Given(word, "checkpoint_dir", True, Spelling("checkpoint_dir")), word, ())
            continue
        head, equals, _ = word.text.partition("=")
        value, rest = (word_tail(word, len(head) + 1), ()) if equals else (None, words[at : at + 1])
        if not equals and rest and not rest[0].text.startswith("--"):
            value = rest[0]
            at += 1
        _read_option(found, Given(word, head, bool(equals), Spelling(head[2:])), value, rest if value is not None else ())
    return found


def _read_option(found: _Words, given: Given, value: Word | None, rest: Sequence[Word]) -> None:
    name = given.flag[2:].removesuffix("+")
    if name == "config":
        found.config = value
        return
    option = found.table.options.get(name)
    inner = name.partition(".")[0] in _CLASSES or name.endswith(".help")
    if option is None and name not in _OWN and not inner:
        if found.table.complete:
            found.items.unknown(given.word, given.flag, [value] if value is not None else [])
        return
    if option is not None and option.presence != "all":
        found.items.windowed(given, option)
    if value is not None:
        _keep(found, name, given, value, rest)
    elif option is not None:
        found.items.missing(given, option.option)


def _keep(found: _Words, name: str, given: Given, value: Word, rest: Sequence[Word]) -> None:
    origin = (Step("flag", given.site(rest)), *variable_steps(value))
    read: Value = Unknown(value.reason, origin)
    if value.known:
        data = _converted(found, name, given, value, rest)
        read = Absent(origin) if data is None else Known(data, origin)
    found.uses.setdefault(name, []).append((given, read))


def _converted(found: _Words, name: str, given: Given, value: Word, rest: Sequence[Word]) -> Data:
    """A word as its option's type has it; `null` is the absent value of an optional parameter."""
    if value.text in ("null", "None"):
        return None
    row = found.table.options.get(name)
    if row is None or row.option.type not in ("int", "float", "bool", "optional-bool"):
        return value.text
    data = convert_loaded(value.text, "jsonargparse", row.option)
    if isinstance(data, Refusal):
        if row.presence == "all" and len({option.type for _, option in row.variants}) <= 1:
            found.items.refused(given, rest, value.text, data)
        return value.text
    return data


def _below(name: str, value: Value, table: OptionTable) -> Value:
    """A value of the file as its option's type has it."""
    row = table.options.get(name)
    if row is None or not isinstance(value, Known) or not isinstance(value.value, (str, int, float)):
        return value
    data = convert_loaded(value.value, "jsonargparse", row.option)
    return value if isinstance(data, Refusal) else Known(data, value.origin)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is the configuration of one of litgpt's training commands."""
    train = root.get("train")
    inner = {str(entry.key.value) for entry in train.entries} if isinstance(train, Mapping) else set()
    named = root.get("checkpoint_dir") is not None or root.get("model_name") is not None
    return named and bool(inner & {"global_batch_size", "lr_warmup_steps", "lr_warmup_fraction", "max_tokens"})


def command_of(root: Mapping) -> str:
    """The command that a configuration is for, by the options that only it has."""
    keys = {str(entry.key.value) for entry in root.entries}
    if keys & {"model_name", "initial_checkpoint_dir", "tokenizer_dir"}:
        return "pretrain"
    return "finetune_lora" if keys & {"lora_r", "lora_alpha", "lora_query"} else "finetune_full"


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    for name, flag in _SETTINGS:
        value = run.get(f"flag.{flag}")
        if not isinstance(value, Absent):
            run.values[name] = value
    command = reading.launch.subcommand or ""
    if command == "pretrain":
        run.values["model.id"] = run.get("flag.model_name")
    run.values["task.stage"] = derived("pt" if command == "pretrain" else "sft", f"`litgpt {command}`")
    precision = run.get("flag.precision")
    kind = _PRECISIONS.get(text(precision) or "")
    if kind is not None:
        run.values["precision.compute"] = along(kind, precision.origin)
        weights = kind if (text(precision) or "").endswith("-true") else "fp32"
        run.values["precision.weights"] = along(weights, precision.origin)
    _add_processes(run)
    _add_optimizer(run)
    _add_quantisation(run)
    _add_tuning(run, command)
    named = config_value(_read_words(reading.launch.args, OptionTable(unread="read before")).config)
    if named is not None and not (text(named) or "").startswith(("http://", "https://")):
        add_files(run, reading, (NamedFile("config", named),))


def _add_processes(run: Run) -> None:
    """`devices` x `num_nodes`, and the micro batches between two steps (litgpt/args.py `gradient_accumulation_iters`)."""
    devices, nodes = run.get("flag.devices"), run.get("flag.num_nodes")
    each, machines = whole(devices), 1 if isinstance(nodes, Absent) else whole(nodes)
    if each is None or machines is None:
        run.values["derived.world_size"] = blocked((devices, nodes), "`devices` follows the machine")
    else:
        run.values["derived.world_size"] = derived(each * machines, "`devices` x `num_nodes`", devices, nodes)
        run.values["par.fsdp.on"] = derived(each * machines > 1, "more than one device", devices, nodes)
    declared, micro, world = run.get("flag.train.global_batch_size"), run.get("batch.micro"), run.get("derived.world_size")
    run.values["batch.global_declared"] = declared
    size, part, count = whole(declared), whole(micro), whole(world)
    if size is None or not part or not count:
        run.values["batch.accum"] = blocked((declared, micro, world), "the number of micro batches is not known")
    else:
        note = "global_batch_size // processes // micro_batch_size"
        run.values["batch.accum"] = derived(size // count // part, note, declared, world, micro)


def _add_optimizer(run: Run) -> None:
    """The optimizer is a class with its arguments, or its name; fine-tuning always decays along a cosine."""
    for name, inner in (("optim.lr", "lr"), ("optim.weight_decay", "weight_decay")):
        value = run.get(f"flag.optimizer.init_args.{inner}")
        run.values[name] = run.get(f"flag.optimizer.{inner}") if isinstance(value, Absent) else value
    dotted = run.get("flag.optimizer.class_path")
    dotted = run.get("flag.optimizer") if isinstance(dotted, Absent) else dotted
    name = (text(dotted) or "").rpartition(".")[2]
    run.values["optim.name"] = along("adamw_torch" if name == "AdamW" else name, dotted.origin) if name else dotted
    run.values["sched.type"] = derived("cosine", "litgpt warms up and decays along a cosine")
    run.values["sched.warmup_steps"] = run.get("flag.train.lr_warmup_steps")
    add_derived(run)


def _add_quantisation(run: Run) -> None:
    quantize = run.get("flag.quantize")
    found = re.match(r"bnb\.(nf4|fp4|int8)(-dq)?", text(quantize) or "")
    if isinstance(quantize, Unknown):
        run.values["model.quant.method"] = quantize
    elif found:
        run.values["model.quant.method"] = along("bnb", quantize.origin)
        run.values["model.quant.bits"] = along(8 if found[1] == "int8" else 4, quantize.origin)
        run.values["model.quant.type"] = along(found[1], quantize.origin) if found[1] != "int8" else Absent()
        run.values["model.quant.double"] = along(bool(found[2]), quantize.origin)


def _add_tuning(run: Run, command: str) -> None:
    """LoRA goes where its switches say (litgpt/lora.py); the other commands train everything, or adapters of their own."""
    if "adapter" in command:
        run.values["adapter.kind"] = derived("adapter", f"`litgpt {command}`")
    elif "lora" not in command and command != "finetune":
        run.values["adapter.kind"] = derived("none", f"`litgpt {command}`")
    else:
        run.values["adapter.kind"] = derived("lora", f"`litgpt {command}`")
        switches = {name: run.get(f"flag.lora_{name}") for name in ("query", "key", "value", "projection", "mlp", "head")}
        if any(truth(value) is None for value in switches.values()):
            run.values["adapter.targets"] = blocked(switches.values(), "the switches of LoRA are not known")
        else:
            on = tuple(name for name, value in switches.items() if truth(value))
            run.values["adapter.targets"] = derived(on, "`lora_query` and its like", *switches.values())
    add_whole_model(run, Method(run.get("adapter.kind"), run.get("adapter.targets"), text_only=True), f"litgpt {command}")
