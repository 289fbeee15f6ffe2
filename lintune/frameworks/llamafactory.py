"""LLaMA-Factory: `llamafactory-cli train x.yaml key=value`, `src/train.py` with flags or a YAML file, or the YAML file alone.

A YAML file goes through OmegaConf and `HfArgumentParser.parse_dict` without the command line's conversions; `key=value`
words lie over it (hparams/parser.py `read_args`). Unknown keys are refused.
"""

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.option_table import OptionTable
from lintune.frameworks.overrides import assignments, config_words
from lintune.frameworks.own_options import add_checkout, config_of, config_value, read_config, table_of
from lintune.frameworks.shipped_deepspeed import add_shipped_file
from lintune.frameworks.trainer_settings import written
from lintune.run.known import number, text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Unknown, Value

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
_V1 = frozenset(("model_class", "dist_config", "train_dataset", "kernel_config", "peft_config", "batching_strategy"))
"""Keys of the v1 engine, whose options are others."""
_KEYS = frozenset(("finetuning_type", "stage", "template", "cutoff_len", "lora_target", "lora_rank", "dataset", "quantization_bit"))
_PATCHES = (("qwen2_vl", 28), ("qwen2_5_vl", 28), ("qwen2_omni", 28), ("qwen2_5_omni", 28), ("qwen3_vl", 32))
"""By the beginning of the template's name: the side of the square of pixels that becomes a token."""
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
    files = config_words(words[:1])
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


def _limit(table: OptionTable, root: Mapping) -> None:
    """Other backends read further keys, so that none is certainly unknown."""
    keys = {str(entry.key.value) for entry in root.entries}
    if keys & _V1:
        table.unread = "the options of the v1 engine are not known"
    elif keys & _BACKENDS:
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
    _add_modes(run)
    _add_adapter(run)
    _add_checkpointing(run)
    _add_media(run)
    add_shipped_file(run)
    files = config_words(reading.launch.args[:1])
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
    kind = run.get("flag.finetuning_type")
    match text(kind):
        case "full":
            llm: Value = along("full", kind.origin)
        case "lora" | "oft" as adapter:
            llm = along("lora" if adapter == "lora" else "oft", kind.origin)
        case "freeze":
            layers = run.get("flag.freeze_trainable_layers")
            count = number(layers)
            llm = derived(f"topk:{int(count)}", "freeze tuning", kind, layers) if count is not None else blocked((layers,), "which layers")
        case _:
            llm = blocked((kind,), "the finetuning type is not known")
    run.values["tune.llm.mode"] = llm
    for part, flag in (("vision", "freeze_vision_tower"), ("projector", "freeze_multi_modal_projector")):
        frozen = run.get(f"flag.{flag}")
        still = truth(frozen)
        if isinstance(frozen, Absent) or still is None:
            run.values[f"tune.{part}.mode"] = blocked((frozen,), f"whether the {part} part is frozen is not known")
        elif still:
            run.values[f"tune.{part}.mode"] = derived("frozen", f"`{flag}` is on", frozen)
        else:
            run.values[f"tune.{part}.mode"] = llm


def _add_media(run: Run) -> None:
    """The largest image in pixels and tokens: a side length (`image_resolution`) before 0.9.2, pixels since."""
    pixels, side = run.get("flag.image_max_pixels"), run.get("flag.image_resolution")
    length = number(side)
    if length is not None and (written(side) or number(pixels) is None):
        run.values["media.max_pixels"] = derived(int(length * length), "the square of `image_resolution`", side)
    patch = next((size for start, size in _PATCHES if (text(run.get("flag.template")) or "").startswith(start)), None)
    most = number(run.get("media.max_pixels"))
    if patch is not None and most is not None:
        tokens = int(most) // (patch * patch)
        run.values["derived.images_tokens"] = derived(tokens, f"a token per {patch} x {patch} pixels", run.get("media.max_pixels"))


def _add_checkpointing(run: Run) -> None:
    off = run.get("flag.disable_gradient_checkpointing")
    switched = truth(off)
    if switched is None or isinstance(off, Absent):
        run.values["mem.ckpt"] = blocked((off,), "whether checkpointing is on is not known")
    else:
        run.values["mem.ckpt"] = derived(not switched, "on unless `disable_gradient_checkpointing`", off)
