"""The dry run's child process: one for all requests of a check, with its own interpreter, folder and limits; nothing outlives it.

On Linux it imports torch once and forks for every request, so that what one request does to its process, its death included, is
gone before the next. Elsewhere, and where a GPU is stepped on (CUDA does not survive a fork), each request has a new process.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import mkdtemp

from lintune.dryrun.protocol import ProtocolError, Request, Result, failed, result_from_json, to_json
from lintune.engine.processes import descendants, kill_all, kill_below, resident_bytes
from lintune.source.record import dataclass

# Only lintune itself is made importable: its neighbours in the parent's site-packages must not shadow the child's packages. The working
# folder is an empty one, so that nothing of the repository under check is imported.
_START = """\
import sys
if sys.version_info < (3, 10): sys.exit("a dry run needs Python 3.10 or later, this is " + sys.version.split()[0])
import importlib.util as util
spec = util.spec_from_file_location("lintune", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["lintune"] = util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["lintune"])
del sys.argv[1]
import runpy
runpy.run_module("lintune.dryrun", run_name="__main__", alter_sys=True)
"""
_LOOK_EVERY = 0.1
_GRACE = 10.0
"""Seconds in which a child that was told to end something says that it has ended."""
_LAUNCHED = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK")
"""Variables that would make the child take itself for one process of a launch."""
Progress = Callable[[str, float], None]
"""Told what the child is doing, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work on a request ended."""

    status: int
    seconds: float
    killed_for: str = ""
    """`memory-limit` or `time-limit` where a limit ended it."""
    said: str = ""
    """The last line on its standard error."""
    doing: str = ""
    """What it was doing last."""


class Child:
    """A child process that answers one request after the other; started with the first one, and again after its own death."""

    def __init__(self, interpreter: str = "") -> None:
        self._python = interpreter or sys.executable
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._asked = 0

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: Request, progress: Progress | None = None) -> Result:
        """The answer to a request; whatever goes wrong becomes the result's problem."""
        try:
            return self._ask(request, progress)
        except OSError as error:
            self.close()
            what = f"`{error.filename}`" if error.filename and error.filename != self._python else f"`{self._python}`"
            return failed(
                request.action, "no-interpreter", f"{what} cannot be used for a dry run: {error.strerror or error}",
                "give a working interpreter with `--env PYTHON`, and room for temporary files with TMPDIR",
            )  # fmt: skip
        finally:
            if not _forks(request):
                self.close()

    def close(self) -> None:
        """End the child with all that it started, and remove its folder."""
        process, self._process = self._process, None
        if process is not None:
            kill_below(process.pid)
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        if self._folder:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _ask(self, request: Request, progress: Progress | None) -> Result:
        process = self._started(_forks(request))
        self._asked += 1
        folder = os.path.join(self._folder, str(self._asked))
        os.mkdir(folder)
        with open(os.path.join(folder, "request.json"), "w", encoding="utf-8") as stream:
            stream.write(to_json(request))
        assert process.stdin is not None
        try:
            process.stdin.write(f"{folder}\n".encode(errors="surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:  # it has ended already; what it said is read below
            pass
        stage = os.path.join(self._folder, "stage")
        try:
            ended = self._watched(process, request, progress)
        except BaseException:
            self.close()
            raise
        own = os.path.join(folder, "stderr")
        said = os.path.join(self._folder, "stderr") if self._process is None or not os.path.exists(own) else own
        if os.environ.get("LINTUNE_TRACEBACK"):
            sys.stderr.write(_read(said, 1_000_000))
        result = _result(folder, request, Ended(ended.status, ended.seconds, ended.killed_for, _last_line(said), _read(stage)))
        if self._process is None:
            self.close()
        return result

    def _started(self, fork: bool) -> "subprocess.Popen[bytes]":
        """The child, started where it does not run."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._folder = mkdtemp(prefix="lintune-")
        empty = os.path.join(self._folder, "empty")
        os.mkdir(empty)
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        words = [self._python, "-c", _START, package, "fork" if fork else "once"]
        with open(os.path.join(self._folder, "stderr"), "wb") as stderr:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, cwd=empty, env=_environment(self._folder),
                start_new_session=True,
            )  # fmt: skip
        return self._process

    def _watched(self, process: "subprocess.Popen[bytes]", request: Request, progress: Progress | None) -> Ended:
        """Wait for the child's word that the request is done; end the work where it is over a limit."""
        started, over, below = time.monotonic(), "", [process.pid]
        stage, limits = os.path.join(self._folder, "stage"), request.options
        while True:
            seconds = time.monotonic() - started
            word = _word(process)
            if word is not None:
                if not word:
                    self._process = None
                    kill_all(below[1:])
                return Ended(int(word) if word else _end(process), seconds, over)
            below = [process.pid, *descendants(process.pid)]
            if progress is not None:
                progress(_read(stage) or "starting Python", seconds)
            if over:
                if seconds > _GRACE + limits.time_limit_s:
                    kill_all([process.pid])
                continue
            if limits.memory_limit_bytes and resident_bytes(below[1:] or below) > limits.memory_limit_bytes:
                over = "memory-limit"
            elif limits.time_limit_s and seconds > limits.time_limit_s:
                over = "time-limit"
            if over:
                kill_all(below[1:] or below)


def run_child(request: Request, interpreter: str = "", progress: Progress | None = None) -> Result:
    """The answer to one request of a child that is started for it."""
    with Child(interpreter) as child:
        return child.ask(request, progress)


def _forks(request: Request) -> bool:
    """Whether the child may fork for a request."""
    gpu = any(os.path.exists(path) for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))
    return sys.platform == "linux" and not (gpu and request.action == "step")


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LAUNCHED}
    own = {
        "LINTUNE_DRY_RUN_STAGE": os.path.join(folder, "stage"), "HF_HUB_OFFLINE": "1", "PYTHONSAFEPATH": "1", "TMPDIR": folder,
        "HF_MODULES_CACHE": os.path.join(folder, "modules"), "PYTORCH_NVML_BASED_CUDA_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    return {**kept, **own}


def _word(process: "subprocess.Popen[bytes]") -> str | None:
    """The status that the child tells of a request; empty where the child has ended, None where it has not said anything yet."""
    assert process.stdout is not None
    if os.name == "posix":
        import select

        if not select.select([process.stdout], [], [], _LOOK_EVERY)[0]:
            return None
        return process.stdout.readline().decode("ascii", "replace").strip()
    try:  # without `select` on pipes, where each request has a child of its own: its end is its word
        process.wait(_LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return None
    return ""


def _end(process: "subprocess.Popen[bytes]") -> int:
    """The status of a process that has ended or is now made to."""
    try:
        return process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _read(path: str, most: int = 10_000) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(most)
    except OSError:
        return ""


def _last_line(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(os.path.getsize(path) - 20_000, 0))
            lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def _result(folder: str, request: Request, ended: Ended) -> Result:
    limits, own_code = request.options, request.options.trust_remote_code or request.action == "script"
    if ended.killed_for == "memory-limit":
        limit = f"{limits.memory_limit_bytes / 2**30:.1f} GiB"
        message = f"the dry run took more than {limit} of host memory in {ended.seconds:.0f} s and was stopped"
        return failed(request.action, "memory-limit", message, "give it more with `--memory-limit GIB`")
    if ended.killed_for == "time-limit":
        message = f"the dry run was stopped after {limits.time_limit_s:.0f} s{f', while {ended.doing}' if ended.doing else ''}"
        return failed(request.action, "time-limit", message, "give it more with `--time-limit SECONDS`")
    try:
        with open(os.path.join(folder, "result.json"), encoding="utf-8") as stream:
            return result_from_json(stream.read())
    except FileNotFoundError:
        pass
    except (OSError, ProtocolError, TypeError) as error:
        return failed(request.action, "crash", f"the dry run's answer cannot be read: {error}", "please report it")
    if ended.status == -9:
        message = "the dry run was killed from outside, most likely by the system for want of memory"
        return failed(request.action, "memory-limit", message, "free host memory, or run it on a larger machine")
    if ended.said.startswith("a dry run needs Python"):
        return failed(request.action, "no-interpreter", ended.said, "give another interpreter with `--env PYTHON`")
    said = f": {ended.said}" if ended.said else ""
    whose = "code that it ran (the model's or the script's) may have ended it; " if own_code else ""
    how = f"signal {-ended.status}" if ended.status < 0 else f"status {ended.status}"
    message = f"the dry run's process ended with {how}{said}"
    return failed(request.action, "crash", message, f"{whose}LINTUNE_TRACEBACK=1 shows more")
