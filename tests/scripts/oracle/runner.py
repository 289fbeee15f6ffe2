"""Runs training scripts for real, under stubs of their libraries: one process for all runs, a fork for each.

Reads one run per line from standard input as JSON (`script`, `argv`, `env`, `root`), writes one outcome per line:
`outcome` is `trains` (with `trained` and `frozen` parameter names), `raises` (an exception left the script), `ends` (it
ended without training) or `refused` (the parser refused the words); `type`, `message`, `file`, `line` describe the
exception at the deepest frame that lies in a project file, `library` says whether it was raised deeper, in a stub;
`options` holds what the parser made of the words, `lines` the lines that were executed by file,
`calls` the calls of training libraries (name, file, line, keywords).
"""

import argparse
import builtins
import json
import os
import runpy
import signal
import sys
import traceback
from enum import Enum
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn

STUBS = Path(__file__).parent / "stubs"
_MOST_SECONDS = 20


class Child:
    """One run, in a process of its own."""

    def __init__(self, job: dict[str, Any], answer: int) -> None:
        """`answer` is the pipe that the outcome goes to."""
        self.job, self.answer = job, answer
        self.root = os.path.realpath(job["root"])
        self.options: dict[str, object] = {}
        self.lines: dict[str, set[int]] = {}
        self.parsed = False
        self.refusal = ""

    def run(self) -> NoReturn:
        """Runs the script as `python script flags` would, and leaves."""
        import oracle_probe

        signal.alarm(_MOST_SECONDS)
        script = os.path.join(self.root, self.job["script"])
        oracle_probe.root = self.root + os.sep
        oracle_probe.hook = lambda report: self.leave({"outcome": "trains", **report})
        os.environ.update(self.job["env"])
        os.chdir(self.root)
        sys.argv = [script, *self.job["argv"]]
        sys.path[0] = os.path.dirname(script)
        self.watch_parsers()
        sys.settrace(self.trace)
        try:
            runpy.run_path(script, run_name="__main__")
        except BaseException as error:
            self.leave(self.outcome(error))
        self.leave({"outcome": "ends"})

    def watch_parsers(self) -> None:
        """Remembers what argparse makes of the words, before anything else sees it."""
        parse = argparse.ArgumentParser.parse_known_args

        def watched(parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> Any:
            namespace, rest = parse(parser, *args, **kwargs)
            self.options = {name: plain(value) for name, value in vars(namespace).items()}
            self.parsed = not rest or bool(self.job.get("leftovers"))
            return namespace, rest

        def remembered(parser: argparse.ArgumentParser, message: str) -> None:
            self.refusal = message
            parser.exit(2)

        argparse.ArgumentParser.parse_known_args = watched  # type: ignore[method-assign, assignment]
        argparse.ArgumentParser.error = remembered  # type: ignore[method-assign, assignment]

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        """Notes the lines of project files."""
        name = frame.f_code.co_filename
        if not name.startswith(self.root):
            return None
        if event == "line":
            self.lines.setdefault(name, set()).add(frame.f_lineno)
        return self.trace

    def outcome(self, error: BaseException) -> dict[str, object]:
        """What an exception that left the script was, and where it was raised."""
        frames = list(traceback.walk_tb(error.__traceback__))
        own = [(frame, line) for frame, line in frames if self.is_own(frame.f_code.co_filename)]
        message = str(error)
        if isinstance(error, SystemExit):
            if error.code in (None, 0):
                return {"outcome": "ends"}
            message = self.refusal or str(error.code)
        if not self.parsed and frames and Path(frames[-1][0].f_code.co_filename).name in ("argparse.py", "hf_argparser.py", "runner.py"):
            return {"outcome": "refused", "type": type(error).__name__, "message": message}
        place = own[-1] if own else None
        return {
            "outcome": "raises",
            "type": type(error).__name__,
            "message": message,
            "texts": [message, *map(str, getattr(error, "args", ())[:1])],
            "file": os.path.relpath(os.path.realpath(place[0].f_code.co_filename), self.root) if place else "",
            "line": place[1] if place else 0,
            "library": self.is_deeper(error.__traceback__),
            "stack": [[os.path.relpath(os.path.realpath(frame.f_code.co_filename), self.root), line] for frame, line in own],
        }

    def is_own(self, filename: str) -> bool:
        """Whether a frame belongs to a project file."""
        return not filename.startswith("<") and os.path.realpath(filename).startswith(self.root + os.sep)

    def is_deeper(self, trace: TracebackType | None) -> bool:
        """Whether the exception was raised below the last project frame."""
        last = trace
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        return last is not None and not self.is_own(last.tb_frame.f_code.co_filename)

    def leave(self, report: dict[str, object]) -> NoReturn:
        """Hands in the outcome; nothing of the script runs after it."""
        sys.settrace(None)
        import oracle_probe

        if oracle_probe.options is not None:
            self.options = {name: plain(value) for name, value in oracle_probe.options.items()}
        calls = [(*place, plain(keywords)) for *place, keywords in oracle_probe.calls]
        lines = {os.path.relpath(name, self.root): sorted(found) for name, found in self.lines.items()}
        with os.fdopen(self.answer, "w") as pipe:
            json.dump({**report, "options": self.options, "lines": lines, "calls": calls}, pipe)
        os._exit(0)


def plain(value: object) -> object:
    """A parsed value as JSON can hold it; an enumeration's member is its value, a path its text."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Path():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case object(name=str() as name) if type(value).__name__ == "dtype":
            return name
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
    return {"__opaque__": type(value).__name__}


def run(job: dict[str, Any]) -> str:
    """The outcome of one run as JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        Child(job, writer).run()
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text or json.dumps({"outcome": "crashed"})


def main() -> None:
    """Serves runs until the input ends."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(STUBS))
    sys.path.insert(0, "")
    for name in ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "deepspeed", "bitsandbytes", "PIL", "fire"):
        builtins.__import__(name)
    for line in sys.stdin:
        print(run(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
