"""Whether a run certainly does not fit its GPU."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lintune.memory.known_totals import split_over_cards
from lintune.run.known import whole
from lintune.run.run import Run
from lintune.values.value import Known, Unknown, Value

if TYPE_CHECKING:
    from lintune.memory.setting import Setting


def out_of_memory(run: Run) -> Iterator[dict[str, Value]]:
    """One match where the memory floor is above the memory of the card, with what a message needs.

    Fields: `floor` and `capacity` (bytes), `over` (bytes that are missing at least), `largest` (the biggest component),
    `largest_bytes` and `largest_formula`.
    """
    floor, capacity = whole(run.get("memory.floor_bytes")), whole(run.get("gpu.memory_bytes"))
    if floor is None or capacity is None or floor <= capacity:
        return
    size, name, formula = max(_parts(run.get("memory.components")), default=(0, "", ""))
    yield {
        "floor": Known(floor),
        "capacity": Known(capacity),
        "over": Known(floor - capacity),
        "largest": Known(name),
        "largest_bytes": Known(size),
        "largest_formula": Known(formula),
    }


def _parts(value: Value) -> Iterator[tuple[int, str, str]]:
    """The components of the floor: bytes, name, formula."""
    entries = value.value if isinstance(value, Known) else None
    for part in entries if isinstance(entries, tuple) else ():
        if isinstance(part, Mapping):
            yield int(str(part["bytes"])), str(part["name"]), str(part["formula"])


USABLE = 0.98
"""Of the memory as marketed, what a process can have: the driver and ECC keep the rest (V100-32G: 31.7 GiB)."""
SHORTEST = 512
"""Tokens of a sample that are taken where the length is not known, or only the most that is allowed: a real run is hardly below."""


_CERTAIN_LENGTH = 64
"""Tokens of a sample that the longest one of a batch certainly has."""


def may_not_fit(run: Run) -> Iterator[dict[str, Value]]:
    """One match where the estimate is above the memory of the card, which lies inside its band; `checkpointing-would-fit` has its own page.

    Fields: as those of `does_not_fit`.
    """
    yield from _above(run, certain=False)


def does_not_fit(run: Run) -> Iterator[dict[str, Value]]:
    """One match where even the lower bound of the estimate, but not the floor, is above the memory of the card.

    Fields: `estimate`, `low`, `high`, `capacity` (bytes), `length` (tokens per sample that were taken),
    `largest`, `largest_bytes`, `fitting` (alternatives that fit, a text).
    """
    yield from _above(run, certain=True)


def _above(run: Run, certain: bool) -> Iterator[dict[str, Value]]:
    capacity, floor = whole(run.get("gpu.memory_bytes")), whole(run.get("memory.floor_bytes"))
    if capacity is None or floor is None or floor > capacity:
        return
    setting = known_setting(run)
    if setting is None:
        return
    from lintune.memory.advice import with_checkpointing
    from lintune.memory.estimated import estimate
    from lintune.memory.modes import modes_of
    from lintune.source.record import replace

    if whole(run.get("seq.max_len")) is None or not setting.packed:
        # a certain finding must hold for samples of any length
        setting = replace(setting, length=min(setting.length, _CERTAIN_LENGTH if certain else SHORTEST), reach=1.0)
    found, *others = modes_of(setting, estimate)
    if found.estimate.device <= capacity * USABLE or certain != (found.estimate.low > capacity):
        return
    if found.estimate.phase == "load":
        return  # `load-phase-does-not-fit` says that
    if not certain and with_checkpointing(setting, capacity) is not None:
        return
    largest = max(found.estimate.components, key=lambda part: part.bytes)
    fitting = [mode.name for mode in others if mode.estimate.fits(capacity) == "fits"]
    yield {
        "estimate": Known(found.estimate.device),
        "length": Known(setting.length),
        "low": Known(found.estimate.low),
        "high": Known(found.estimate.high),
        "capacity": Known(capacity),
        "largest": Known(largest.name),
        "largest_bytes": Known(largest.bytes),
        "fitting": Known(", ".join(fitting) or "none of the usual changes alone"),
    }


def logits_dominate(run: Run) -> Iterator[dict[str, Value]]:
    """One match where logits and their gradients are the largest part of an estimate that nearly fills the card.

    Fields: `logits`, `estimate`, `capacity`, `fused` (bytes: the estimate with a fused loss), `share` (percent of the peak).
    """
    capacity = whole(run.get("gpu.memory_bytes"))
    if capacity is None or whole(run.get("seq.max_len")) is None:
        return
    setting = known_setting(run)
    if setting is None or setting.fused_loss:
        return
    from lintune.memory.estimated import estimate
    from lintune.source.record import replace

    if not setting.packed:
        setting = replace(setting, length=max(1, setting.length // 2), reach=1.0)  # samples hardly all reach the length that is allowed
    found = estimate(setting)
    largest = max(found.components, key=lambda part: part.bytes)
    if largest.name != "logits" or found.device < _NEARLY * capacity:
        return
    yield {
        "logits": Known(largest.bytes),
        "estimate": Known(found.device),
        "capacity": Known(capacity),
        "fused": Known(estimate(replace(setting, fused_loss="liger")).device),
        "share": Known(100 * largest.bytes // found.allocated),
    }


_NEARLY = 0.7
"""Of the card, from which on a smaller peak is worth a word."""


def known_setting(run: Run) -> "Setting | None":
    """The numbers of a run whose batch is known and whose weights are not divided in ways that are not counted."""
    if whole(run.get("batch.micro")) is None or split_over_cards(run):
        return None
    from lintune.memory.reading import NotEstimated, setting_of
    from lintune.source.record import replace

    try:
        setting = setting_of(run)
    except NotEstimated:
        return None
    if setting.conflict:
        return None  # it is refused before it needs any memory
    return replace(setting, checkpoint=True) if isinstance(run.get("mem.ckpt"), Unknown) else setting
