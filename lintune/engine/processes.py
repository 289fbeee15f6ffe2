"""What a process has started, at any depth: its memory, and its end. From /proc; where there is none, only the process itself."""

import os
from collections.abc import Iterable
from contextlib import suppress

KILL = 9


def descendants(pid: int) -> list[int]:
    """The processes that one has started and those that these have started, also such as began a session of their own."""
    children: dict[int, list[int]] = {}
    for number, fields in _table():
        children.setdefault(int(fields[1]), []).append(number)
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def resident_bytes(pids: Iterable[int]) -> int:
    """Resident memory of these processes; what two of them share counts twice. 0 where the system does not tell."""
    wanted = set(pids)
    return sum(int(fields[21]) for number, fields in _table() if number in wanted) * _page() if wanted else 0


def kill_all(pids: Iterable[int]) -> None:
    """End these processes at once; those that have ended, or are not ours, are passed over."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, KILL)


def kill_below(pid: int) -> None:
    """End all that a process has started, also what is started meanwhile."""
    for _ in range(20):
        running = [number for number, fields in _table() if fields[0] not in "ZX"]
        found = [each for each in descendants(pid) if each in running]
        if not found:
            return
        kill_all(found)


def _page() -> int:
    return os.sysconf("SC_PAGE_SIZE")


def _table() -> list[tuple[int, list[str]]]:
    """Every process with the fields of its `stat` from the state on: state, ppid, pgrp, session ... (proc(5))."""
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []
    found = []
    for number in numbers:
        try:
            with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as stream:
                fields = stream.read().rpartition(")")[2].split()  # the name before it may hold blanks and parentheses
        except OSError:
            continue
        if len(fields) > 21:
            found.append((int(number), fields))
    return found
