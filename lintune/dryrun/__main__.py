"""The child process: reads requests, does them, writes their results; status 0 whenever a result was written."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import ACTIONS, Action, ProtocolError, Request, Result, failed, request_from_json, to_json
from lintune.dryrun.stage import report_stage

NEEDED = ("torch", "transformers", "peft", "accelerate")
"""The packages of the extra `dry-run`."""
WHERE: dict[Action, str] = {
    "count": "lintune.dryrun.count:count",
    "trace": "lintune.dryrun.trace.run:trace",
    "step": "lintune.dryrun.step.run:step",
    "script": "lintune.dryrun.intercept.run:intercept",
}
"""Module and function of each action: takes the request, returns its result."""
FIRST: dict[Action, tuple[Action, ...]] = {"count": (), "trace": ("count",), "step": ("count",), "script": ()}
"""What is done before an action, in the same process: a trace's result holds the counts too."""


def main(words: Sequence[str]) -> int:
    """`fork` or `once`: how requests are answered, which come as folders on standard input. Returns the exit status."""
    if len(words) != 1 or words[0] not in ("fork", "once"):
        sys.stderr.write("usage: python -m lintune.dryrun fork|once\n")
        return 2
    from lintune.dryrun.serve import serve

    return serve(words[0] == "fork", _worked)


def _worked(folder: str, imported_s: float) -> int:
    """Answer the request in a folder; returns the exit status."""
    asked = os.path.join(folder, "request.json")
    try:
        with open(asked, encoding="utf-8") as stream:
            request = request_from_json(stream.read())
    except (OSError, ProtocolError, TypeError) as error:
        sys.stderr.write(f"lintune.dryrun: {asked}: {error}\n")
        return 2
    result = answer(request)
    if "imports" in result.seconds:
        result.seconds["imports"] += imported_s
    write(result, os.path.join(folder, "result.json"))
    return 0


def answer(request: Request) -> Result:
    """The result of a request; a failure of any kind is a problem in it, never an exception."""
    missing = [name for name in NEEDED if _version(name) is None]
    if missing:
        names = " and ".join(f"`{name}`" for name in missing)
        help = f"pip install 'lintune[dry-run]'; in an environment that `--env` names: {sys.executable} -m pip install {' '.join(missing)}"
        return failed(request.action, "extra-missing", f"the dry run needs {names} in {sys.executable}", help)
    if request.action not in ACTIONS:
        return failed("count", "usage", f"there is no action `{request.action}`")
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is downloaded, whatever the model's name
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    started = time.perf_counter()
    report_stage("importing torch and transformers")
    made = Result(request.action, True, versions=_versions())
    trouble = _import_all(("torch", "transformers", "peft"))
    if trouble:
        help = "make these packages fit, or give another interpreter with `--env PYTHON`"
        return failed(request.action, "extra-missing", f"packages of {sys.executable} cannot be imported: {trouble}", help)
    made.seconds["imports"] = time.perf_counter() - started
    for action in (*FIRST[request.action], request.action):
        made.add(_done(action, request))
        if not made.ok:
            break
    made.action = request.action
    return made


def _import_all(packages: Sequence[str]) -> str:
    """Import the packages; what went wrong, in a line: those that do not fit together fail in their own ways."""
    try:
        for package in packages:
            import_module(package)
    except Exception as error:
        return _one_line(error)
    return ""


def _done(action: Action, request: Request) -> Result:
    """The result of one action, with its wall time."""
    started = time.perf_counter()
    module, _, function = WHERE[action].partition(":")
    try:
        act: Callable[[Request], Result] = getattr(import_module(module), function)
        result = act(request)
    except DryRunProblem as problem:
        result = failed(action, problem.kind, problem.message, problem.help)
    except MemoryError:
        result = failed(action, "memory-limit", f"the {action} ran out of memory", "give it more with `--memory-limit`")
    except SystemExit as ended:  # the model's own code, which may do anything
        message = f"code that the {action} ran ended it with `sys.exit({ended.code!r})`"
        result = failed(action, "crash", message, "read the model's code; LINTUNE_TRACEBACK=1 shows what it printed")
    except Exception as error:  # the parent reports it as a finding; a crash here says nothing about the launch
        result = failed(action, "crash", f"the {action} failed: {_one_line(error)}", "please report it; LINTUNE_TRACEBACK=1 shows where")
        if os.environ.get("LINTUNE_TRACEBACK"):
            import traceback

            traceback.print_exc()
    result.seconds[action] = time.perf_counter() - started
    return result


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _versions() -> dict[str, str]:
    found = {name: _version(name) for name in (*NEEDED, "deepspeed", "bitsandbytes", "trl")}
    return {"python": sys.version.split()[0], **{name: text for name, text in found.items() if text}}


def write(result: Result, path: str) -> None:
    """Write a result so that the parent never reads half of one."""
    with open(f"{path}.part", "w", encoding="utf-8") as stream:
        stream.write(to_json(result))
    os.replace(f"{path}.part", path)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # taking torch down takes longer than a second
