"""The entry point: finds the command, runs it, and turns what goes wrong into one sentence and an exit status."""

import sys
from collections.abc import Sequence
from importlib import import_module

from lintune import __version__
from lintune.cli.usage import INTERNAL, OK, USAGE, UsageError, did_you_mean

COMMANDS = {
    "check": "what is wrong with a fine-tuning launch, before a GPU is queued",
    "show": "every setting of each launch: value, where it comes from, what is unknown",
    "memory": "memory per GPU of each launch: as configured, by component, its alternatives, and what fits",
    "plan": "the least changes that make a launch fit or use what is free, what each costs, and how long it takes",
    "compat": "with which releases of the libraries each launch starts, and what breaks outside of them",
    "explain": "the page of a rule; --error TEXT finds the rules behind a run-time error",
    "rules": "the catalogue of rules",
    "calibrate": "measure a few runs on the GPU at hand, to narrow the band of estimates for it (the dry-run extra)",
    "init": "a config and a pre-commit hook for this repository; nothing is overwritten",
    "schema": "a JSON Schema that lintune ships: its config, its outputs",
}

HELP = f"""\
lintune {__version__}: the pre-flight check of a fine-tuning launch

usage: lintune COMMAND ...

{"".join(f"  {name:<9} {text}{chr(10)}" for name, text in COMMANDS.items())}
lintune COMMAND --help says more. Exit status: 0 nothing at or above --fail-on (default error), 1 findings,
2 usage or config error or a missing path, 3 internal error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (without the program's name; the process's own by default); returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _collect_seldom()
    _speak_utf8()
    try:
        status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    except KeyboardInterrupt:
        return 130
    if arguments is None:
        _collect_no_more()
    return status


def _run(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except UsageError as problem:
        sys.stderr.write(f"lintune: {problem}\n")
        return USAGE
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as problem:
        return _internal_error(problem)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(HELP)
        return OK if words else USAGE
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"lintune {__version__}\n")
        return OK
    name = words[0]
    if name not in COMMANDS:
        from os.path import exists

        if exists(name):
            raise UsageError(f"`{name}` is a path, not a command; did you mean `lintune check {name}`?")
        raise UsageError(f"there is no command `{name}`{did_you_mean(name, COMMANDS)}; the commands are {', '.join(COMMANDS)}")
    from lintune.cli.arguments import HelpWanted

    try:
        status: int = import_module(f"lintune.cli.{name}").main(words[1:])
    except HelpWanted as wanted:
        sys.stdout.write(str(wanted))
        return OK
    return status


def _collect_seldom() -> None:
    """What a command makes is needed until it ends: looking for garbage as often as by default takes a fifth of a long check."""
    import gc

    gc.set_threshold(100_000, 50, 50)


def _collect_no_more() -> None:
    """The process ends and its memory with it: Python would look for garbage in all of it first, a seventh of a check of one launch."""
    import gc

    gc.freeze()


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says, and never fail on a character."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _pipe_closed() -> int:
    """The reader went away (`| head`): no more output, no complaint."""
    import os
    from contextlib import suppress

    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK


def _internal_error(problem: Exception) -> int:
    import os
    from traceback import extract_tb, format_exception

    if os.environ.get("LINTUNE_TRACEBACK"):
        sys.stderr.write("".join(format_exception(problem)))
    frames = extract_tb(problem.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    sys.stderr.write(
        f"lintune: internal error{place}: {type(problem).__name__}: {problem}\n"
        "This is a defect of lintune, not of the launch; LINTUNE_TRACEBACK=1 shows where.\n"
    )
    return INTERNAL
