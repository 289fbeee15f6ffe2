"""axolotl: `axolotl train x.yml`, `accelerate launch -m axolotl.cli.train x.yml`, or the YAML file alone.

The file is read by PyYAML's SafeLoader and validated by pydantic models that drop what they do not know at every level
(utils/schemas). Command-line options lie over it; `--parent__child` is an inner key.
"""

from lintune.frameworks.axolotl_keys import read_axolotl
from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.inventory import PARTS, Part
from lintune.frameworks.overrides import config_words, flags
from lintune.frameworks.own_options import config_of, config_value
from lintune.frameworks.recognised import recognise_in
from lintune.frameworks.shipped_deepspeed import add_shipped_file
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import number, text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Unknown, Value

NAME = "axolotl"
_KEYS = frozenset(("micro_batch_size", "datasets", "sequence_len", "adapter", "num_epochs", "sample_packing", "pretraining_dataset"))
_SETTINGS = (
    ("model.id", "base_model"),
    ("model.template", "chat_template"),
    ("model.attn", "attn_implementation"),
    ("optim.name", "optimizer"),
    ("optim.lr", "learning_rate"),
    ("optim.weight_decay", "weight_decay"),
    ("optim.beta1", "adam_beta1"),
    ("optim.beta2", "adam_beta2"),
    ("optim.eps", "adam_epsilon"),
    ("optim.clip", "max_grad_norm"),
    ("optim.lora_b_ratio", "loraplus_lr_ratio"),
    ("sched.type", "lr_scheduler"),
    ("sched.warmup_ratio", "warmup_ratio"),
    ("sched.warmup_steps", "warmup_steps"),
    ("precision.tf32", "tf32"),
    ("precision.fp16", "fp16"),
    ("precision.bf16", "bf16"),
    ("batch.micro", "micro_batch_size"),
    ("batch.eval_micro", "eval_batch_size"),
    ("batch.accum", "gradient_accumulation_steps"),
    ("batch.packing", "sample_packing"),
    ("batch.group_by_length", "group_by_length"),
    ("seq.max_len", "sequence_len"),
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.targets", "lora_target_modules"),
    ("adapter.modules_to_save", "lora_modules_to_save"),
    ("adapter.resume", "lora_model_dir"),
    ("mem.ckpt", "gradient_checkpointing"),
    ("mem.compile", "torch_compile"),
    ("mem.liger", "liger_fused_linear_cross_entropy"),
    ("data.train", "datasets"),
    ("data.eval", "test_datasets"),
    ("data.eval_fraction", "val_set_size"),
    ("data.workers", "dataloader_num_workers"),
    ("run.epochs", "num_epochs"),
    ("run.max_steps", "max_steps"),
    ("run.eval_strategy", "eval_strategy"),
    ("run.eval_steps", "eval_steps"),
    ("run.save_strategy", "save_strategy"),
    ("run.save_steps", "save_steps"),
    ("run.save_limit", "save_total_limit"),
    ("run.save_only_model", "save_only_model"),
    ("run.load_best", "load_best_model_at_end"),
    ("run.metric", "metric_for_best_model"),
    ("run.resume", "resume_from_checkpoint"),
    ("run.output_dir", "output_dir"),
    ("run.seed", "seed"),
    ("run.logging_steps", "logging_steps"),
    ("task.stage", "rl"),
    ("par.tp", "tensor_parallel_size"),
    ("par.cp", "context_parallel_size"),
    ("rl.beta", "rl_beta"),
    ("rl.num_generations", "trl.num_generations"),
)
_ATTENTION = (
    ("xformers_attention", "xformers"),
    ("sage_attention", "sage"),
    ("flex_attention", "flex_attention"),
    ("flash_attention", "flash_attention_2"),
    ("sdp_attention", "sdpa"),
    ("eager_attention", "eager"),
)
"""Switches that `attn_implementation` took the place of in 2026, in the order in which they count (utils/schemas/enums.py)."""
_CCE = "axolotl.integrations.cut_cross_entropy."
_FSDP = (
    ("wrap", "auto_wrap_policy"),
    ("wrap_class", "transformer_layer_cls_to_wrap"),
    ("offload", "offload_params"),
    ("orig_params", "use_orig_params"),
    ("ram_efficient", "cpu_ram_efficient_loading"),
    ("reshard", "reshard_after_forward"),
    ("state_dict", "state_dict_type"),
    ("strategy", "sharding_strategy"),
    ("min_params", "min_num_params"),
)


