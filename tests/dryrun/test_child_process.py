"""The child is started alone, watched, and ended with what it started; what went wrong is said; one death does not take other answers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lintune.dryrun.protocol import Options, Request, Result
from lintune.engine import child_process
from lintune.engine.child_process import Child, run_child
from lintune.engine.processes import descendants, resident_bytes

LINE = "import sys; folder = sys.stdin.readline().strip()\n"
ANSWER = LINE + 'open(folder + "/result.json", "w").write(\'{"protocol": 1, "action": "count", "ok": true}\'); print(0, flush=True)'
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the child forks on Linux only")
SERVE = """\
import os, sys, time
sys.path.insert(0, {root!r})
from lintune.dryrun import serve
serve._WARM = ()
def work(folder, took):
    import json
    asked = json.load(open(folder + "/request.json"))["values"].get("do", "")
    exec(asked)
    open(folder + "/result.json", "w").write('{{"protocol": 1, "action": "count", "ok": true, "facts": {{"pid": %d}}}}' % os.getpid())
    return 0
serve.serve(True, work)
"""


def started(code: str, monkeypatch: pytest.MonkeyPatch, **limits: float) -> tuple[str, str]:
    """Run a child of this code; the kind and message of its problem, empty where it answered."""
    monkeypatch.setattr(child_process, "_START", code)
    problem = run_child(Request(options=Options(**limits))).problem  # type: ignore[arg-type]
    return (problem.kind, problem.message) if problem else ("", "")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The real loop of the child, whose work is the code in the value `do`."""
    code = SERVE.format(root=str(Path(child_process.__file__).parents[2]))
    monkeypatch.setattr(child_process, "_START", code)
    monkeypatch.setattr(child_process, "_forks", lambda request: True)
    return code


def done(child: Child, code: str, **limits: float) -> Result:
    """What the child answers where its work is this code."""
    return child.ask(Request(values={"do": code}, options=Options(**limits)))  # type: ignore[arg-type]


