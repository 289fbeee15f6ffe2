"""Calibration: what was measured on a GPU at hand narrows the band of estimates for it, and replaces two constants.

The file is the user's (`~/.config/lintune/calibration.json`, or where `LINTUNE_CALIBRATION` points; `off` for none), versioned, and holds
measurements, not conclusions, so that they hold for later formulas too:

    {"lintune_calibration": 1, "gpus": [{"device": "NVIDIA A100-SXM4-80GB", "date": "...", "versions": {...},
        "rows": [{"values": {"model.id": "..."}, "allocated": 1, "reserved": 1, "device": 1}]}]}

From the rows: *context* is the median of device less reserved; *fragmentation* the median of reserved over allocated, less 1; the *band*
holds every ratio of measured to calibrated device and a share of their spread that shrinks with their number. The arithmetic of what is
allocated is not touched: how far it is off is part of the ratios.
"""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lintune.memory.constants import value
from lintune.memory.estimate import Estimate, estimate
from lintune.memory.modes import Estimator
from lintune.memory.setting import Setting
from lintune.run.gpu import parse_gpu
from lintune.run.run import Run
from lintune.source.data import calibration_path
from lintune.source.record import dataclass, replace
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known

VERSION = 1
FEWEST = 3
"""Measured runs without which nothing is narrowed."""
_LEAST = 0.03
"""The band is never narrower than this on either side: what is measured again differs by as much."""


class BadCalibration(ValueError):
    """The file is none; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured run: its values in the common vocabulary, and bytes of one GPU."""

    values: Mapping[str, Any]
    allocated: int
    reserved: int
    device: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """What measured runs say of a GPU."""

    device: str
    """As the driver calls it."""
    date: str
    path: str
    rows: int
    context: int
    """Bytes."""
    fragmentation: float
    low: float
    high: float
    """Bounds of measured over estimated device."""

    @property
    def note(self) -> str:
        """What an estimate that it touched says."""
        return f"calibrated on {self.device} with {self.rows} runs of {self.date} ({self.path})"


def fitted(rows: Sequence[Row], device: str, date: str, path: str) -> Calibration | None:
    """The calibration of measured runs; None where they are too few to say anything."""
    pairs = [(estimate(setting), row) for row in rows if (setting := setting_of_row(row)) is not None]
    if len(pairs) < FEWEST:
        return None
    context = int(_median([max(0, row.device - row.reserved) for _, row in pairs]))
    fragmentation = max(0.0, _median([row.reserved / row.allocated - 1 for _, row in pairs]))
    ratios = [row.device / (found.allocated * (1 + fragmentation) + context) for found, row in pairs]
    middle = sum(ratios) / len(ratios)
    spread = (sum((ratio - middle) ** 2 for ratio in ratios) / (len(ratios) - 1)) ** 0.5
    beyond = max(_LEAST, 2 * spread / len(ratios) ** 0.5)
    low, high = max(value("band_low"), min(ratios) - beyond), min(value("band_high"), max(ratios) + beyond)
    return Calibration(device, date, path, len(pairs), context, fragmentation, min(low, 1.0), max(high, 1.0))


def setting_of_row(row: Row) -> Setting | None:
    """The setting of a measured run; None where it cannot be estimated."""
    from lintune.memory.reading import NotEstimated, setting_of

    run = Run("", "calibration", Site(Source("calibration", ""), Span(0, 0)))
    run.values = {str(name): Known(tuple(each) if isinstance(each, list) else each) for name, each in row.values.items()}
    try:
        return setting_of(run)
    except NotEstimated:
        return None


def calibrated(found: Estimate, setting: Setting, by: Calibration) -> Estimate:
    """An estimate on the GPU that was measured: its own context, fragmentation and band, and the note that says so."""
    extra = max(0, found.reserved - int(found.allocated * (1 + setting.profile.fragmentation)))
    reserved = int(found.allocated * (1 + by.fragmentation)) + (extra if setting.attention == "eager" else 0)
    device = reserved + by.context
    low = int(found.low * by.low / value("band_low"))
    return replace(found, reserved=reserved, device=device, low=min(low, device), high=int(device * by.high), notes=(*found.notes, by.note))


def estimator_for(setting: Setting) -> Estimator:
    """The closed form; calibrated where the user's file knows the setting's GPU. Raises `BadCalibration`."""
    by = calibrations(calibration_path()).get(setting.gpu_name) if setting.gpu_name else None
    if by is None:
        return estimate
    chosen = by
    return lambda each: calibrated(estimate(each), each, chosen)


@lru_cache(maxsize=4)
def calibrations(path: str) -> dict[str, Calibration]:
    """The calibrations of a file by the card's name in `models/gpus.json`; none where the file is not there. Raises `BadCalibration`."""
    found: dict[str, Calibration] = {}
    for entry in read_gpus(path) if path and os.path.isfile(path) else ():
        made = fitted(entry["rows"], entry["device"], entry["date"], path)
        if made is not None:
            found[card_of(entry["device"])] = made
    return found


def card_of(device: str) -> str:
    """The card's name in `models/gpus.json` for a device as the driver calls it; the device itself where it is not known."""
    try:
        return parse_gpu(device.replace("NVIDIA", "").replace("-PCIE", "").strip()).name
    except ValueError:
        return device


def read_gpus(path: str) -> list[dict[str, Any]]:
    """The measured runs of a file by device, as `{"device", "date", "versions", "rows": [Row]}`. Raises `BadCalibration`."""
    import json

    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        if document["lintune_calibration"] != VERSION:
            raise BadCalibration(f"{path}: this version reads calibrations of version {VERSION}")
        return [
            {**gpu, "device": str(gpu["device"]), "date": str(gpu["date"]), "rows": [_row(row) for row in gpu["rows"]]}
            for gpu in document["gpus"]
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise error if isinstance(error, BadCalibration) else BadCalibration(f"{path}: not a calibration ({error})") from None


def _row(row: Mapping[str, Any]) -> Row:
    sizes = [int(row[name]) for name in ("allocated", "reserved", "device")]
    if not 0 < sizes[0] <= sizes[1] <= sizes[2]:
        raise ValueError("allocated, reserved and device must be positive and grow in this order")
    return Row(dict(row["values"]), *sizes)


def _median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
