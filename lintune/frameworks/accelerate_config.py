"""The accelerate configuration as part of a run: its DeepSpeed block as `ds.*` and `par.ds.*`, its FSDP block as `par.fsdp.*`.

The launcher's own option wins over the file (accelerate commands/launch.py `_validate_launch_command`).
"""

from lintune.frameworks.mapping_flags import add_trainer_fsdp
from lintune.run.known import text, whole
from lintune.run.run import Item, Run
from lintune.run.settings import along, derived
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Unknown, Value

_KEYS = (
    ("gradient_accumulation_steps", "gradient_accumulation_steps"),
    ("gradient_clipping", "gradient_clipping"),
    ("zero_stage", "zero_optimization.stage"),
    ("zero3_save_16bit_model", "zero_optimization.stage3_gather_16bit_weights_on_model_save"),
    ("offload_optimizer_device", "zero_optimization.offload_optimizer.device"),
    ("offload_param_device", "zero_optimization.offload_param.device"),
)
"""Keys of the block (and options of the launcher), and where `DeepSpeedPlugin` puts them in the configuration that it builds."""
_FSDP = (
    ("version", "fsdp_version"),
    ("strategy", "fsdp_sharding_strategy"),
    ("reshard", "fsdp_reshard_after_forward"),
    ("wrap", "fsdp_auto_wrap_policy"),
    ("wrap_class", "fsdp_transformer_layer_cls_to_wrap"),
    ("min_params", "fsdp_min_num_params"),
    ("offload", "fsdp_offload_params"),
    ("orig_params", "fsdp_use_orig_params"),
    ("ram_efficient", "fsdp_cpu_ram_efficient_loading"),
    ("ckpt", "fsdp_activation_checkpointing"),
    ("state_dict", "fsdp_state_dict_type"),
)
_STRATEGIES = {1: "FULL_SHARD", 2: "SHARD_GRAD_OP", 3: "NO_SHARD", 4: "HYBRID_SHARD", 5: "HYBRID_SHARD_ZERO2"}


def accelerate_mode(run: Run) -> Value:
    """How accelerate distributes the run: DEEPSPEED, FSDP, MULTI_GPU ...; the launcher's switch wins over the file."""
    for option, mode in (("use_deepspeed", "DEEPSPEED"), ("use_fsdp", "FSDP"), ("multi_gpu", "MULTI_GPU"), ("cpu", "NO")):
        given = run.get(f"launch.option.{option}")
        if isinstance(given, Known):
            return along(mode, given.origin)
    found = run.get("launch.accelerate.distributed_type")
    name = text(found)
    return along(name.upper(), found.origin) if name is not None else found


def setting(run: Run, section: str, name: str) -> Value:
    """A key of a section of the file, unless the launcher's option of that name is given."""
    given = run.get(f"launch.option.{name}")
    return run.get(f"launch.accelerate.{section}.{name}") if isinstance(given, Absent) else given


def deepspeed_file(run: Run) -> Value:
    """The DeepSpeed file that the accelerate configuration names."""
    return setting(run, "deepspeed_config", "deepspeed_config_file")


def add_unknown_keys(run: Run, root: Mapping) -> None:
    """`raw.accelerate_unknown`: top-level keys that no release in force knows, which accelerate refuses."""
    from lintune.frameworks.option_table import admitted
    from lintune.surfaces.surface import load_surface
    from lintune.values.conversion import nearest

    surface = load_surface("accelerate", "config")
    if surface is None:
        return
    last = max(admitted("accelerate", surface, run.versions.get("accelerate")))
    known = [name for name in surface.names if "." not in name and any(surface.at(name, index) for index in (last, last - 1))]
    found = []
    for entry in root.entries:
        name = str(entry.key.value)
        if surface.windows(name):
            continue
        near = nearest(name, known)
        fields: dict[str, Value] = {"name": Known(name), "nearest": Known(near) if near else Absent()}
        found.append(Item(fields, entry.key.site))
    if found:
        run.items["raw.accelerate_unknown"] = tuple(found)


def add_deepspeed_block(run: Run) -> None:
    """`ds.*` as accelerate builds it from its own keys, where they name no file."""
    for key, name in _KEYS:
        value = setting(run, "deepspeed_config", key)
        number = whole(value) if key in ("gradient_accumulation_steps", "zero_stage") else None
        if number is not None:
            value = along(number, value.origin)
        if key.startswith("offload_") and isinstance(value, Known):
            block = name.rpartition(".")[0]
            run.values[f"ds.{block}"] = along({"device": value.value}, value.origin)
        if not isinstance(value, Absent):
            run.values[f"ds.{name}"] = value
    run.values.setdefault("ds.zero_optimization.stage", derived(2, "accelerate's default ZeRO stage", accelerate_mode(run)))
    run.values["ds.zero_optimization"] = derived({"stage": whole(run.get("ds.zero_optimization.stage"))}, "accelerate's DeepSpeed block")
    for name in ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping"):
        run.values.setdefault(f"ds.{name}", derived("auto", "accelerate leaves it to the Trainer"))


def add_fsdp(run: Run) -> None:
    """`par.fsdp.*`: what the Trainer's own `fsdp` says, else the accelerate configuration; `par.fsdp.on` tells whether it is used."""
    if "par.fsdp.on" in run.values:
        return
    own = run.get("par.fsdp.mode")
    if isinstance(own, Known) and own.value:
        run.values["par.fsdp.on"] = along(True, own.origin)
        if run.framework not in ("ms-swift", "axolotl"):
            add_trainer_fsdp(run)
        return
    if text(run.get("launch.launcher")) != "accelerate":
        run.values["par.fsdp.on"] = own if isinstance(own, Unknown) else derived(False, "no `fsdp`", own)
        return
    mode = accelerate_mode(run)
    if text(mode) != "FSDP":
        run.values["par.fsdp.on"] = mode if isinstance(mode, Unknown) else derived(False, "accelerate is not told to use FSDP", mode)
        return
    run.values["par.fsdp.on"] = along(True, mode.origin)
    for name, key in _FSDP:
        value = setting(run, "fsdp_config", key)
        if isinstance(value, Absent):
            value = setting(run, "fsdp_config", key.removeprefix("fsdp_"))
        run.values[f"par.fsdp.{name}"] = _plain(name, value)
    if isinstance(run.get("par.fsdp.version"), Absent):
        run.values["par.fsdp.version"] = derived(1, "FSDP 1 unless `fsdp_version` says otherwise", mode)


def _plain(name: str, value: Value) -> Value:
    """A value as the field means it: texts of the launcher as truth values, numbers of strategies as their names."""
    if name == "strategy" and (number := whole(value)) is not None:
        return along(_STRATEGIES.get(number), value.origin)
    if name == "version" and (number := whole(value)) is not None:
        return along(number, value.origin)
    if isinstance(value, Known) and isinstance(value.value, str) and value.value.lower() in ("true", "false"):
        return along(value.value.lower() == "true", value.origin)
    return value
