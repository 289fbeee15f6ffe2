"""How many samples a data file holds, where it is a JSON list or JSON lines that are at hand."""

import os

from lintune.plan.effort import Data
from lintune.run.known import text
from lintune.run.run import Run

_LARGEST = 200_000_000
"""Bytes that are read to count lines."""
_LARGEST_LIST = 20_000_000
"""Bytes of a JSON list that are parsed to count its entries."""


def data_of(run: Run, samples: int | None = None, tokens: int | None = None) -> Data:
    """What the launch trains on: as the user says, else as its data file does."""
    if samples is not None:
        return Data(samples, "--samples", tokens)
    path = _found(run)
    if path is None:
        return Data(None, "", tokens)
    count = count_samples(path)
    return Data(count, os.path.normpath(path).replace(os.sep, "/") if count is not None else "", tokens)


def _found(run: Run) -> str | None:
    """The data file that the launch names, where it exists below the folder of the launch or the working folder."""
    name = text(run.get("data.train"))
    if not name or os.path.isabs(name) or ".." in name.split("/"):
        return None
    folder = os.path.dirname(run.path)
    candidates = [os.path.join(start, name) for start in (text(run.get("launch.cwd")) or folder, folder, os.path.dirname(folder), "")]
    return next((path for path in candidates if os.path.isfile(path)), None)


def count_samples(path: str) -> int | None:
    """Entries of a JSON list, or lines of a `.jsonl` file; None for anything else, or where it is too large."""
    try:
        size = os.path.getsize(path)
        if path.endswith(".jsonl") and size <= _LARGEST:
            with open(path, "rb") as stream:
                return sum(1 for line in stream if line.strip())
        if path.endswith(".json") and size <= _LARGEST_LIST:
            import json

            with open(path, "rb") as stream:
                found = json.load(stream)
            return len(found) if isinstance(found, list) else None
    except (OSError, ValueError, RecursionError):
        return None
    return None
