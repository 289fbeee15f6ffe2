"""Checks of options that hold a mapping: keys that the library's class does not have."""

from collections.abc import Iterator, Mapping

from lintune.run.run import Item, Run
from lintune.values.value import Known, site_of

_ACCELERATOR = frozenset(
    (
        "split_batches",
        "dispatch_batches",
        "even_batches",
        "use_seedable_sampler",
        "data_seed",
        "non_blocking",
        "gradient_accumulation_kwargs",
        "use_configured_state",
    )
)
"""The fields of `AcceleratorConfig` over all releases (transformers trainer_pt_utils.py, 4.38.2-5.24.0)."""


def unknown_accelerator_keys(run: Run) -> Iterator[Item]:
    """An item per key of `accelerator_config` that no release has. Fields: name."""
    value = run.get("flag.accelerator_config")
    if not isinstance(value, Known) or not isinstance(value.value, Mapping):
        return
    for name in value.value:
        if name not in _ACCELERATOR:
            yield Item({"name": Known(str(name))}, site_of(value))
