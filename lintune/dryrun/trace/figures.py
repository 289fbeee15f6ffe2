"""From a log to what a GPU shows: workspaces of cuBLAS, the allocator's segments, the CUDA context, and the band around them."""

from dataclasses import dataclass

from lintune.dryrun.trace.allocator import CachingAllocator
from lintune.dryrun.trace.history import Peak, categories_at, find_peak, holders_at, phase_peaks, timeline
from lintune.dryrun.trace.lives import Log
from lintune.dryrun.trace.rewriting import Rewriter, passes
from lintune.memory.constants import profile_of, value
from lintune.memory.setting import Setting
from lintune.run.gpu import usable_bytes

WORKSPACE = 8_519_680
"""cuBLAS takes 8.125 MiB per handle from torch's allocator (`:4096:2:16:8`), one for each of the forward and the backward thread."""
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm")


@dataclass(frozen=True, slots=True)
class Figures:
    """Memory of one GPU, in bytes."""

    allocated: int
    reserved: int
    device: int
    low: int
    high: int
    peak: Peak
    phases: dict[str, int]
    flushes: int = 0
    """How often the allocator gave unused segments back, since the card had no more."""


def figures_of(log: Log, setting: Setting, expandable: bool, outside: int = 0, emptied: str = "") -> Figures:
    """The figures of a log.

    `outside`: bytes beside the log's, such as the hidden constant of a framework's own measure; `emptied`: the phase of the last step
    before which the program gives unused memory back, where it does.
    """
    releases = [begin for begin, end in passes(log, emptied) if begin < end][-1:] if emptied else []
    context = int(value("context"))
    capacity = max(0, usable_bytes(setting.gpu_name, setting.gpu_bytes) - setting.in_use - context - outside) if setting.gpu_bytes else 0
    replayed = CachingAllocator(expandable, capacity).replay(log, releases)
    peak = find_peak(log)
    allocated = replayed.most_allocated
    reserved = replayed.most_reserved + outside
    device = reserved + context
    low = int(value("band_low") * _certain(setting, log, peak))
    return Figures(allocated, reserved, device, low, int(device * value("band_high")), peak, phase_peaks(log), replayed.flushes)


def with_workspaces(log: Log) -> Log:
    """The log with the workspaces of cuBLAS, each taken at the first matrix product of its thread and never given back."""
    made = Rewriter(log)
    for phase in ("forward", "backward"):
        for begin, end in passes(log, phase):
            first = next((at for at in range(begin, end) if _is_product(log, log.events[at])), None)
            if first is not None:
                made.add(first, None, WORKSPACE, "workspace", phase)
                break
    return made.run({})


def _is_product(log: Log, event: int) -> bool:
    return event > 0 and log.blocks[event - 1].operator.partition(".")[0] in _PRODUCTS


def unexplained(setting: Setting) -> int:
    """Bytes that a family's published figures hold and no tensor accounts for (the recipes of `models/memory.json`); NCCL's buffers."""
    usual = profile_of("hf-trainer").reserved_constant
    nccl = int(value("nccl")) if setting.world > 1 else 0
    return max(0, int(setting.profile.reserved_constant - usual)) + nccl


def _certain(setting: Setting, log: Log, peak: Peak) -> int:
    """The part of the peak that the lengths of samples do not change, and half of the rest where samples may be shorter."""
    if setting.packed or setting.profile.full_length:
        return peak.size
    found = categories_at(log, peak.event)
    fixed = sum(found.get(name, 0) for name in ("parameters", "buffers", "gradients", "optimizer", "step temporaries"))
    return fixed + int(value("reached_length") * (peak.size - fixed))


__all__ = ["Figures", "categories_at", "figures_of", "holders_at", "timeline"]
