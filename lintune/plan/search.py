"""The search for plans: combinations of changes that fit, the least intrusive first, in each class the fastest.

Classes are those of `change.REACH`; within one the plan comes first that takes least away, then the fastest. A plan stands in the list
when no part of it fits alone, and when it is faster than every plan that changes less of the training (else there is no reason for it).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from lintune.memory.estimate import Estimate
from lintune.memory.modes import Estimator
from lintune.memory.setting import Setting
from lintune.plan.change import REACH, Change, applied, reach_of
from lintune.plan.speed import seconds_per_token
from lintune.source.record import dataclass

MOST_CHANGES = 4
"""Of one plan: more are hard to follow, and rarely needed."""
MOST_TRIED = 700
"""Combinations per class, those of few changes first."""
PER_CLASS = 2
MOST_REFUSED = 10
"""Of a class: so many that bring faults of their own are passed over."""
SLOWER = 1.25
"""A second plan of a class may take so many times the time of the first: beyond that it is no alternative."""
FASTER = 0.97
"""A plan that changes more has to take at most this share of the time of those that change less."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes that fit together, and what the launch is with them."""

    changes: tuple[Change, ...]
    setting: Setting
    estimate: Estimate
    verdict: str
    """`fits`, or `uncertain` where only the middle of the estimate fits."""
    time: float
    """Per token, over that of the launch as configured."""
    reach: int


@dataclass(frozen=True, slots=True)
class Search:
    """What plans are looked for in."""

    setting: Setting
    knobs: tuple[tuple[Change, ...], ...]
    capacity: int
    estimator: Estimator
    resolve: Callable[[Change], Setting] | None = None
    """The setting with one change of what is trained, as the launch's own script would do it; None: as the change says."""
    allows: Callable[[tuple[Change, ...], Setting], bool] | None = None
    """Whether a launch with these changes is free of new faults; None: all are."""


def smaller(search: Search) -> tuple[Plan, ...]:
    """The plans that make a launch fit; where none certainly does, those that may."""
    return _plans(search, "fits") or _plans(search, "uncertain")


def _plans(search: Search, verdict: str) -> tuple[Plan, ...]:
    now = seconds_per_token(search.setting, search.setting.length)
    bases: dict[str, Setting] = {}
    kept: list[Plan] = []
    for reach in range(len(REACH)):
        fitting = [plan for changes in _of_reach(search.knobs, reach) if (plan := _plan(search, changes, bases, now, verdict))]
        fitting.sort(key=_order)
        fastest = min((plan.time for plan in kept), default=None)
        taken = refused = 0
        for plan in fitting:
            if taken == PER_CLASS or refused == MOST_REFUSED:
                break
            if (fastest is not None and plan.time > FASTER * fastest) or (taken and plan.time > SLOWER * kept[-1].time):
                continue
            if any(set(_titles(other)) <= set(_titles(plan)) or _knobs(other) == _knobs(plan) for other in kept):
                continue
            if _allowed(search, plan):
                kept.append(plan)
                taken += 1
            else:
                refused += 1
    return tuple(kept)


def _allowed(search: Search, plan: Plan) -> bool:
    return search.allows is None or search.allows(plan.changes, plan.setting)


def _order(plan: Plan) -> tuple[float, float, int, int]:
    """Within a class: what takes least away, then the fastest, then the fewest changes."""
    return sum(change.loss for change in plan.changes), round(plan.time, 2), len(plan.changes), plan.estimate.device


def _titles(plan: Plan) -> tuple[str, ...]:
    return tuple(change.title for change in plan.changes)


def _knobs(plan: Plan) -> tuple[str, ...]:
    return tuple(change.knob for change in plan.changes)


def _of_reach(knobs: Sequence[tuple[Change, ...]], reach: int) -> Iterator[tuple[Change, ...]]:
    """The combinations whose farthest change is of this class, those of few changes first."""
    choices = [(None, *(change for change in knob if change.reach <= reach)) for knob in knobs]
    found = []
    for chosen in product(*choices):
        changes = tuple(change for change in chosen if change is not None)
        if changes and len(changes) <= MOST_CHANGES and reach_of(changes) == reach and _go_together(changes):
            found.append(changes)
    found.sort(key=len)
    yield from found[:MOST_TRIED]


def _go_together(changes: tuple[Change, ...]) -> bool:
    """What excludes each other: foreign optimizers on the host, 4-bit weights under ZeRO-3, and what a new adapter undoes."""
    said = {name: value for change in changes for name, value in change.settings}
    zero = str(said.get("zero", ""))
    if "optim.name" in said and "host" in zero:
        return False
    if said.get("tuning") in ("qlora", "quantised") and zero.startswith("3"):
        return False
    return not (said.get("tuning") in ("lora", "qlora") and {"adapter.rank", "adapter.targets", "tune.vision.mode"} & said.keys())


def _plan(search: Search, changes: tuple[Change, ...], bases: dict[str, Setting], now: float, verdict: str) -> Plan | None:
    setting = changed(search, changes, bases)
    found = search.estimator(setting)
    said = found.fits(search.capacity)
    if said != verdict or (verdict == "uncertain" and found.device > search.capacity):
        return None
    return Plan(changes, setting, found, said, seconds_per_token(setting, search.setting.length) / now, reach_of(changes))


def changed(search: Search, changes: tuple[Change, ...], bases: dict[str, Setting]) -> Setting:
    """The setting with these changes; what the launch's own script makes of one that it decides is kept in `bases`."""
    first = next((change for change in changes if change.knob in ("tuning", "vision", "targets")), None)
    if first is None or search.resolve is None:
        return applied(search.setting, changes)
    if first.title not in bases:
        bases[first.title] = first.apply(search.resolve(first))
    return applied(bases[first.title], tuple(change for change in changes if change is not first))


def faster(search: Search) -> tuple[Plan, ...]:
    """What makes better use of memory that is free: combinations that certainly fit and take less time, the fastest first."""
    now = seconds_per_token(search.setting, search.setting.length)
    found = []
    for chosen in product(*((None, *knob) for knob in search.knobs)):
        changes = tuple(change for change in chosen if change is not None)
        if not changes:
            continue
        plan = _plan(search, changes, {}, now, "fits")
        if plan is not None and plan.time < FASTER:
            found.append(plan)
    found.sort(key=lambda plan: (plan.reach, round(plan.time, 2), len(plan.changes), plan.estimate.device))
    best: dict[int, list[Plan]] = {}
    for plan in found:
        kept = best.setdefault(plan.reach, [])
        if len(kept) < PER_CLASS and not any(_knobs(plan) == _knobs(other) for other in kept) and _allowed(search, plan):
            kept.append(plan)
    return tuple(plan for kept in best.values() for plan in kept)
