"""ms-swift: `swift sft|pt|rlhf` and `megatron sft|pt|rlhf`, with flags or a YAML or JSON file first, or `swift/cli/*.py` itself.

A config file becomes flags in its place (cli/main.py `parse_yaml_args`), so that later flags win and every text is converted
as on the command line; its `ENV:` mapping is exported unless the variable is set. Leftover flags are refused.
"""

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Reading
from lintune.frameworks.env_processes import swift_processes
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.image_tokens import SIDE_OF_QWEN3, add_image_tokens, side_of
from lintune.frameworks.inventory import PARTS, Part
from lintune.frameworks.own_options import config_of, config_value, read_flags, table_of
from lintune.frameworks.trainer_settings import add_derived
from lintune.frameworks.trl import add_environment_map, add_quantisation
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.launch.word import Word
from lintune.run.known import number, text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.source.record import replace
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Unknown, Value

NAME = "ms-swift"
MEGATRON = "megatron-swift"
_CLASSES = {
    "sft": ("SftArguments", "TrainArguments"),
    "pt": ("PretrainArguments", "PtArguments", "SftArguments", "TrainArguments"),
    "rlhf": ("RLHFArguments",),
}
_MEGATRON_CLASSES = {
    "sft": ("MegatronSftArguments", "MegatronTrainArguments"),
    "pt": ("MegatronPretrainArguments", "MegatronSftArguments", "MegatronTrainArguments"),
    "rlhf": ("MegatronRLHFArguments",),
}
_TUNERS = frozenset(
    ("full", "lora", "lora_llm", "longlora", "adalora", "llamapro", "adapter", "vera", "boft", "fourierft", "reft", "bone", "ia3", "lisa")
)
"""Types of tuning that ms-swift brings along; a plugin may register others."""
_KEYS = frozenset(
    ("tuner_type", "train_type", "sft_type", "freeze_vit", "freeze_aligner", "torch_dtype", "split_dataset_ratio", "rlhf_type")
)
_MEGATRON_KEYS = frozenset(("micro_batch_size", "global_batch_size", "lr", "tensor_model_parallel_size", "no_save_optim", "mcore_model"))
_PRESETS = {"zero0": 0, "zero1": 1, "zero2": 2, "zero3": 3, "zero2_offload": 2, "zero3_offload": 3}
"""Names of ZeRO files that ms-swift brings along (arguments/sft_args.py `_init_deepspeed`)."""
_SETTINGS = (
    ("model.id", "model"),
    ("model.template", "template"),
    ("model.attn", "attn_impl"),
    ("model.load_dtype", "torch_dtype"),
    ("adapter.rank", "lora_rank"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "lora_bias"),
    ("adapter.targets", "target_modules"),
    ("adapter.modules_to_save", "modules_to_save"),
    ("adapter.resume", "adapters"),
    ("seq.max_len", "max_length"),
    ("seq.truncation", "truncation_strategy"),
    ("batch.packing", "packing"),
    ("batch.padding_free", "padding_free"),
    ("data.train", "dataset"),
    ("data.eval", "val_dataset"),
    ("data.eval_fraction", "split_dataset_ratio"),
    ("data.streaming", "streaming"),
    ("task.stage", "rlhf_type"),
    ("rl.beta", "beta"),
    ("rl.num_generations", "num_generations"),
    ("rl.steps_per_generation", "steps_per_generation"),
    ("rl.gen_batch", "generation_batch_size"),
    ("rl.vllm_mode", "vllm_mode"),
    ("rl.ref_model", "ref_model"),
)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is an ms-swift training configuration."""
    keys = {entry.key.value for entry in root.entries}
    return bool(keys & {"model", "model_id_or_path", "model_type"}) and "dataset" in keys and len(keys & _KEYS) >= 1


def is_megatron_config(root: Mapping) -> bool:
    """Whether a YAML mapping is a configuration of `megatron sft` and its like."""
    keys = {entry.key.value for entry in root.entries}
    return bool(keys & {"model", "load", "mcore_model"}) and len(keys & _MEGATRON_KEYS) >= 2


def is_megatron(reading: Reading) -> bool:
    """Whether a launch is one of Megatron-SWIFT."""
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    return reading.launch.launcher == "megatron" or "megatron" in entry


def is_ray(reading: Reading) -> bool:
    """Whether a launch places groups of processes on Ray."""
    root = reading.config
    placed = root is not None and any(root.get(key) is not None for key in ("train", "rollout", "teacher", "colocate_groups"))
    return placed or any(word.text in ("--config", "--use_ray") for word in reading.launch.args)


def method_of(reading: Reading) -> str:
    """sft, pt or rlhf; empty where it is not known."""
    name = reading.launch.subcommand
    if reading.launch.entry is not None:
        name = reading.launch.entry.text.rpartition("/")[2].rpartition(".")[2 if reading.launch.module else 0]
    return name if name in _CLASSES else "rlhf" if reading.config is not None and reading.config.get("rlhf_type") is not None else "sft"


def is_entry(entry: str) -> bool:
    """Whether a script or module is one of ms-swift's own: `swift/cli/sft.py`, `swift.cli.rlhf`."""
    return any(f"swift/cli/{name}.py" in entry or entry.endswith(f"swift.cli.{name}") for name in _CLASSES)


