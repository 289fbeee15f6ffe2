"""How a script ended before it trained: by its own word, or by what is missing or stood in for here, which says nothing of the launch."""

import linecache
import os
import traceback
from collections.abc import Collection

from lintune.dryrun.auto_class import said
from lintune.dryrun.problem import DryRunProblem

WITH_ENV = "name the interpreter that will train with `--env PYTHON`"


def exited(entry: str, ended: SystemExit, stand_ins: Collection[str]) -> DryRunProblem:
    """A script that called `sys.exit`, or whose parser refused its words."""
    why = f": {said(ended.__context__)}" if ended.__context__ is not None else ""
    message = f"`{entry}` exits with {ended.code!r} before it trains{why}"
    if stand_ins:
        return DryRunProblem("script-stopped", message, _instead(stand_ins))
    return DryRunProblem("script-failed", message, "see its message: LINTUNE_TRACEBACK=1 shows it")


def raised(entry: str, error: Exception, stand_ins: Collection[str]) -> DryRunProblem:
    """A script that raised: the exception, and the line of the project where it came from."""
    if os.environ.get("LINTUNE_TRACEBACK"):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    here = os.getcwd() + os.sep
    own = [frame for frame in frames if os.path.abspath(frame.filename).startswith(here)]
    place = f" at {os.path.relpath(own[-1].filename)}:{own[-1].lineno}" if own else ""
    message = f"`{entry}` raises {type(error).__name__}{place}: {said(error)}"
    if isinstance(error, ImportError):
        return DryRunProblem("script-stopped", message, f"install what it needs at the release it was written for, or {WITH_ENV}")
    if own and own[-1] is frames[-1] and not stand_ins and _refuses(own[-1]):
        return DryRunProblem("script-failed", message, "it would end there in the launch too")
    if stand_ins:
        return DryRunProblem("script-stopped", message, _instead(stand_ins))
    return DryRunProblem("script-stopped", message, f"it may have been written for other releases of its packages: {WITH_ENV}")


def not_reached(entry: str, stand_ins: Collection[str]) -> DryRunProblem:
    """A script that came to its end."""
    message = f"`{entry}` ended without calling a Trainer's `train`"
    if stand_ins:
        return DryRunProblem("not-reached", message, f"its loop may be its own (`--dry-run=step`); else {_instead(stand_ins)}")
    return DryRunProblem("not-reached", message, "its loop is its own: use `--dry-run=step`")


def _refuses(frame: traceback.FrameSummary) -> bool:
    """Whether the line says itself that it will not go on."""
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return line.startswith(("raise ", "raise(", "assert ", "assert("))


def _instead(stand_ins: Collection[str]) -> str:
    """What to do where something that stood in may be to blame."""
    listed = sorted(stand_ins)
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    return f"stand-ins were used ({'; '.join(listed[:4])}{more}): provide them, or {WITH_ENV}"
