"""Running the dry run's child process: its own interpreter, folder and limits; nothing it starts outlives it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

from lintune.dryrun.protocol import ProtocolError, Request, Result, failed, result_from_json, to_json
from lintune.source.record import dataclass

# Only lintune itself is made importable: its neighbours in the parent's site-packages must not shadow the child's packages. The working
# folder is an empty one, so that nothing of the repository under check is imported.
_START = """\
import sys, importlib.util as util
spec = util.spec_from_file_location("lintune", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["lintune"] = util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["lintune"])
del sys.argv[1]
import runpy
runpy.run_module("lintune.dryrun", run_name="__main__", alter_sys=True)
"""
_LOOK_EVERY = 0.1
_LAUNCHED = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK")
"""Variables that would make the child take itself for one process of a launch."""
Progress = Callable[[str, float], None]
"""Told what the child is doing, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child process ended."""

    status: int
    seconds: float
    killed_for: str = ""
    """`memory-limit` or `time-limit` where a limit ended it."""
    peak_bytes: int = 0
    """The most resident memory that was seen of it and what it started; 0 where it cannot be told."""
    said: str = ""
    """The last line on its standard error."""


def run_child(request: Request, interpreter: str = "", progress: Progress | None = None) -> Result:
    """Start the child, wait, and return its result; whatever goes wrong becomes the result's problem."""
    python = interpreter or sys.executable
    with TemporaryDirectory(prefix="lintune-") as folder:
        asked, answered, stage = (os.path.join(folder, name) for name in ("request.json", "result.json", "stage"))
        with open(asked, "w", encoding="utf-8") as stream:
            stream.write(to_json(request))
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        words = [python, "-c", _START, package, asked, answered]
        try:
            ended = _run(words, folder, stage, request, progress)
        except OSError as error:
            return failed(
                request.action, "no-interpreter", f"`{python}` cannot be started: {error.strerror or error}", "give `--env PYTHON`"
            )
        return _result(answered, request, ended)


def _environment(stage: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LAUNCHED}
    return {**kept, "LINTUNE_DRY_RUN_STAGE": stage, "HF_HUB_OFFLINE": "1", "PYTHONSAFEPATH": "1"}


def _run(words: list[str], folder: str, stage: str, request: Request, progress: Progress | None) -> Ended:
    errors = os.path.join(folder, "stderr")
    with open(errors, "wb") as stderr, open(os.path.join(folder, "stdout"), "wb") as stdout:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=folder, env=_environment(stage), start_new_session=True
        )  # fmt: skip
        try:
            ended = _watched(child, stage, request, progress)
        finally:
            _kill(child)
    if os.environ.get("LINTUNE_TRACEBACK"):
        with open(errors, encoding="utf-8", errors="replace") as stream:
            sys.stderr.write(stream.read())
    return Ended(ended.status, ended.seconds, ended.killed_for, ended.peak_bytes, _last_line(errors))


def _watched(child: "subprocess.Popen[bytes]", stage: str, request: Request, progress: Progress | None) -> Ended:
    """Wait for the child; end it where it is over a limit."""
    started, peak = time.monotonic(), 0
    limits = request.options
    while True:
        try:
            status = child.wait(_LOOK_EVERY)
            return Ended(status, time.monotonic() - started, "", peak)
        except subprocess.TimeoutExpired:
            pass
        seconds = time.monotonic() - started
        used = resident_bytes(child.pid)
        peak = max(peak, used)
        if progress is not None:
            progress(_read(stage) or "starting", seconds)
        over = "memory-limit" if limits.memory_limit_bytes and used > limits.memory_limit_bytes else ""
        over = over or ("time-limit" if limits.time_limit_s and seconds > limits.time_limit_s else "")
        if over:
            _kill(child)
            return Ended(child.wait(), seconds, over, peak)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """End the child and everything it started: they are one process group."""
    try:
        import signal

        os.killpg(child.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):  # Windows has no groups; a group that has ended is gone
        if child.poll() is None:
            child.kill()


def resident_bytes(group: int) -> int:
    """Resident memory of all processes of a group, from /proc; 0 where the system has none."""
    total = 0
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return 0
    page = os.sysconf("SC_PAGE_SIZE")
    for number in numbers:
        # stat: pid (name) state ppid pgrp ...; the name may hold blanks and parentheses
        fields = _read(f"/proc/{number}/stat").rpartition(")")[2].split()
        if len(fields) > 21 and fields[2] == str(group):
            total += int(fields[21]) * page
    return total


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(10_000)
    except OSError:
        return ""


def _last_line(path: str) -> str:
    with open(path, "rb") as stream:
        stream.seek(max(os.path.getsize(path) - 20_000, 0))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else ""


def _result(path: str, request: Request, ended: Ended) -> Result:
    limits = request.options
    if ended.killed_for == "memory-limit":
        limit = f"{limits.memory_limit_bytes / 2**30:.1f} GiB"
        message = f"the dry run took more than {limit} of host memory in {ended.seconds:.0f} s and was stopped"
        return failed(request.action, "memory-limit", message, "give it more with `--memory-limit GIB`")
    if ended.killed_for == "time-limit":
        message = f"the dry run was stopped after {limits.time_limit_s:.0f} s"
        return failed(request.action, "time-limit", message, "give it more with `--time-limit SECONDS`")
    try:
        with open(path, encoding="utf-8") as stream:
            return result_from_json(stream.read())
    except FileNotFoundError:
        pass
    except (OSError, ProtocolError, TypeError) as error:
        return failed(request.action, "crash", f"the dry run's answer cannot be read: {error}", "please report it")
    if ended.status == -9:
        message = "the dry run was killed from outside, most likely by the system for want of memory"
        return failed(request.action, "memory-limit", message, "free host memory, or run it on a larger machine")
    said = f": {ended.said}" if ended.said else ""
    return failed(
        request.action, "crash", f"the dry run's process ended with status {ended.status}{said}", "LINTUNE_TRACEBACK=1 shows more"
    )
