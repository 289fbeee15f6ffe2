"""Any training script built on HfArgumentParser and TrainingArguments whose own options are not known by name."""

from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.inventory import Part
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.recognised import HOW, recognise_in
from lintune.frameworks.walked_calls import add_walked_calls, walked_groups
from lintune.frameworks.walked_parts import add_walked_parts
from lintune.run.known import text
from lintune.run.run import Run
from lintune.run.settings import fact
from lintune.values.value import Absent, Unknown, Value

NAME = "hf-trainer"
_DISTINCTIVE = frozenset(
    [
        "per_device_train_batch_size",
        "per_device_eval_batch_size",
        "gradient_accumulation_steps",
        "lr_scheduler_type",
        "warmup_ratio",
        "num_train_epochs",
        "save_strategy",
        "save_total_limit",
        "evaluation_strategy",
        "eval_strategy",
        "logging_steps",
        "report_to",
        "gradient_checkpointing",
        "weight_decay",
        "max_grad_norm",
        "adam_beta2",
        "save_steps",
        "bf16",
        "fp16",
        "tf32",
        "dataloader_num_workers",
        "remove_unused_columns",
        "ddp_find_unused_parameters",
        "overwrite_output_dir",
    ]
)
_WITH_DEEPSPEED = frozenset(("output_dir", "deepspeed"))
"""Together with one distinctive flag; DeepSpeed's own scripts take `--deepspeed_config` and have no `--output_dir` of this name."""
_FIRST_OF: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("model.id", ("model_name_or_path", "model_id", "model_name", "base_model", "pretrained_model_name_or_path")),
    ("seq.max_len", ("model_max_length", "max_seq_length", "max_length", "cutoff_len", "block_size")),
    ("data.train", ("data_path", "train_file", "train_data", "train_data_path", "dataset_name", "dataset", "meta_path", "dataset_use")),
    ("data.eval", ("eval_data_path", "validation_file", "eval_data", "eval_dataset")),
    ("adapter.rank", ("lora_r", "lora_rank")),
    ("adapter.alpha", ("lora_alpha",)),
    ("adapter.dropout", ("lora_dropout",)),
)
_RATES: dict[Part, tuple[str, ...]] = {
    "vision": ("vision_tower_lr", "mm_vision_tower_lr", "vision_lr", "vit_lr"),
    "projector": ("mm_projector_lr", "merger_lr", "projector_lr"),
}
"""Options that ask for a rate of their own."""
_DATA_FILES = ("data_path", "train_file", "train_data_path", "eval_data_path", "validation_file", "meta_path")


def detect(reading: Reading) -> bool:
    """Whether the script uses HfArgumentParser, or, with no script at hand, is given at least two of the Trainer's flags."""
    if reading.script is not None and reading.script.kind != "none":
        return reading.script.kind in ("hf", "trl")
    return len(reading.words & _DISTINCTIVE) >= 2 or (reading.words >= _WITH_DEEPSPEED and not reading.words.isdisjoint(_DISTINCTIVE))


def fill(run: Run, reading: Reading) -> None:
    """Add what the usual spellings say; what the script trains is unknown, since its code decides."""
    for name, spellings in _FIRST_OF:
        run.values[name] = _first(run, spellings)
    add_model(run)
    run.unread["tune"] = Unknown("the script's code decides what is trained")
    named = [NamedFile("data", run.get(f"flag.{name}")) for name in _DATA_FILES]
    add_files(run, reading, (*named, NamedFile("model", run.get("model.id"))))
    add_walked_parts(run)
    add_walked_calls(run)
    _add_rates(run)


def _add_rates(run: Run) -> None:
    """Rates of parts, where the script has options for them: they are applied by the Trainer that it makes."""
    found = {part: next((name for name in names if f"flag.{name}" in run.values), "") for part, names in _RATES.items()}
    if any(found.values()):
        add_rates(run, {part: name for part, name in found.items() if name}, walked_groups(run))


def add_model(run: Run) -> None:
    """What is known of a model by its name."""
    path = text(run.get("model.id"))
    found = recognise_in(run, path) if path else None
    if found is not None:
        run.values["model.family"] = fact(found.model.family, found.model.name)
        run.values["model.dtype"] = fact(found.model.dtype, found.model.name)
        run.values["model.name"] = fact(found.model.name, HOW[found.by])


def _first(run: Run, spellings: tuple[str, ...]) -> Value:
    for spelling in spellings:
        value = run.get(f"flag.{spelling}")
        if not isinstance(value, Absent):
            return value
    return Absent()
