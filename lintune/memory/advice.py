"""What an estimate tells beyond whether a run fits: load phase, checkpointing, memory of the machine, LoRA's price, room left.

Each function is the check of a rule page in `rules/memory`; none matches where the micro batch, the card or the model is not known.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lintune.memory.fit import SHORTEST, USABLE, known_setting
from lintune.memory.known_totals import parts_in_doubt
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.values.value import Known, Unknown, Value

if TYPE_CHECKING:
    from lintune.memory.estimate import Estimate
    from lintune.memory.setting import Setting

_ROOMY = 0.3
"""Of the card, below which even the upper bound leaves most of it free."""
_COSTLY = 1.0
"""Times full tuning's peak, from which on LoRA's is worth a word."""


def load_phase(run: Run) -> Iterator[dict[str, Value]]:
    """One match where a step would fit, but what stands while weights are read would not. Fields: `load`, `step`, `capacity`, `formula`."""
    capacity = whole(run.get("gpu.memory_bytes"))
    setting = _certain(run) if capacity is not None else None
    if capacity is None or setting is None:
        return
    from lintune.memory.constants import value
    from lintune.memory.loading import load_part

    found = _short(setting)
    sizes = {part.name: part.bytes for part in found.phases}
    step = max(size for name, size in sizes.items() if name != "load")
    load = sizes["load"] + int(value("context"))
    if load > capacity * USABLE and step + value("context") <= capacity * USABLE:
        formula = load_part(setting, sizes["load"]).formula
        yield {"load": Known(load), "step": Known(step), "capacity": Known(capacity), "formula": Known(formula)}


def checkpointing(run: Run) -> Iterator[dict[str, Value]]:
    """One match where the launch does not fit and gradient checkpointing alone makes it fit, even by the upper bound.

    Fields: `estimate`, `high`, `capacity`, `with` (the estimate with checkpointing), `activations` (bytes kept without).
    """
    capacity = whole(run.get("gpu.memory_bytes"))
    setting = _certain(run) if capacity is not None else None
    if capacity is None or setting is None or setting.checkpoint:
        return
    changed = with_checkpointing(setting, capacity)
    if changed is None:
        return
    found = _short(setting)
    kept = next((part.bytes for part in found.components if part.name == "activations"), 0)
    yield {
        "estimate": Known(found.device),
        "high": Known(found.high),
        "capacity": Known(capacity),
        "with": Known(changed.device),
        "activations": Known(kept),
    }


def with_checkpointing(setting: "Setting", capacity: int) -> "Estimate | None":
    """The estimate with checkpointing where that alone makes a run fit that else does not; None elsewhere."""
    from lintune.source.record import replace

    if setting.checkpoint or _short(setting).device <= capacity * USABLE:
        return None
    changed = _short(replace(setting, checkpoint=True, checkpoint_vision=True))
    return changed if changed.high <= capacity * USABLE else None


def host_memory(run: Run) -> Iterator[dict[str, Value]]:
    """One match where a job asks its scheduler for less memory per machine than its processes need.

    Fields: `needed`, `asked` (bytes per machine), `when` (`while weights are read` or `for what is offloaded`), `processes`.
    """
    asked = whole(run.get("launch.slurm.mem"))
    setting = _certain(run) if asked else None
    if not asked or setting is None:
        return
    from lintune.memory.estimated import estimate

    found = estimate(setting)
    offloaded, loading = found.host * setting.per_node, found.host_load
    needed = max(offloaded, loading)
    if needed > asked:
        yield {
            "needed": Known(needed),
            "asked": Known(asked),
            "when": Known("for what is offloaded" if offloaded >= loading else "while weights are read"),
            "processes": Known(setting.per_node),
        }


def lora_costs_more(run: Run) -> Iterator[dict[str, Value]]:
    """One match where LoRA without checkpointing needs more than full tuning would. Fields: `lora`, `full` (bytes), `kept`, `kept_full`."""
    said = (
        not isinstance(run.get("mem.ckpt"), Unknown) and text(run.get("tune.llm.mode")) == "lora" and truth(run.get("mem.ckpt")) is not True
    )
    setting = _certain(run) if said and whole(run.get("seq.max_len")) is not None else None
    if setting is None or not setting.targets or setting.checkpoint or setting.quant:
        return
    from lintune.memory.activations import stack_bytes
    from lintune.memory.estimated import estimate
    from lintune.source.record import replace

    modes = {"llm": "full", "embed": "full", "lm_head": "full", "projector": "full", "vision": setting.modes.get("vision", "frozen")}
    full = replace(setting, targets=(), rank=0, dora=False, modes=modes)
    ours, theirs = estimate(setting).device, estimate(full).device
    if ours > theirs * _COSTLY:
        yield {
            "lora": Known(ours),
            "full": Known(theirs),
            "kept": Known(int(setting.tokens * stack_bytes(setting, setting.model.llm, "llm")[0])),
            "kept_full": Known(int(setting.tokens * stack_bytes(full, setting.model.llm, "llm")[0])),
        }


def oversized(run: Run) -> Iterator[dict[str, Value]]:
    """One match where even the upper bound leaves most of the card free, with samples of full length.

    Fields: `high`, `capacity`, `share` (percent), `micro`, `larger` (a micro batch whose upper bound fits).
    """
    capacity = whole(run.get("gpu.memory_bytes"))
    setting = _certain(run) if capacity is not None else None
    if capacity is None or setting is None or whole(run.get("seq.max_len")) is None or setting.accum < 2:
        return
    from lintune.memory.estimated import estimate
    from lintune.source.record import replace

    found = estimate(setting)
    if found.high > _ROOMY * capacity:
        return
    larger = setting.micro
    while larger < setting.micro * setting.accum and _grown(setting, 2 * larger, capacity):
        larger *= 2
    if larger > setting.micro:
        shown = replace(setting, micro=larger, accum=max(1, setting.micro * setting.accum // larger))
        yield {
            "high": Known(found.high),
            "capacity": Known(capacity),
            "share": Known(100 * found.high // capacity),
            "micro": Known(setting.micro),
            "larger": Known(larger),
            "accum": Known(shown.accum),
        }


def _grown(setting: "Setting", micro: int, capacity: int) -> bool:
    """Whether a micro batch still fits by the upper bound, with accumulation that divides evenly."""
    from lintune.memory.estimated import estimate
    from lintune.source.record import replace

    if (setting.micro * setting.accum) % micro:
        return False
    factor = micro // setting.micro
    grown = replace(setting, micro=micro, patches=setting.patches * factor, images=setting.images * factor)
    return estimate(grown).high <= capacity * USABLE


def _certain(run: Run) -> "Setting | None":
    """The numbers of a run whose shards are counted and which does not train parts of a model in ways that are not counted."""
    setting = None if parts_in_doubt(run) else known_setting(run)
    if setting is None or (whole(run.get("derived.world_size")) is None and (setting.stage is not None or setting.fsdp)):
        return None
    return setting


def _short(setting: "Setting") -> "Estimate":
    """The estimate with samples that are as short as real ones may be where nothing is packed."""
    from lintune.memory.estimated import estimate
    from lintune.source.record import replace

    return estimate(setting if setting.packed else replace(setting, length=min(setting.length, SHORTEST), reach=1.0))
