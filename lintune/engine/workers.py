"""Checking many files in several processes. Each inherits the project and the rules by a fork, and answers with plain data."""

import os
from collections.abc import Sequence

from lintune.engine.file_check import Checker
from lintune.engine.kept_checks import Answered, answered
from lintune.engine.outcome import Task
from lintune.engine.questions import WatchedProject
from lintune.source.record import dataclass

_CHUNK = 12
"""Neighbours start the same training script, so that a worker reads it once."""


@dataclass(slots=True)
class _Work:
    checker: Checker
    project: WatchedProject
    tasks: Sequence[Task]


_inherited: list[_Work] = []
"""The work that forked processes take over."""


def processors() -> int:
    """How many processes can run at once."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def check_in_processes(checker: Checker, project: WatchedProject, tasks: Sequence[Task]) -> dict[Task, Answered]:
    """What the tasks find, as far as it has a plain form; nothing where processes cannot be forked."""
    if processors() < 2 or not hasattr(os, "fork"):
        return {}
    from multiprocessing import get_context

    _inherited.append(_Work(checker, project, tasks))
    try:
        with get_context("fork").Pool(min(processors(), 8)) as pool:
            answers = pool.map(_answer, range(len(tasks)), _CHUNK)
    except OSError:  # no semaphores, no processes: it is done here
        return {}
    finally:
        _inherited.pop()
    return {task: answer for task, answer in zip(tasks, answers, strict=True) if answer is not None}


def _answer(number: int) -> Answered | None:
    work = _inherited[-1]
    work.project.asked = {}
    return answered(work.checker.check(work.tasks[number]), work.project)