def read(reading: Reading) -> Parsed:
    """The options of a launch."""
    megatron = is_megatron(reading)
    names = (_MEGATRON_CLASSES if megatron else _CLASSES)[method_of(reading)]
    unread = "the options of Ray launches are not known" if is_ray(reading) else ""
    table = table_of(reading, [f"ms-swift.{name}" for name in names], unread)
    words: tuple[Word, ...] = reading.launch.args
    file = _file(words)
    root = config_of(reading, file)
    if file is not None and root is None:
        table.unread = table.unread or "the config file was not read"
    parsed = read_flags(reading, words[1:] if file is not None else words, table, root, "ms-swift")
    if file is not None and root is None:
        why = Unknown(f"`{file.text}` was not read", settle=f"the file `{file.text}`")
        parsed.values = {name: value if value.origin and value.origin[0].kind == "flag" else why for name, value in parsed.values.items()}
    _add_later_options(parsed, reading, [f"ms-swift.{name}" for name in names], root)
    dropped = {"raw.required"}
    if "raw.unknown" in parsed.items:
        parsed.items["raw.unknown"] = tuple(item for item in parsed.items["raw.unknown"] if item.fields["name"] != Known("ENV"))
    if truth(parsed.values.get("ignore_args_error", Absent())):
        dropped.add("raw.unknown")
    parsed.items = {name: items for name, items in parsed.items.items() if name not in dropped and items}
    return parsed


def _add_later_options(parsed: Parsed, reading: Reading, classes: list[str], root: Mapping | None) -> None:
    """Options that came later than others of the launch went, so that few releases take them all."""
    from lintune.frameworks.likely_release import older_release

    pin = older_release(parsed, classes) if "ms-swift" not in reading.versions else None
    if pin is None:
        return
    older = replace(reading, versions={**reading.versions, "ms-swift": pin})
    words = reading.launch.args
    again = read_flags(older, words[1:] if _file(words) is not None else words, table_of(older, classes), root, "ms-swift")
    said = {item.fields["name"] for item in parsed.items.get("raw.windowed", ())}
    later = tuple(item for item in again.items.get("raw.windowed", ()) if item.fields["name"] not in said)
    parsed.items["raw.windowed"] = (*parsed.items.get("raw.windowed", ()), *later)


def _file(words: tuple[Word, ...]) -> Word | None:
    return words[0] if words and words[0].text.endswith((".yaml", ".yml", ".json")) and not words[0].text.startswith("-") else None


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    from lintune.frameworks.hf_trainer import fill as fill_common

    run.values["script.program"] = Known(f"ms-swift.{_CLASSES[method_of(reading)][0]}")
    fill_common(run, reading)
    for name, flag in _SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    _add_deepspeed(run)
    _add_precision(run)
    add_quantisation(run)
    if isinstance(bits := run.get("flag.quant_bits"), Known | Unknown):
        run.values["model.quant.bits"] = bits
        run.values["model.quant.method"] = run.get("flag.quant_method")
    add_environment_map(run, "ENV", reading)
    if reading.launch.launcher == "swift":
        run.values["derived.world_size"] = swift_processes(run)
        add_derived(run)
    add_modes(run, "ms-swift pipelines/train/tuner.py")
    names = (name[4:] for name in run.values if name.startswith("env."))
    run.values["launch.env_set"] = Known(tuple(sorted(names)))
    _add_media(run)
    file = _file(reading.launch.args)
    value = config_value(file)
    if value is not None:
        add_files(run, reading, (NamedFile("config", value),))


def _add_media(run: Run) -> None:
    """The largest image: `IMAGE_MAX_TOKEN_NUM` (Qwen3-VL on), else `MAX_PIXELS` of the environment (model/models/qwen.py)."""
    pixels, tokens = run.get("env.MAX_PIXELS"), run.get("env.IMAGE_MAX_TOKEN_NUM")
    name = text(run.get("model.id")) or text(run.get("flag.model_type"))
    side, most, count = side_of(name or ""), whole(pixels), whole(tokens)
    if side == SIDE_OF_QWEN3 and not isinstance(tokens, Absent):
        if count is not None:
            run.values["media.max_pixels"] = derived(count * side * side, "`IMAGE_MAX_TOKEN_NUM` x pixels of a token", tokens)
    elif side is not None and most is not None:
        run.values["media.max_pixels"] = along(most, pixels.origin)
    add_image_tokens(run, name)


