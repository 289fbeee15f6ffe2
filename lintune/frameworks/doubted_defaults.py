"""Defaults of a launch whose entry script is not at hand: which of the library's may hold, and which scripts often change."""

from collections.abc import Mapping

from lintune.values.value import Unknown, Value, is_default

_OFTEN_OVERRIDDEN = frozenset(
    [
        "optim",
        "remove_unused_columns",
        "gradient_checkpointing",
        "report_to",
        "logging_steps",
        "learning_rate",
        "bf16",
        "lr_scheduler_type",
        "warmup_ratio",
        "output_dir",
        "label_names",
    ]
)
"""Fields of TrainingArguments for which scripts often define a default of their own."""


def doubt_defaults(values: Mapping[str, Value], entry: str) -> dict[str, Value]:
    """The same values, where a default that scripts often override is unknown."""
    why = Unknown(f"`{entry}` may define another default", settle=f"the file `{entry}`")
    return {name: why if name in _OFTEN_OVERRIDDEN and is_default(value) else value for name, value in values.items()}