def is_config(root: Mapping) -> bool:
    """Whether a YAML mapping is an axolotl configuration."""
    keys = {entry.key.value for entry in root.entries}
    return "base_model" in keys and len(keys & _KEYS) >= 2


def is_entry(entry: str) -> bool:
    """Whether a module or script is axolotl's own."""
    return entry in ("axolotl.cli.train", "axolotl.cli.main") or entry.endswith("axolotl/cli/train.py") or entry == "scripts/finetune.py"


def read(reading: Reading) -> Parsed:
    """The settings of a launch: there are no defaults that could be given for certain."""
    words = reading.launch.args
    files = config_words(words[:1])
    root = config_of(reading, files[0] if files else None)
    given = {name.replace("__", "."): value for name, value in flags(words[1:]).items() if name not in ("launcher", "num_processes")}
    if root is None:
        parsed = Parsed(values=dict(given))
        parsed.open_ended = True
        return parsed
    return read_axolotl(root, reading.versions, given)


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary."""
    from lintune.frameworks.deepspeed_config import add_deepspeed
    from lintune.frameworks.trainer_settings import add_derived

    files = config_words(reading.launch.args[:1])
    word = files[0] if files else None
    if config_of(reading, word) is None:
        run.unread["flag"] = Unknown("the config file was not read", settle=f"the file `{word.text if word else 'config.yml'}`")
    else:
        run.unread["flag"] = Unknown("axolotl has no such key")
    add_deepspeed(run, reading)
    add_shipped_file(run)
    for name, flag in _SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    _add_precision(run)
    _add_adapter(run)
    _add_memory(run)
    _add_fsdp(run)
    _add_model(run)
    add_derived(run)
    _add_modes(run)
    named = [NamedFile("deepspeed", run.get("flag.deepspeed"))]
    if (value := config_value(word)) is not None:
        named.append(NamedFile("config", value))
    add_files(run, reading, tuple(file for file in named if not _shipped(file.value)))


def _shipped(value: Value) -> bool:
    """`deepspeed_configs/` is fetched from axolotl by `axolotl fetch`, and often not in the project."""
    return (text(value) or "").startswith("deepspeed_configs/")


def _add_model(run: Run) -> None:
    path = text(run.get("model.id"))
    found = recognise_in(run, path) if path else None
    if found is not None:
        run.values["model.family"] = fact(found.model.family, found.model.name)
        run.values["model.dtype"] = fact(found.model.dtype, found.model.name)


def _add_precision(run: Run) -> None:
    """bf16 may be `auto` (where the card has it); `float16` and `bfloat16` are pure, without autocast."""
    bf16, fp16 = run.get("flag.bf16"), run.get("flag.fp16")
    if truth(bf16) is True:
        compute: Value = along("bf16", bf16.origin)
    elif truth(fp16) is True:
        compute = along("fp16", fp16.origin)
    elif text(bf16) == "auto":
        compute = Unknown("`bf16: auto` follows the card", bf16.origin, settle="--gpu 8xA100-80G")
        if truth(run.get("gpu.bf16")) is True:
            compute = derived("bf16", "`bf16: auto` on a card that has it", bf16, run.get("gpu.bf16"))
    elif truth(bf16) is False and truth(fp16) is False:
        compute = derived("fp32", "neither fp16 nor bf16", bf16, fp16)
    else:
        compute = blocked((bf16, fp16), "the precision is not known")
    run.values["precision.compute"] = compute


def _add_adapter(run: Run) -> None:
    kind = run.get("flag.adapter")
    match kind:
        case Absent():
            run.values["adapter.kind"] = derived("none", "no `adapter`", kind)
        case Known(value=str(name)):
            run.values["adapter.kind"] = along("lora" if name == "qlora" else name, kind.origin)
        case _:
            run.values["adapter.kind"] = blocked((kind,), "the adapter is not known")
    for bits, flag in ((4, "load_in_4bit"), (8, "load_in_8bit")):
        value = run.get(f"flag.{flag}")
        if truth(value) is True:
            run.values["model.quant.bits"] = along(bits, value.origin)
            run.values["model.quant.method"] = along("bnb", value.origin)


def _add_memory(run: Run) -> None:
    """What weights are loaded as (loaders/model.py), and what saves memory: kernels of plugins, activations that go to the host."""
    compute, bits = run.get("precision.compute"), run.get("model.quant.bits")
    if isinstance(compute, Known):
        run.values["model.load_dtype"] = derived(compute.value, "axolotl loads in the type that is computed in", compute)
    if number(bits) == 4 and isinstance(run.get("flag.bnb_config_kwargs"), Absent):
        run.values["model.quant.type"] = derived("nf4", "axolotl's `BitsAndBytesConfig`", bits)
        run.values["model.quant.double"] = derived(True, "axolotl's `BitsAndBytesConfig`", bits)
    plugins, cut = run.get("flag.plugins"), run.get("flag.cut_cross_entropy")
    named = plugins.value if isinstance(plugins, Known) and isinstance(plugins.value, list | tuple) else ()
    if truth(cut) is not False and any(isinstance(name, str) and name.startswith(_CCE) for name in named):
        run.values["mem.kernels"] = derived(("cut_cross_entropy",), "the plugin patches the loss", plugins)
    checkpoint, moved = run.get("flag.gradient_checkpointing"), run.get("flag.activation_offloading")
    if text(checkpoint) in ("offload", "offload_disk"):
        run.values["mem.ckpt"] = run.values["mem.act_offload"] = derived(True, "`gradient_checkpointing: offload`", checkpoint)
    elif truth(moved) is True or text(moved):
        run.values["mem.act_offload"] = derived(True, "`activation_offloading`", moved)
    if isinstance(run.get("model.attn"), Absent):
        chosen = next(((flag, name) for flag, name in _ATTENTION if truth(run.get(f"flag.{flag}")) is True), None)
        if chosen is not None:
            run.values["model.attn"] = derived(chosen[1], f"`{chosen[0]}`", run.get(f"flag.{chosen[0]}"))


def _add_modes(run: Run) -> None:
    """The trained set (loaders/adapter.py, loaders/model.py): `lora_target_linear` means every linear layer but the head."""
    targets, every = run.get("flag.lora_target_modules"), run.get("flag.lora_target_linear")
    if truth(every) is True:
        targets = derived("all-linear", "`lora_target_linear`", every)
    elif isinstance(every, Unknown):
        targets = every
    frozen: dict[Part, Value] = {}
    towers = run.get("flag.freeze_mm_modules")
    if not isinstance(towers, Absent):
        frozen = {"vision": towers, "projector": towers}
    add_whole_model(run, Method(run.get("adapter.kind"), targets, run.get("adapter.modules_to_save"), frozen), "axolotl loaders/adapter.py")
    chosen = run.get("flag.unfrozen_parameters")
    if isinstance(chosen, Absent) or text(run.get("adapter.kind")) != "none":
        return
    why = Unknown("`unfrozen_parameters` selects what is trained", chosen.origin)
    for part in PARTS:
        run.values[f"tune.{part}.mode"] = why
    for name in ("trainable_parts", "trainable_params", "trainable_percent", "trainable_matrices"):
        run.values[f"derived.{name}"] = why


def _add_fsdp(run: Run) -> None:
    switched = run.get("flag.fsdp")
    block = run.get("flag.fsdp_config")
    run.values["par.fsdp.mode"] = switched
    on = isinstance(block, Known) or (isinstance(switched, Known) and bool(switched.value))
    run.values["par.fsdp.on"] = derived(on, "`fsdp` or `fsdp_config`", *(value for value in (switched, block) if isinstance(value, Known)))
    if not on:
        return
    for name, key in _FSDP:
        value = run.get(f"flag.fsdp_config.{key}")
        run.values[f"par.fsdp.{name}"] = run.get(f"flag.fsdp_config.fsdp_{key}") if isinstance(value, Absent) else value
    version = run.get("flag.fsdp_version")
    inner = run.get("flag.fsdp_config.fsdp_version")
    given = inner if isinstance(version, Absent) else version
    count = number(given)
    run.values["par.fsdp.version"] = (
        along(int(count), given.origin) if count is not None else derived(1, "FSDP 1 unless `fsdp_version` says otherwise", switched)
    )