def _add_deepspeed(run: Run) -> None:
    """The presets, which name no file."""
    named = run.get("flag.deepspeed")
    stage = _PRESETS.get(text(named) or "")
    if stage is None:
        return
    run.items["files"] = tuple(item for item in run.items.get("files", ()) if item.fields["role"] != Known("deepspeed"))
    for name in [name for name in run.unread if name == "ds"]:
        del run.unread[name]
    run.unread["ds"] = Unknown("the preset's file is not read", named.origin)
    offload = "cpu" if (text(named) or "").endswith("_offload") else "none"
    for name, value in (("stage", stage), ("offload_opt", offload), ("offload_param", offload if stage == 3 else "none")):
        run.values[f"par.ds.{name}"] = along(value, named.origin)
    for name in ("has_optimizer", "has_scheduler"):
        run.values[f"par.ds.{name}"] = along(False, named.origin)
    run.values["ds.zero_optimization.stage"] = along(stage, named.origin)


def _add_precision(run: Run) -> None:
    """`torch_dtype` decides where `bf16` and `fp16` are not given; float32 turns fp16 on (trainers/arguments.py)."""
    given = truth(run.get("flag.bf16")), truth(run.get("flag.fp16"))
    dtype = run.get("flag.torch_dtype")
    if any(given) or text(dtype) is None:
        return
    compute = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp16"}.get(text(dtype) or "")
    run.values["precision.compute"] = along(compute, dtype.origin) if compute else blocked((dtype,), "the type of the weights is not known")


def add_modes(run: Run, note: str) -> None:
    """The trained set: the three freeze switches rule full tuning and `all-linear` (pipelines/train/tuner.py), not named modules."""
    kinds = [run.get(f"flag.{name}") for name in ("tuner_type", "train_type", "sft_type")]
    kind = next((value for value in kinds if isinstance(value, Known) and value.origin and value.origin[0].kind != "default"), None)
    chosen: Value = kind if kind is not None else next((value for value in kinds if not isinstance(value, Absent)), Absent())
    name = text(chosen)
    run.values["adapter.kind"] = _adapter_kind(name, chosen)
    targets, pattern = run.get("flag.target_modules"), run.get("flag.target_regex")
    frozen: dict[Part, Value] = {}
    opened: tuple[Part, ...] = ()
    if isinstance(pattern, Known):
        targets = pattern
    elif name == "full" or _all_linear(targets):
        targets = along("all-linear", targets.origin) if _all_linear(targets) else targets
        language = run.get("flag.freeze_llm")
        frozen = {"llm": language, "vision": run.get("flag.freeze_vit"), "projector": run.get("flag.freeze_aligner")}
        frozen |= {"embed": language, "lm_head": language}
    if name == "lora_llm":  # tuner_plugin/lora_llm.py: the tower and the aligner are trained in full beside the adapter
        frozen, opened = {part: derived(True, "`lora_llm`", chosen) for part in ("vision", "projector")}, ("vision", "projector")
    rates: dict[Part, str] = {"vision": "vit_lr", "projector": "aligner_lr"}
    saved = run.get("flag.modules_to_save")
    add_whole_model(run, Method(run.values["adapter.kind"], targets, saved, frozen, rates, opened), note)
    _add_selected(run, name)


def _adapter_kind(name: str | None, chosen: Value) -> Value:
    if name is None:
        return blocked((chosen,), "the type of tuning is not known")
    if name not in _TUNERS:
        return Unknown(f"`{name}` is a tuner of a plugin", chosen.origin)
    return along("none" if name == "full" else "lora" if name == "lora_llm" else name, chosen.origin)


def _add_selected(run: Run, kind: str | None) -> None:
    """Parameters that are chosen by name or share beside the switches."""
    names = ("freeze_parameters", "freeze_parameters_regex", "trainable_parameters", "trainable_parameters_regex")
    chosen = [run.get(f"flag.{name}") for name in names]
    ratio = run.get("flag.freeze_parameters_ratio")
    used = [value for value in chosen if isinstance(value, Unknown) or (isinstance(value, Known) and value.value not in ((), "", None))]
    if isinstance(ratio, Unknown) or (isinstance(ratio, Known) and number(ratio)):
        used.append(ratio)
    if kind == "full" and used:
        why = Unknown("which parameters these names select depends on the model", used[0].origin)
        for name in [f"tune.{part}.mode" for part in PARTS] + ["derived.trainable_parts", "derived.trainable_params"]:
            run.values[name] = why


def _all_linear(targets: Value) -> bool:
    return isinstance(targets, Known) and targets.value in ("all-linear", ("all-linear",), "auto", ("auto",), "ALL", ("ALL",))
