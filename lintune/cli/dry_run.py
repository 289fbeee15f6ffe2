"""`--dry-run` and what goes with it: from the command line's words to what is asked of the engine, and the progress line."""

import os
import sys
from typing import cast

from lintune.cli.arguments import Arguments
from lintune.cli.usage import UsageError
from lintune.dryrun.protocol import Action, Json, Options
from lintune.engine.dry_run import DryRun

_LARGEST_CONFIG = 4_000_000


def dry_run_of(asked: Arguments, action: str) -> DryRun:
    """What is asked of the engine. Raises `UsageError` for a config or an interpreter that cannot be used."""
    options = Options(
        trust_remote_code=asked.trust_remote_code,
        weights=getattr(asked, "weights", False),
        memory_limit_bytes=asked.memory_limit * 2**30 or _three_quarters_of_free(),
        time_limit_s=float(asked.time_limit),
        device=getattr(asked, "device", ""),
    )
    # An interpreter that only the config names is not started: a repository under check may hold that config.
    interpreter = _interpreter(asked.env) if asked.env else ""
    config = read_config(asked.model_config) if asked.model_config else None
    return DryRun(cast("Action", action), interpreter, config, options, _show if sys.stderr.isatty() else None)


def read_config(path: str) -> dict[str, Json]:
    """The values of a config.json. Raises `UsageError`."""
    import json

    try:
        with open(path, encoding="utf-8") as stream:
            found = json.loads(stream.read(_LARGEST_CONFIG))
    except OSError as error:
        raise UsageError(f"`--model-config {path}`: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"`--model-config {path}`: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"`--model-config {path}`: not a JSON object")
    return found


def _interpreter(given: str) -> str:
    """The executable that `--env` names: itself, or that of the virtual environment."""
    names = (given, os.path.join(given, "bin", "python"), os.path.join(given, "Scripts", "python.exe"))
    found = next((name for name in names if os.path.isfile(name) and os.access(name, os.X_OK)), "")
    if not found:
        raise UsageError(f"`--env {given}`: no Python that a dry run could start")
    return os.path.abspath(found)


def _three_quarters_of_free() -> int:
    """Three quarters of the host memory that is available, in bytes; 0 (no limit) where that cannot be told."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            line = next(line for line in stream if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024 * 3 // 4
    except (OSError, StopIteration, ValueError, IndexError):
        return 0


def _show(stage: str, seconds: float) -> None:
    """The line on the terminal that says what is done and for how long; nothing to say clears it."""
    sys.stderr.write(f"\r\x1b[Kdry run of {stage} ({seconds:.0f} s)" if stage else "\r\x1b[K")
    sys.stderr.flush()
