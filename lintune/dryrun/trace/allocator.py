"""The CUDA caching allocator, replayed over a log: what it reserves from the driver, and what its blocks take.

After c10/cuda/CUDACachingAllocator.cpp with its default settings: blocks are rounded to 512 B; those up to 1 MiB come from segments of
2 MiB, those below 10 MiB from segments of 20 MiB, larger ones from segments of their own, rounded to 2 MiB; best fit, split, merge.
With expandable segments each pool is one growing segment, mapped in pages of 2 or 20 MiB.
"""

from bisect import bisect_left, insort
from collections.abc import Collection
from dataclasses import dataclass, field

from lintune.dryrun.trace.history import rounded
from lintune.dryrun.trace.lives import Log

_MIB = 1 << 20
_SMALL, _MIDDLE = _MIB, 10 * _MIB
_SMALL_SEGMENT, _MIDDLE_SEGMENT, _LARGE_ROUNDING = 2 * _MIB, 20 * _MIB, 2 * _MIB


@dataclass(slots=True)
class _Pool:
    """The free pieces of one pool: size, segment and offset, sorted."""

    small: bool
    free: list[tuple[int, int, int]] = field(default_factory=list)
    starts: dict[tuple[int, int], int] = field(default_factory=dict)
    """Size of a free piece by segment and offset."""
    ends: dict[tuple[int, int], int] = field(default_factory=dict)
    """Offset of a free piece by segment and end."""
    mapped: int = 0
    """Bytes of the growing segment."""

    def put(self, size: int, segment: int, offset: int) -> None:
        """Gives a piece back, merged with its free neighbours."""
        after = self.starts.get((segment, offset + size))
        if after is not None:
            self.take(after, segment, offset + size)
            size += after
        before = self.ends.get((segment, offset))
        if before is not None:
            length = offset - before
            self.take(length, segment, before)
            size, offset = size + length, before
        insort(self.free, (size, segment, offset))
        self.starts[segment, offset] = size
        self.ends[segment, offset + size] = offset

    def take(self, size: int, segment: int, offset: int) -> None:
        """Takes a free piece off."""
        del self.free[bisect_left(self.free, (size, segment, offset))]
        del self.starts[segment, offset]
        del self.ends[segment, offset + size]


class CachingAllocator:
    """The allocator; `reserved` and `allocated` in bytes, with the most that each was."""

    def __init__(self, expandable: bool = False, capacity: int = 0) -> None:
        """`capacity`: bytes that the card has for segments; where they would not do, unused segments go back first. 0: no end."""
        self.expandable = expandable
        self.capacity = capacity
        self.allocated = self.reserved = 0
        self.most_allocated = self.most_reserved = 0
        self.flushes = 0
        """How often unused segments were given back."""
        self._pools: dict[tuple[str, bool], _Pool] = {}
        self._blocks: dict[int, tuple[int, int, int, _Pool]] = {}
        self._segments: dict[int, int] = {}
        self._made = 0

    def replay(self, log: Log, releases: Collection[int] = ()) -> "CachingAllocator":
        """Runs a whole log; `releases`: the events before which the program gives unused segments back."""
        for index, event in enumerate(log.events):
            if index in releases:
                self.release()
                self.most_reserved = self.reserved
            if event > 0:
                block = log.blocks[event - 1]
                self.malloc(event - 1, block.size, block.stream)
            else:
                self.free(-event - 1)
        return self

    def malloc(self, number: int, size: int, stream: str = "") -> None:
        """A block by number; one of 0 bytes takes nothing. Streams do not share segments."""
        size = rounded(size)
        if not size:
            return
        small = size <= _SMALL
        pool = self._pools.setdefault((stream, small), _Pool(small))
        length, segment, offset = self._piece(pool, size)
        rest = length - size
        if rest >= 512 if small or self.expandable else rest > _SMALL:
            pool.put(rest, segment, offset + size)
            length = size
        self._blocks[number] = length, segment, offset, pool
        self.allocated += length
        self.most_allocated = max(self.most_allocated, self.allocated)

    def free(self, number: int) -> None:
        """The end of a block."""
        known = self._blocks.pop(number, None)
        if known is not None:
            length, segment, offset, pool = known
            self.allocated -= length
            pool.put(length, segment, offset)

    def _piece(self, pool: _Pool, size: int) -> tuple[int, int, int]:
        """A piece of at least a size: the smallest free one, or of a new segment."""
        place = bisect_left(pool.free, (size, -9, -1))
        if place < len(pool.free):
            piece = pool.free[place]
            pool.take(*piece)
            return piece
        if self.expandable:
            return self._grown(pool, size)
        segment = _SMALL_SEGMENT if pool.small else _MIDDLE_SEGMENT if size < _MIDDLE else rounded(size, _LARGE_ROUNDING)
        self._reserve(segment)
        self._made += 1
        self._segments[self._made] = segment
        return segment, self._made, 0

    def _grown(self, pool: _Pool, size: int) -> tuple[int, int, int]:
        """A piece at the end of the pool's growing segment, with the free tail that is there."""
        number, offset = 0, pool.mapped
        tail = pool.ends.get((number, pool.mapped))
        if tail is not None:
            pool.take(pool.mapped - tail, number, tail)
            offset = tail
        end = rounded(offset + size, _SMALL_SEGMENT if pool.small else _MIDDLE_SEGMENT)
        self._reserve(end - pool.mapped)
        pool.mapped = end
        return end - offset, number, offset

    def _reserve(self, size: int) -> None:
        if self.capacity and self.reserved + size > self.capacity:
            self.release()
            self.flushes += 1
        self.reserved += size
        self.most_reserved = max(self.most_reserved, self.reserved)

    def release(self) -> None:
        """Gives back every segment that no block is in (`torch.cuda.empty_cache`)."""
        for pool in self._pools.values():
            for size, segment, offset in list(pool.free):
                if segment > 0 and self._segments.get(segment) == size:
                    pool.take(size, segment, offset)
                    del self._segments[segment]
                    self.reserved -= size
