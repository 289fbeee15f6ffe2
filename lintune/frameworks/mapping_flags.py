"""Options that hold a mapping (`--fsdp_config '{...}'`): their keys as values of their own, and what they say of FSDP.

The Trainer takes the keys of `fsdp_config` with and without the prefix `fsdp_` (transformers training_args.py `_process_fsdp_args`).
"""

from collections.abc import Mapping

from lintune.run.known import whole
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.values.value import Absent, Known, Unknown, Value

_MAPPINGS = (
    "fsdp_config",
    "gradient_checkpointing_kwargs",
    "activation_checkpointing_kwargs",
    "lr_scheduler_kwargs",
    "accelerator_config",
    "liger_kernel_config",
    "model_init_kwargs",
    "dataset_kwargs",
    "parallelism_config",
)
_FSDP = (
    ("wrap_class", "transformer_layer_cls_to_wrap"),
    ("min_params", "min_num_params"),
    ("orig_params", "use_orig_params"),
    ("ram_efficient", "cpu_ram_efficient_loading"),
    ("ckpt", "activation_checkpointing"),
    ("state_dict", "state_dict_type"),
    ("reshard", "reshard_after_forward"),
)
_WORDS = {"full_shard": "FULL_SHARD", "shard_grad_op": "SHARD_GRAD_OP", "hybrid_shard": "HYBRID_SHARD", "no_shard": "NO_SHARD"}


def add_inner_keys(run: Run) -> None:
    """`flag.NAME.KEY` for every option that holds a mapping; unknown where the mapping is a file or not known."""
    for name in _MAPPINGS:
        value = run.values.get(f"flag.{name}")
        if isinstance(value, Known) and isinstance(value.value, Mapping):
            for key, inner in value.value.items():
                short = str(key).removeprefix("fsdp_") if name == "fsdp_config" else str(key)
                found: Value = Absent(value.origin) if inner is None else Known(inner, value.origin)
                run.values.setdefault(f"flag.{name}.{short}", found)
        elif isinstance(value, Known) and value.value:
            run.unread[f"flag.{name}"] = Unknown("what the file holds was not read", value.origin)


def add_trainer_fsdp(run: Run) -> None:
    """`par.fsdp.*` of the Trainer's own `fsdp` and `fsdp_config`."""
    for name, key in _FSDP:
        run.values[f"par.fsdp.{name}"] = _plain(run.get(f"flag.fsdp_config.{key}"))
    words = run.get("par.fsdp.mode")
    listed = str(words.value) if isinstance(words, Known) else ""
    strategy = next((meant for word, meant in _WORDS.items() if word in listed), None)
    if strategy is not None and isinstance(words, Known):
        run.values["par.fsdp.strategy"] = along(strategy, words.origin)
    run.values["par.fsdp.version"] = _version(run)


def _plain(value: Value) -> Value:
    if isinstance(value, Known) and isinstance(value.value, str) and value.value.lower() in ("true", "false"):
        return along(value.value.lower() == "true", value.origin)
    return value


def _version(run: Run) -> Value:
    """FSDP 1 up to transformers 4, which does not read the key; FSDP 2 by default from 5.10 (5.9 was not seen to differ)."""
    given, pin = run.get("flag.fsdp_config.version"), run.versions.get("transformers")
    exact = pin.specifiers.exact if pin is not None else None
    if exact is not None and exact.release[:1] < (5,):
        return derived(1, "transformers 4 knows FSDP 1 only", given)
    number = whole(given)
    if number is not None:
        return along(number, given.origin)
    if isinstance(given, Absent) and exact is not None:
        return derived(2 if exact.release[:2] >= (5, 10) else 1, "the default of the release in force", given)
    return Unknown("the FSDP version depends on the transformers release", settle="--assume transformers==VERSION")
