"""Where the data that ships with lintune lies (rule pages, option surfaces, facts of models), and what the user measured beside it."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def data_path(folder: str, *parts: str) -> str:
    """The path of a folder of shipped data ("rules", "schemas" or "models"), or of a file in it.

    An installed wheel keeps it as `lintune/_data/<folder>`, a checkout as `<folder>` beside the package; where neither
    exists, the installed place is returned so that an error message names it.
    """
    installed = os.path.join(_PACKAGE, "_data", folder)
    checkout = os.path.join(os.path.dirname(_PACKAGE), folder)
    found = checkout if not os.path.isdir(installed) and os.path.isdir(checkout) else installed
    return os.path.join(found, *parts)


def data_text(folder: str, *parts: str) -> str:
    """The text of a file of shipped data; raises `OSError`."""
    with open(data_path(folder, *parts), encoding="utf-8") as stream:
        return stream.read()


def data_folder(name: str) -> "Path":
    """The same folder as a `Path`, for what may take its time: importing `pathlib` costs a check about 4 ms."""
    from pathlib import Path

    return Path(data_path(name))


def calibration_path() -> str:
    """Where the user's measurements of a card are (`lintune calibrate`); empty for none."""
    said = os.environ.get("LINTUNE_CALIBRATION", "")
    if said:
        return "" if said.lower() in ("off", "0", "none") else said
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "lintune", "calibration.json")


def calibration_state() -> tuple[str, int, int]:
    """What changes when the user's file does: its path, size and time; checks that are kept hold only as long."""
    path = calibration_path()
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ("", 0, 0)
    return (path, found.st_size, found.st_mtime_ns)
