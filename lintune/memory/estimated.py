"""The estimate that rules go by: calibrated where the user's file knows the card, the closed form elsewhere."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lintune.memory.estimate import Estimate
    from lintune.memory.setting import Setting


def estimate(setting: "Setting") -> "Estimate":
    """The estimate of a setting; a calibration that cannot be read counts for nothing here: `lintune memory` says what is wrong with it."""
    from lintune.memory.estimate import estimate as closed_form

    if not setting.gpu_name or not os.path.isfile(calibration_path()):
        return closed_form(setting)
    from lintune.memory.calibration import BadCalibration, estimator_for

    try:
        return estimator_for(setting)(setting)
    except BadCalibration:
        return closed_form(setting)


def calibration_path() -> str:
    """Where the user's file is; empty for none."""
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