def ended(pid: int) -> bool:
    """Whether a process ends within five seconds."""
    for _ in range(50):
        try:
            with open(f"/proc/{pid}/stat") as stream:
                if stream.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_an_answer_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child wrote is the result."""
    assert started(ANSWER, monkeypatch) == ("", "")


@needs_linux
@pytest.mark.usefixtures("server")
def test_one_child_answers_all() -> None:
    """Every request has a fork of the same process; what one does to its process is gone before the next; nothing is left."""
    with Child() as child:
        first = done(child, "os.environ['SEEN'] = 'yes'")
        process, folder = child._process, child._folder
        second = done(child, "assert 'SEEN' not in os.environ")
        assert child._process is process is not None and first.ok and second.ok
        assert first.facts["pid"] != second.facts["pid"]
    assert process.poll() is not None and not os.path.exists(folder)


@needs_linux
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("os._exit(7)", "crash", "ended with status 7"),
        ("os.abort()", "crash", "ended with signal 6"),
        ("raise ValueError('no such thing')", "crash", "status 1: ValueError: no such thing"),
        ("os.kill(os.getpid(), 9)", "memory-limit", "killed from outside"),
        ("os.kill(os.getppid(), 9); time.sleep(60)", "memory-limit", "killed from outside"),
    ],
)
def test_a_death_takes_no_other_answer(code: str, kind: str, message: str) -> None:
    """Of the fork or of the child itself: it is said, and the next request is answered."""
    with Child() as child:
        problem = done(child, code).problem
        assert problem is not None and problem.kind == kind and message in problem.message
        assert done(child, "").ok


@needs_linux
@pytest.mark.usefixtures("server")
def test_limits_are_those_of_each_request(tmp_path: Path) -> None:
    """What is over one is ended with what it started, in a session of its own or not, and the next request is answered."""
    note = tmp_path / "pid"
    code = (
        "import subprocess\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        f"open({str(note)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(60)"
    )
    with Child() as child:
        late = done(child, code, time_limit_s=1.5).problem
        assert late is not None and late.kind == "time-limit" and "2 s" in late.message
        assert ended(int(note.read_text()))
        large = done(child, "x = bytearray(300_000_000); time.sleep(30)", memory_limit_bytes=200_000_000).problem
        assert large is not None and large.kind == "memory-limit" and "0.2 GiB" in large.message
        assert done(child, "").ok


@needs_linux
@pytest.mark.usefixtures("server")
def test_what_a_request_leaves_running_is_ended(tmp_path: Path) -> None:
    """An orphan too."""
    note = tmp_path / "pid"
    code = f"import subprocess\np = subprocess.Popen(['sleep', '60'], start_new_session=True)\nopen({str(note)!r}, 'w').write(str(p.pid))"
    with Child() as child:
        assert done(child, code).ok
        assert ended(int(note.read_text()))


@needs_linux
def test_nothing_outlives_the_parent(server: str, tmp_path: Path) -> None:
    """A check that is killed takes its child, the child's work and their folder with it."""
    note = tmp_path / "note"
    work = f"open({str(note)!r}, 'w').write(str(os.getpid()) + ' ' + folder); time.sleep(60)"
    code = (
        "from lintune.engine import child_process\n"
        "from lintune.dryrun.protocol import Request\n"
        f"child_process._START = {server!r}\n"
        f"child_process.run_child(Request(values={{'do': {work!r}}}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(child_process.__file__).parents[2])
    for _ in range(100):
        if note.exists() and " " in note.read_text():
            break
        time.sleep(0.1)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    pid, folder = note.read_text().split(" ", 1)
    assert ended(int(pid))
    for _ in range(50):
        if not os.path.exists(folder):
            break
        time.sleep(0.1)
    else:
        pytest.fail(f"{folder} is left")


def test_a_crash_says_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of standard error is in the message."""
    assert started("raise SystemExit('no such thing')", monkeypatch) == (
        "crash",
        "the dry run's process ended with status 1: no such thing",
    )


def test_half_an_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be read is a crash, not a traceback."""
    assert started(LINE + 'open(folder + "/result.json", "w").write("{"); print(0, flush=True)', monkeypatch)[0] == "crash"


def test_no_such_interpreter() -> None:
    """The interpreter is named."""
    problem = run_child(Request(), "/no/such/python").problem
    assert problem is not None and problem.kind == "no-interpreter" and "/no/such/python" in problem.message


def test_an_interpreter_that_is_no_python(tmp_path: Path) -> None:
    """Neither one that cannot be executed nor one that says something else is a traceback."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'cannot open shared object' >&2\nexit 127\n")
    broken.chmod(0o755)
    problem = run_child(Request(), str(broken)).problem
    assert problem is not None and problem.kind == "crash" and "status 127: cannot open shared object" in problem.message


def test_nothing_of_the_working_folder_is_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A repository's `torch.py` is not taken for torch, and launchers' variables do not reach the child."""
    (tmp_path / "torch.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RANK", "3")
    code = (
        "import os, sys, importlib.util\n"
        "assert 'RANK' not in os.environ\n"
        "found = importlib.util.find_spec('torch')\n"
        "assert found is None or 'site-packages' in (found.origin or ''), found\n"
    ) + ANSWER
    assert started(code, monkeypatch) == ("", "")


@needs_linux
def test_what_processes_hold() -> None:
    """Memory of this process, and the processes it has started."""
    assert resident_bytes([os.getpid()]) > 10_000_000
    child = subprocess.Popen(["sleep", "30"])
    try:
        assert child.pid in descendants(os.getpid())
    finally:
        child.kill()
        child.wait()


def test_a_package_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter whose packages do not fit together is told apart from a defect of lintune."""
    from lintune.dryrun import __main__ as child

    def broken(name: str) -> None:
        raise ImportError("no such symbol")

    monkeypatch.setattr(child, "NEEDED", ())
    monkeypatch.setattr(child, "import_module", broken)
    problem = child.answer(Request()).problem
    assert problem is not None and problem.kind == "extra-missing" and "cannot be imported: ImportError: no such symbol" in problem.message


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child itself says what is missing, by name, and how to get it."""
    from lintune.dryrun import __main__ as child

    monkeypatch.setattr(child, "NEEDED", ("torch", "no-such-package-at-all"))
    problem = child.answer(Request()).problem
    assert problem is not None and problem.kind == "extra-missing"
    assert "`no-such-package-at-all`" in problem.message and "lintune[dry-run]" in problem.help
