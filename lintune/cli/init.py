"""`lintune init`: a config and a pre-commit hook for a repository; files that exist are left alone."""

import os
import sys
from collections.abc import Sequence

from lintune.cli.arguments import Parser
from lintune.cli.config import OWN, SHARED, config_text
from lintune.cli.usage import OK, UsageError

HOOKS = ".pre-commit-config.yaml"
EPILOG = """\
Nothing is overwritten: where a file exists already, what would go into it is printed.

  lintune init
  lintune init path/to/repository
"""


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    asked = parser().parse(words)
    folder = asked.paths[0] if asked.paths else "."
    if not os.path.isdir(folder):
        raise UsageError(f"`{folder}` is no folder")
    launches = _launches(folder)
    shown = "1 fine-tuning launch" if len(launches) == 1 else f"{len(launches)} fine-tuning launches"
    sys.stdout.write(f"{shown} found{': ' + ', '.join(launches[:3]) if launches else ''}{' ...' if len(launches) > 3 else ''}\n")
    _config(folder)
    _hook(folder)
    sys.stdout.write("next: `lintune check`\n")
    return OK


def parser() -> Parser:
    """The parser of `lintune init`."""
    made = Parser("init", "[FOLDER]", "Write a config and a pre-commit hook for a repository.", EPILOG)
    made.words("paths", 1)
    return made


def _launches(folder: str) -> list[str]:
    from lintune.launch.discover import discover

    return [os.path.relpath(file.path, folder).replace(os.sep, "/") for file in discover([folder]).files]


def _config(folder: str) -> None:
    shared = os.path.join(folder, SHARED)
    if os.path.isfile(shared) and "tool.lintune" in config_text(shared):
        sys.stdout.write(f"{SHARED} has a [tool.lintune] already\n")
        return
    _create(os.path.join(folder, OWN), CONFIG, OWN)


def _hook(folder: str) -> None:
    path = os.path.join(folder, HOOKS)
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="replace") as stream:
            there = "id: lintune" in stream.read()
        if there:
            sys.stdout.write(f"{HOOKS} has the hook already\n")
        else:
            sys.stdout.write(f"{HOOKS} exists; add to its `repos`:\n\n{_entry()}\n")
        return
    _create(path, f"repos:\n{_entry()}", HOOKS)


def _entry() -> str:
    """A hook that runs the lintune of the environment, whatever repository it was installed from."""
    return (
        "  - repo: local\n    hooks:\n      - id: lintune\n        name: lintune\n        entry: lintune check --launches-only\n"
        "        language: system\n        types_or: [shell, yaml, json]\n"
    )


def _create(path: str, text: str, name: str) -> None:
    """Write a file that is not there. Raises `UsageError` where it cannot be written."""
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        sys.stdout.write(f"{name} exists: left as it is\n")
    except OSError as problem:
        raise UsageError(f"`{path}` cannot be written: {problem.strerror or problem}") from None
    else:
        sys.stdout.write(f"{name} is written\n")


CONFIG = """\
# lintune: the pre-flight check of fine-tuning launches. `lintune schema config` describes every key.

# The GPUs that launches of this repository run on: decides what fits.
# gpu = "8xA100-80G"

# The mildest severity that makes the exit status 1: error, warning or info.
# fail-on = "error"

# What holds where the launches run and stands in no requirement file here.
# assume = ["transformers==4.51.3", "DATA=/data/train.json"]

# What is not checked, and rules that are not reported in places.
# exclude = ["third_party/**"]
# [per-file-ignores]
# "examples/**" = ["files"]
"""
