"""The estimate that rules go by: calibrated where the user's file knows the card, the closed form elsewhere."""

import os
from typing import TYPE_CHECKING

from lintune.source.data import calibration_path

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
