"""Unknown conditions: each way is taken in a state of its own, and the states are joined again."""

from collections.abc import Callable

from lintune.launch.shell_flow import Break, Exit, Leave
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_state import State, merge
from lintune.source.record import dataclass


@dataclass(slots=True)
class Way:
    """One way through an unknown condition: the state it leaves, or how it leaves the code around it."""

    state: State
    leave: Leave | None


def tested(machine: Machine, test: Callable[[], None]) -> frozenset[str]:
    """Runs a condition; the names whose being unset it asked for."""
    saved, machine.nullable = machine.nullable, set()
    try:
        test()
        return frozenset(machine.nullable)
    finally:
        machine.nullable |= saved


def take_way(machine: Machine, base: State, run: Callable[[], None], certain: bool = False) -> Way:
    """Takes one way from a state."""
    machine.state = base.copy()
    depth, machine.unsure = machine.depth, machine.unsure + (not certain)
    unsure = machine.unsure
    try:
        run()
        return Way(machine.state, None)
    except Leave as leave:
        return Way(machine.state, leave)
    finally:
        machine.depth, machine.unsure = depth, unsure - (not certain)


def join_ways(machine: Machine, ways: list[Way], reason: str, prefer: frozenset[str]) -> None:
    """Goes on after one of several ways was taken; ways that leave the script are over."""
    staying = [way for way in ways if not isinstance(way.leave, Exit)]
    if not staying:
        leave = ways[0].leave
        machine.state = ways[0].state
        raise leave if leave is not None else Exit
    straight = [way for way in staying if way.leave is None]
    machine.may_break = machine.may_break or any(isinstance(way.leave, Break) for way in staying)
    first = staying[0].leave
    if not straight and first is not None:
        machine.state = merged(staying, reason, prefer)
        raise first
    machine.aside.extend(way.state for way in staying if way.leave is not None)
    machine.state = merged(straight, reason, prefer)


def merged(ways: list[Way], reason: str, prefer: frozenset[str]) -> State:
    """What is known whichever of the ways was taken."""
    state = ways[0].state
    for way in ways[1:]:
        state = merge(state, way.state, reason, prefer)
    return state


def perhaps(machine: Machine, run: Callable[[], None], reason: str, prefer: frozenset[str]) -> None:
    """Runs what an unknown condition may skip."""
    base = machine.state
    taken = take_way(machine, base, run)
    machine.state = base
    join_ways(machine, [taken, Way(base, None)], reason, prefer)


def gathered(machine: Machine, run: Callable[[], None], reason: str) -> None:
    """Runs a loop's turn or a function's body, and joins the ways that left it early."""
    saved, machine.aside = machine.aside, []
    try:
        run()
    finally:
        for state in machine.aside:
            machine.state = merge(machine.state, state, reason)
        machine.aside = saved
