"""The child's loop: a folder per line of standard input, the status of its work per line of standard output.

`fork`: torch and what is built on it are imported once, and every request is answered by a fork, which leaves nothing behind. `once`:
one request, answered here. When standard input ends, the parent is gone, and so is all that was started.
"""

import os
import select
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from lintune.dryrun.stage import VARIABLE, report_stage
from lintune.engine.processes import KILL, kill_below

Work = Callable[[str, float], int]
"""Answers the request in a folder; told how long the imports took. Returns the exit status."""
_WARM = (
    "torch", "transformers", "peft", "accelerate", "transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama",
    "lintune.dryrun.build", "lintune.dryrun.count", "lintune.dryrun.trace.replicas.catalogue", "lintune.dryrun.quantised",
)  # fmt: skip
"""What most requests need."""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): what loses its parent becomes ours, so that it can be found and ended."""
_END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""


def serve(fork: bool, work: Work) -> int:
    """Answer requests until the parent has no more; returns the exit status."""
    words, sys.stdout = os.fdopen(os.dup(1), "w", encoding="ascii"), sys.stderr
    os.dup2(2, 1)  # what imported code prints must not be taken for a word to the parent
    took = _warm() if fork else 0.0
    while folder := _line():
        status = _forked(folder, work, took, words.fileno()) if fork else _here(folder, work)
        words.write(f"{status}\n")
        words.flush()
        if not fork:
            return status
        took = 0.0
    return 0


def _warm() -> float:
    """Import what can be; what cannot is for the answer to say. Returns the seconds."""
    import gc
    from importlib import import_module

    started = time.perf_counter()
    _prctl(_SUBREAPER, 1)
    report_stage("importing torch and transformers")
    with suppress(Exception):
        for name in _WARM:
            import_module(name)
    gc.freeze()  # collections in a fork would copy what is shared
    return time.perf_counter() - started


def _prctl(option: int, value: int) -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError, TypeError):  # not Linux
        return


def _line() -> str:
    """The next line, without buffering: while a request is worked on, anything on standard input is its end."""
    found = b""
    while not found.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            return ""
        found += more
    return os.fsdecode(found[:-1])


def _here(folder: str, work: Work) -> int:
    _settle(folder)
    return work(folder, 0.0)


def _settle(folder: str) -> None:
    """Make the request's folder the place where everything of it goes."""
    import tempfile

    os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.makedirs(os.path.join(folder, "empty"), exist_ok=True)
    os.chdir(os.path.join(folder, "empty"))


def _forked(folder: str, work: Work, took: float, words: int) -> int:
    """The status of a fork that works on a request; minus the signal where one ended it."""
    pid = os.fork()
    if not pid:
        _prctl(_END_WITH_PARENT, KILL)
        os.close(words)
        _in_fork(folder, work, took)
    while True:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if ended is not None:
            break
        if select.select([0], [], [], 0.02)[0]:
            kill_below(os.getpid())
            shutil.rmtree(os.path.dirname(folder), ignore_errors=True)
            os._exit(1)
    kill_below(os.getpid())  # what it left running
    _, code = os.waitpid(pid, 0)
    _reap()
    return os.waitstatus_to_exitcode(code)


def _reap() -> None:
    """Take note of the end of adopted processes."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _in_fork(folder: str, work: Work, took: float) -> None:
    """Answer with standard error in a file of its own, and end."""
    status = 1
    try:
        os.environ[VARIABLE] = os.path.join(os.path.dirname(folder), "stage")
        errors = os.open(os.path.join(folder, "stderr"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(errors, 1)
        os.dup2(errors, 2)
        _settle(folder)
        status = work(folder, took)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # taking torch down takes longer than a second
