"""Parsed options as the script sees them: reading an attribute asks the launch, what the script sets itself comes first."""

from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Data, Items, Open, Parsed, Value, lift
from lintune.values.value import Absent, Known
from lintune.values.value import Value as RunValue

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_KEPT_WORDS = """
    fp16 bf16 tf32 gradient_checkpointing seed learning_rate weight_decay num_train_epochs max_steps
    per_device_train_batch_size per_device_eval_batch_size gradient_accumulation_steps do_train do_predict
    resume_from_checkpoint overwrite_output_dir group_by_length remove_unused_columns output_dir deepspeed lr_scheduler_type
    warmup_ratio save_steps save_total_limit max_grad_norm optim adam_beta1 dataloader_num_workers adam_beta2
    adam_epsilon ddp_find_unused_parameters torch_compile use_liger_kernel
    loss_type beta packing max_seq_length max_length max_prompt_length max_completion_length num_generations dataset_name
    dataset_config dataset_train_split dataset_test_split model_name_or_path model_revision trust_remote_code use_peft lora_r
    lora_alpha lora_dropout load_in_4bit load_in_8bit use_bnb_nested_quant
    """
_KEPT = frozenset(_KEPT_WORDS.split())
"""Options that the `__post_init__` of a library's class leaves as given.

Read in training_args.py of transformers 4.28 to 5.24, and in `*Config`, `ScriptArguments` and `ModelConfig` of TRL 0.9 to 1.16.

Enumerations among them are compared as text. `_may_differ` tells of values that some release changes all the same. Options of which
no release sets any (`schemas/assigned_options.json`) are kept as well.
"""


def lifted(value: RunValue, name: str) -> Value:
    """A value of the launch as a walk has it."""
    names = frozenset((name,) if name else ())
    match value:
        case Known(value=data):
            return _unhooked(lift(data, names))
        case Absent():
            return Data(None, names)
    return Open(value.reason or "it is not known", names)


def _unhooked(value: Value) -> Value:
    """Options hold lists, not tuples."""
    if isinstance(value, Items) and value.kind == "tuple":
        value.kind = "list"
    return value


def read_option(walk: "Walk", parsed: Parsed, name: str) -> Value | None:
    """An attribute of parsed options; None where there is certainly none of that name."""
    if parsed.fields is None or name in parsed.fields or parsed.library:
        walk.reads.add(name)
    return _attribute(walk, parsed, name)


def _attribute(walk: "Walk", parsed: Parsed, name: str) -> Value | None:
    if name in parsed.slots:
        found: Value = parsed.slots[name]
        return found
    if parsed.fields is not None and name in parsed.fields and not (parsed.library and _is_assigned(walk, name)):
        return _kept(parsed, name, lifted(walk.option(name), name))
    if parsed.library:
        return _of_library(walk, name)
    return None if parsed.whole else Open(f"`{name}` is set elsewhere")


def _kept(parsed: Parsed, name: str, value: Value) -> Value:
    """A list is the same object whenever it is read."""
    if not isinstance(value, Data | Open):
        parsed.slots[name] = value
    return value


def _of_library(walk: "Walk", name: str) -> Value:
    value = walk.option(name)
    if name == "fsdp" and (isinstance(value, Absent) or (isinstance(value, Known) and value.value == "")):
        return lift([], frozenset((name,)))
    if (name not in _KEPT and not _is_untouched(walk, name)) or _may_differ(walk, name, value):
        return Open("the library's own `__post_init__` may change it", frozenset((name,)))
    return lifted(value, name)


def _may_differ(walk: "Walk", name: str, value: RunValue) -> bool:
    """Whether some release of transformers or TRL makes another value of an option than was given."""
    given = value.value if isinstance(value, Known) else None
    match name:
        case "bf16":
            return isinstance(value, Absent)
        case "output_dir":
            return isinstance(value, Absent) or str(given).startswith("~")
        case "torch_compile" | "use_liger_kernel":
            return not given
        case "loss_type":  # TRL 0.20 to 0.28 makes text of a list of one, later releases lists of text
            return isinstance(given, tuple) or given == "alphapo" or given is None
        case "max_length":
            return not isinstance(walk.option("max_seq_length"), Absent)
    return False


def _is_untouched(walk: "Walk", name: str) -> bool:
    """Whether no release of the library classes of a script sets an option itself; False where one of them is not known."""
    assigned = _assigned(walk)
    return bool(assigned) and name not in assigned


def _is_assigned(walk: "Walk", name: str) -> bool:
    """Whether some release of the library classes of a script sets an option that a class of the script defines anew."""
    return name not in _KEPT and name in _assigned(walk)


def _assigned(walk: "Walk") -> frozenset[str]:
    if walk.noted.assigned is None:
        walk.noted.assigned = _read_assigned(walk)
    return walk.noted.assigned


def _read_assigned(walk: "Walk") -> frozenset[str]:
    script = walk.script
    bases = {base for found in script.dataclasses for base in found.bases}
    if script.unread or not bases:
        return frozenset()
    import json

    from lintune.source.data import data_text

    table = json.loads(data_text("schemas", "assigned_options.json"))
    known = [table.get(".".join((base.partition(".")[0], base.rpartition(".")[2]))) for base in bases]
    # a class that sets nothing (`trl.ScriptArguments`) is known all the same
    return frozenset(("", *(name for each in known if each is not None for name in each))) if None not in known else frozenset()


def set_option(walk: "Walk", parsed: Parsed, name: str, value: Value) -> None:
    """The script sets an attribute of parsed options: `training_args.bits = 16`."""
    if name not in parsed.slots:
        before = _attribute(walk, parsed, name)
        if before is not None:
            parsed.slots[name] = before
    walk.journal.write(parsed.slots, name, value)


def doubt(walk: "Walk", parsed: Parsed) -> None:
    """Something unknown was given the options and may have set any of them."""
    for name in parsed.fields or ():
        if not isinstance(parsed.slots.get(name), Open):
            set_option(walk, parsed, name, Open("unknown code was given the options", frozenset((name,))))
