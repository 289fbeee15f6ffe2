"""The child is started alone, watched, and ended with what it started; what went wrong is said."""

import os
import sys
import time
from pathlib import Path

import pytest

from lintune.dryrun.protocol import Options, Request
from lintune.engine import child_process
from lintune.engine.child_process import resident_bytes, run_child

ANSWER = 'import sys; open(sys.argv[3], "w").write(\'{"protocol": 1, "action": "count", "ok": true}\')'
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="resident memory is read from /proc")


def started(code: str, monkeypatch: pytest.MonkeyPatch, **limits: float) -> tuple[str, str]:
    """Run a child of this code; the kind and message of its problem, empty where it answered."""
    monkeypatch.setattr(child_process, "_START", code)
    problem = run_child(Request(options=Options(**limits))).problem  # type: ignore[arg-type]
    return (problem.kind, problem.message) if problem else ("", "")


def test_an_answer_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child wrote is the result."""
    assert started(ANSWER, monkeypatch) == ("", "")


def test_it_is_stopped_for_time_with_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A grandchild does not outlive it."""
    note = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(60)"
    )
    kind, message = started(code, monkeypatch, time_limit_s=1.5)
    assert kind == "time-limit" and "2 s" in message
    number = int(note.read_text())
    for _ in range(50):
        stat = child_process._read(f"/proc/{number}/stat").rpartition(")")[2].split()
        if not stat or stat[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the grandchild still runs")


@needs_proc
def test_it_is_stopped_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is named, and how to raise it."""
    kind, message = started("import time; x = bytearray(200_000_000); time.sleep(30)", monkeypatch, memory_limit_bytes=100_000_000)
    assert kind == "memory-limit" and "0.1 GiB" in message


def test_killed_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system does where memory runs out."""
    kind, message = started("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", monkeypatch)
    assert kind == "memory-limit" and "killed from outside" in message


def test_a_crash_says_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of standard error is in the message."""
    assert started("raise SystemExit('no such thing')", monkeypatch) == (
        "crash",
        "the dry run's process ended with status 1: no such thing",
    )


def test_half_an_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be read is a crash, not a traceback."""
    assert started('import sys; open(sys.argv[3], "w").write("{")', monkeypatch)[0] == "crash"


def test_no_such_interpreter() -> None:
    """The interpreter is named."""
    problem = run_child(Request(), "/no/such/python").problem
    assert problem is not None and problem.kind == "no-interpreter" and "/no/such/python" in problem.message


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


@needs_proc
def test_resident_memory_of_this_group() -> None:
    """Counts at least this process."""
    assert resident_bytes(os.getpgid(0)) > 10_000_000 or sys.platform != "linux"


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
