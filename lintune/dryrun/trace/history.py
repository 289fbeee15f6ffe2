"""What a log of storages tells: the peak, when it was, what was alive then, and the curve over the step."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from re import sub

from lintune.dryrun.trace.lives import Block, Log

ROUNDING = 512
"""Bytes to which the CUDA caching allocator rounds each block (c10/cuda/CUDACachingAllocator.h kMinBlockSize)."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest moment of a log."""

    size: int
    event: int
    phase: str
    operator: str
    module: str


@dataclass(frozen=True, slots=True)
class Holder:
    """What the blocks of a kind of module hold at the peak."""

    module: str
    """Its path, numbers of layers replaced by `*`."""
    category: str
    size: int
    blocks: int


def rounded(size: int, rounding: int = ROUNDING) -> int:
    """Bytes that a block of a size takes."""
    return -(-size // rounding) * rounding


def phase_at(log: Log, event: int) -> str:
    """The phase that an event belongs to."""
    place = bisect_right(log.phases, event, key=lambda mark: mark[0])
    return log.phases[place - 1][1] if place else "build"


def find_peak(log: Log, rounding: int = ROUNDING) -> Peak:
    """The first moment at which the most is alive."""
    size = most = 0
    where = 0
    for index, event in enumerate(log.events):
        if event > 0:
            size += rounded(log.blocks[event - 1].size, rounding)
            if size > most:
                most, where = size, index
        else:
            size -= rounded(log.blocks[-event - 1].size, rounding)
    last = log.blocks[abs(log.events[where]) - 1] if log.events else Block(0, "", "build", "", "")
    return Peak(most, where, phase_at(log, where), last.operator, last.module)


def phase_peaks(log: Log, rounding: int = ROUNDING) -> dict[str, int]:
    """The most that is alive in each phase."""
    size, found = 0, Counter[str]()
    marks = iter([*log.phases, (len(log.events) + 1, "")])
    phase, (begins, coming) = "build", next(marks)
    for index, event in enumerate(log.events):
        while index >= begins:
            phase, (begins, coming) = coming, next(marks)
        size += rounded(log.blocks[event - 1].size, rounding) if event > 0 else -rounded(log.blocks[-event - 1].size, rounding)
        found[phase] = max(found[phase], size)
    return dict(found)


def alive_at(log: Log, event: int) -> set[int]:
    """Numbers of the blocks that are alive after an event."""
    alive: set[int] = set()
    for each in log.events[: event + 1]:
        if each > 0:
            alive.add(each - 1)
        else:
            alive.discard(-each - 1)
    return alive


def categories_at(log: Log, event: int, rounding: int = ROUNDING) -> dict[str, int]:
    """Bytes alive after an event, by category, the largest first."""
    found = Counter[str]()
    for number in alive_at(log, event):
        found[log.blocks[number].category] += rounded(log.blocks[number].size, rounding)
    return dict(found.most_common())


def holders_at(log: Log, event: int, most: int = 20, rounding: int = ROUNDING) -> list[Holder]:
    """What holds the memory after an event, by kind of module and category, the largest first."""
    sizes, counts = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for number in alive_at(log, event):
        block = log.blocks[number]
        key = sub(r"\.\d+(?=\.|$)", ".*", block.module), block.category
        sizes[key] += rounded(block.size, rounding)
        counts[key] += 1
    return [Holder(module, category, size, counts[module, category]) for (module, category), size in sizes.most_common(most)]


def timeline(log: Log, points: int = 200, rounding: int = ROUNDING) -> list[tuple[int, int, str]]:
    """The curve: event, the most that is alive in the stretch that begins there, and its phase; about `points` of them."""
    stretch = max(1, -(-len(log.events) // points))
    size, most, begin = 0, 0, 0
    curve: list[tuple[int, int, str]] = []
    for index, event in enumerate(log.events):
        size += rounded(log.blocks[event - 1].size, rounding) if event > 0 else -rounded(log.blocks[-event - 1].size, rounding)
        most = max(most, size)
        if index - begin + 1 == stretch or index + 1 == len(log.events):
            curve.append((begin, most, phase_at(log, begin)))
            begin, most = index + 1, size
    return curve
