"""A log written anew: blocks of other sizes or left out, others added between its events."""

from itertools import pairwise

from lintune.dryrun.trace.lives import Block, Log


class Rewriter:
    """The new log, event by event."""

    def __init__(self, old: Log) -> None:
        self.old, self.log = old, Log()
        self.numbers: dict[int, int] = {}
        self.at: dict[int, list[tuple[int, Block, int | None]]] = {}
        """Blocks to add before an event: order, block, and the event before which it ends (None: never)."""
        self._ends: dict[int, list[int]] = {}

    def add(self, begin: int, end: int | None, size: float, category: str, phase: str = "", module: str = "", stream: str = "") -> None:
        """A block of the overlay's own, alive from before an event to before another."""
        if size >= 1:
            end = end if end is None else max(end, begin + 1)
            block = Block(int(size), category, phase, "overlay", module, stream)
            self.at.setdefault(begin, []).append((len(self.at), block, end))

    def _end(self, event: int) -> None:
        for number in self._ends.pop(event, ()):
            self.log.died(number)

    def _begin(self, event: int) -> None:
        for _, block, end in self.at.get(event, ()):
            number = self.log.born(block)
            if end is not None:
                self._ends.setdefault(end, []).append(number)

    def run(self, keep: dict[int, int]) -> Log:
        """Writes the log; `keep`: new sizes of old blocks, 0 for those that are left out."""
        phases = iter([*self.old.phases, (len(self.old.events) + 1, "")])
        coming, phase = next(phases)
        for index, event in enumerate(self.old.events):
            self._end(index)
            while index >= coming:
                self.log.phases.append((len(self.log.events), phase))
                coming, phase = next(phases)
            self._begin(index)
            number = abs(event) - 1
            size = keep.get(number, self.old.blocks[number].size)
            if not size:
                continue
            if event > 0:
                old = self.old.blocks[number]
                self.numbers[number] = self.log.born(
                    Block(size, old.category, old.phase, old.operator, old.module, old.stream, old.trained)
                )
            else:
                self.log.died(self.numbers[number])
        self._end(len(self.old.events))
        self._begin(len(self.old.events))
        return self.log


def passes(log: Log, phase: str) -> list[tuple[int, int]]:
    """Begin and end of every stretch of a phase."""
    bounds = [*log.phases, (len(log.events), "")]
    return [(begin, end) for (begin, name), (end, _) in pairwise(bounds) if name == phase]
