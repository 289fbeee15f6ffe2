"""LLaMA-Factory: `llamafactory-cli train x.yaml key=value`, `src/train.py` with flags or a YAML file, or the YAML file alone.

A YAML file goes through OmegaConf and `HfArgumentParser.parse_dict` without the command line's conversions; `key=value`
words lie over it (hparams/parser.py `read_args`). Unknown keys are refused.
"""

from collections.abc import Sequence

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.context import Reading
from lintune.frameworks.dataset_registry import add_datasets
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.image_tokens import add_image_tokens
from lintune.frameworks.inventory import PARTS, Part
from lintune.frameworks.model_counts import add_counts
from lintune.frameworks.option_table import OptionTable
from lintune.frameworks.overrides import assignments
from lintune.frameworks.own_options import add_checkout, config_of, config_value, read_config, table_of
from lintune.frameworks.shipped_deepspeed import add_shipped_file
from lintune.frameworks.trainer_settings import written
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.launch.word import Word
from lintune.run.known import data, number, text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Step, Unknown, Value

NAME = "llamafactory"
_CLASSES = (
    "transformers.Seq2SeqTrainingArguments",
    "llamafactory.TrainingArguments",
    "llamafactory.ModelArguments",
    "llamafactory.DataArguments",
    "llamafactory.FinetuningArguments",
    "llamafactory.GeneratingArguments",
)
_BACKENDS = frozenset(("tensor_model_parallel_size", "pipeline_model_parallel_size", "expert_model_parallel_size", "context_parallel_size"))
_KEYS = frozenset(("finetuning_type", "stage", "template", "cutoff_len", "lora_target", "lora_rank", "dataset", "quantization_bit"))
_SETTINGS = (
    ("model.id", "model_name_or_path"),
    ("model.template", "template"),
    ("model.attn", "flash_attn"),
    ("model.quant.bits", "quantization_bit"),
    ("adapter.rank", "lora_rank"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.targets", "lora_target"),
    ("adapter.modules_to_save", "additional_target"),
    ("adapter.resume", "adapter_name_or_path"),
    ("seq.max_len", "cutoff_len"),
    ("batch.packing", "packing"),
    ("data.train", "dataset"),
    ("data.eval", "eval_dataset"),
    ("data.eval_fraction", "val_size"),
    ("data.streaming", "streaming"),
    ("task.stage", "stage"),
    ("media.max_pixels", "image_max_pixels"),
    ("mem.unsloth", "use_unsloth"),
    ("mem.liger", "enable_liger_kernel"),
    ("optim.lora_b_ratio", "loraplus_lr_ratio"),
    ("precision.pure", "pure_bf16"),
    ("rl.beta", "pref_beta"),
    ("rl.ref_model", "ref_model"),
)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is a LLaMA-Factory training configuration."""
    keys = {entry.key.value for entry in root.entries}
    trains = root.get("do_train") is not None or "output_dir" in keys
    return "model_name_or_path" in keys and trains and len(keys & _KEYS) >= 2 and ("finetuning_type" in keys or "stage" in keys)


def read(reading: Reading) -> Parsed:
    """The options of a launch."""
    words = reading.launch.args
    files = _config_file(words)
    table = table_of(reading, _CLASSES)
    add_checkout(table, reading, "src/llamafactory/hparams")
    if reading.config is None and not files:
        return _without_required(parse_command_line(words, table))
    word = files[0] if files else None
    root = config_of(reading, word)
    if root is not None:
        _limit(table, root)
    parsed = read_config(reading, word, table, "llamafactory", assignments(words[1:]))
    return _without_required(parsed)


def _config_file(words: Sequence[Word]) -> list[Word]:
    """The file with the settings: the first word, where it names a YAML or JSON file."""
    return [word for word in words[:1] if word.text.endswith((".yaml", ".yml", ".json")) and not word.text.startswith("-")]


def _limit(table: OptionTable, root: Mapping) -> None:
    """Other backends read further keys, so that none is certainly unknown."""
    keys = {str(entry.key.value) for entry in root.entries}
    if keys & _BACKENDS:
        table.unread = "the options of the Megatron backends are not known"


def _without_required(parsed: Parsed) -> Parsed:
    parsed.items = {name: found for name, found in parsed.items.items() if name != "raw.required"}
    return parsed


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    from lintune.frameworks.hf_trainer import fill as fill_common

    fill_common(run, reading)
    for name, flag in _SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    _add_adapter(run)
    _add_modes(run)
    _add_checkpointing(run)
    _add_media(run)
    add_shipped_file(run)
    add_datasets(run, reading)
    words = reading.launch.args
    if words and words[0].text.endswith(".json"):
        run.values["launch.json_config"] = Known(words[0].text, (Step("flag", words[0].site),))
    files = _config_file(words)
    value = config_value(files[0]) if files else None
    if value is not None:
        add_files(run, reading, (NamedFile("config", value),))


def _add_adapter(run: Run) -> None:
    kind = run.get("flag.finetuning_type")
    name = text(kind)
    run.values["adapter.kind"] = along(name if name in ("lora", "oft") else "none", kind.origin) if name else kind
    alpha, rank = run.get("flag.lora_alpha"), run.get("flag.lora_rank")
    if isinstance(alpha, Absent):
        size = number(rank)
        run.values["adapter.alpha"] = derived(int(size * 2), "twice the rank", rank) if size is not None else rank
    bits = run.get("flag.quantization_bit")
    if isinstance(bits, Known):
        method = run.get("flag.quantization_method")
        run.values["model.quant.method"] = method if not isinstance(method, Absent) else along("bnb", bits.origin)
    elif isinstance(bits, Unknown):
        run.values["model.quant.method"] = bits


def _add_modes(run: Run) -> None:
    """The trained set (model/adapter.py): switches keep the tower and the projector out, `all` never reaches a projector."""
    kind = run.get("flag.finetuning_type")
    frozen: dict[Part, Value] = {"vision": run.get("flag.freeze_vision_tower"), "projector": run.get("flag.freeze_multi_modal_projector")}
    language = run.get("flag.freeze_language_model")
    if not isinstance(language, Absent):
        frozen |= dict.fromkeys(("llm", "embed", "lm_head"), language)
    match text(kind):
        case "full":
            chosen: Value = along("none", kind.origin)
        case "freeze":
            _add_layers(run, kind, frozen)
            return
        case "lora" | "oft":
            chosen = kind
        case _:
            chosen = blocked((kind,), "the finetuning type is not known")
    targets = run.get("flag.oft_target" if text(kind) == "oft" else "flag.lora_target")
    if text(kind) == "lora" and data(targets) in ("all", ("all",)):
        frozen["projector"] = derived(True, "`lora_target: all` leaves the projector out", targets)
    add_whole_model(run, Method(chosen, targets, run.get("flag.additional_target"), frozen), "LLaMA-Factory model/adapter.py")


def _add_layers(run: Run, kind: Value, frozen: dict[Part, Value]) -> None:
    """Freeze tuning: the last layers, or the first where the number is negative, and modules beside them by name."""
    layers, extra = run.get("flag.freeze_trainable_layers"), run.get("flag.freeze_extra_modules")
    add_whole_model(run, Method(along("none", kind.origin), frozen=frozen), "LLaMA-Factory model/adapter.py")
    count = whole(layers)
    named = data(extra)
    words = named if isinstance(named, str) else ""
    for part, word in (("embed", "embed"), ("lm_head", "head")):
        said = derived("full" if word in words else "frozen", "freeze tuning", kind, extra)
        run.values[f"tune.{part}.mode"] = extra if isinstance(extra, Unknown) else said
    if count is None:
        run.values["tune.llm.mode"] = blocked((layers,), "which layers are trained is not known")
    else:
        share = f"topk:{count}" if count > 0 else f"first:{-count}" if count < 0 else "frozen"
        run.values["tune.llm.mode"] = derived(share, "freeze tuning", kind, layers)
    trained = [part for part in PARTS if isinstance(mode := run.get(f"tune.{part}.mode"), Known) and mode.value != "frozen"]
    if not any(isinstance(run.get(f"tune.{part}.mode"), Unknown) for part in PARTS):
        run.values["derived.trainable_parts"] = derived(tuple(trained), "parts that are not frozen", kind, layers, extra)
    add_counts(run, text(run.get("model.id")), lambda model: None)


def _add_media(run: Run) -> None:
    """The largest image in pixels and tokens: a side length (`image_resolution`) before 0.9.2, pixels since."""
    pixels, side = run.get("flag.image_max_pixels"), run.get("flag.image_resolution")
    length = number(side)
    if length is not None and (written(side) or number(pixels) is None):
        run.values["media.max_pixels"] = derived(int(length * length), "the square of `image_resolution`", side)
    add_image_tokens(run, text(run.get("flag.template")))


def _add_checkpointing(run: Run) -> None:
    off = run.get("flag.disable_gradient_checkpointing")
    switched = truth(off)
    if switched is None or isinstance(off, Absent):
        run.values["mem.ckpt"] = blocked((off,), "whether checkpointing is on is not known")
    else:
        run.values["mem.ckpt"] = derived(not switched, "on unless `disable_gradient_checkpointing`", off)
