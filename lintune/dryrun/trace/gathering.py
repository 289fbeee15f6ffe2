"""Which sharded parameters are gathered when: by module as ZeRO-3 does it, or by unit as FSDP does it, along the visits of a log.

ZeRO-3 releases a module's parameters after use unless they are used again within `max_reuse` elements of what comes next
(deepspeed/runtime/zero/partitioned_param_coordinator.py _params_to_release). FSDP 1 gathers a unit when it is reached and releases it when
it is done; in the backward pass the next is gathered before (BACKWARD_PRE), and the root stays from its first use to its last
(torch/distributed/fsdp/_runtime_utils.py).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from lintune.dryrun.trace.history import phase_at
from lintune.dryrun.trace.lives import Log

ROOT = "root"
"""The unit of what is in no layer."""
_LAYER = re.compile(r"^(.*?\.(?:layers|h|blocks|layer)\.\d+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Gathered:
    """Parameters that are whole on a rank from one event to another."""

    begin: int
    end: int
    size: int
    group: str = ""
    """The module or unit."""


@dataclass(frozen=True, slots=True)
class _Visit:
    event: int
    group: str


def unit_of(module: str) -> str:
    """The unit of a module where each layer is one, and the rest another."""
    found = _LAYER.match(module)
    return found.group(1) if found else ROOT


def gathered_by_module(log: Log, sizes: dict[str, int], max_reuse: int) -> list[Gathered]:
    """ZeRO-3's gathered parameters; `sizes`: bytes of 16-bit elements by module; `max_reuse`: elements."""
    visits = _both_ways(log, sizes, lambda module: module)

    def kept(index: int) -> bool:
        group, passed = visits[index].group, 0
        for later in visits[index + 1 :]:
            if later.group == group:
                return True
            passed += sizes[later.group] // 2
            if passed > max_reuse:
                return False
        return False

    return _intervals(log, visits, sizes, kept, lambda _: 0)


def gathered_by_unit(log: Log, sizes: dict[str, int], reshard: bool = True) -> list[Gathered]:
    """FSDP's gathered units; `sizes`: bytes by unit; `reshard`: whether units are released between forward and backward pass.

    The root unit stays gathered from the first use of a pass to the end of its backward.
    """
    visits = _both_ways(log, sizes, unit_of)
    backward = [phase_at(log, each.event) == "backward" for each in visits]
    found = _intervals(log, visits, sizes, lambda index: not (reshard or backward[index]), lambda index: int(backward[index]))
    found = [each for each in found if each.group != ROOT]
    if sizes.get(ROOT):
        found += [Gathered(begin, end, sizes[ROOT], ROOT) for begin, end in _rounds(log)]
    return found


def _rounds(log: Log) -> list[tuple[int, int]]:
    """Begin and end of every forward pass with its backward pass."""
    spans, found = _spans(log), []
    for index, (begin, _, name) in enumerate(spans):
        if name == "forward":
            found.append((begin, next((end for _, end, other in spans[index + 1 :] if other == "backward"), len(log.events))))
    return found


def _both_ways(log: Log, sizes: dict[str, int], group_of: Callable[[str], str]) -> list[_Visit]:
    """The visits of every forward and backward pass, in order; the backward ones in reverse, where no recomputation shows them."""
    visits: list[_Visit] = []
    starts = [event for event, _ in log.visits]
    bounds = [*log.phases, (len(log.events), "")]
    for (begin, phase), (end, _) in pairwise(bounds):
        if phase not in ("forward", "backward") or begin == end:
            continue
        inside = [_Visit(event, group_of(name)) for event, name in log.visits[bisect_left(starts, begin) : bisect_left(starts, end)]]
        inside = [each for each in inside if sizes.get(each.group)]
        if phase == "backward":
            inside = _backward(_merged(visits), inside, begin, end)
        visits += inside
    return _merged(visits)


def _backward(before: list[_Visit], recomputed: list[_Visit], begin: int, end: int) -> list[_Visit]:
    """The modules in reverse order of the pass before; at the events where they were recomputed, else spread evenly."""
    order: list[str] = []
    for visit in reversed(before):
        if visit.group in order and visit.group == before[-1].group:
            break
        if visit.group not in order:
            order.append(visit.group)
    at = {visit.group: visit.event for visit in recomputed}
    step = (end - begin) / max(1, len(order))
    found = [_Visit(at.get(group, int(begin + index * step)), group) for index, group in enumerate(order)]
    return sorted([*recomputed, *found], key=lambda visit: visit.event)


def _merged(visits: list[_Visit]) -> list[_Visit]:
    """Visits of the same group that follow each other as one."""
    return [each for index, each in enumerate(visits) if index == 0 or visits[index - 1].group != each.group]


def _intervals(
    log: Log, visits: list[_Visit], sizes: dict[str, int], kept: Callable[[int], bool], ahead: Callable[[int], int]
) -> list[Gathered]:
    """From visits to the time that each group is gathered; `ahead`: by how many visits a group is gathered before its own."""
    found: list[Gathered] = []
    since: dict[str, int] = {}
    spans = {begin: end for begin, end, _ in _spans(log)}
    starts = sorted(spans)
    for index, visit in enumerate(visits):
        start = starts[max(0, bisect_right(starts, visit.event) - 1)]
        since.setdefault(visit.group, max(start, visits[max(0, index - ahead(index))].event))
        if not kept(index):
            following = visits[index + 1].event if index + 1 < len(visits) else len(log.events)
            found.append(Gathered(since.pop(visit.group), min(spans[start], following), sizes[visit.group], visit.group))
    found += [Gathered(begin, len(log.events), sizes[group], group) for group, begin in since.items()]
    return found


def _spans(log: Log) -> list[tuple[int, int, str]]:
    """Begin, end and name of every stretch of a phase that has events."""
    bounds = [(0, "build"), *log.phases, (len(log.events), "")]
    return [(begin, end, name) for (begin, name), (end, _) in pairwise(bounds) if begin < end]
