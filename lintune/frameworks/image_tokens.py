"""Tokens of the largest image of the Qwen-VL family: a square of pixels becomes one token.

A patch has 14 pixels a side (16 from Qwen3-VL on), and 2 x 2 patches are merged: `patch_size` and `merge_size` of
preprocessor_config.json; `smart_resize` of the image processors keeps every image within `max_pixels`.
"""

import re

from lintune.run.known import number
from lintune.run.run import Run
from lintune.run.settings import blocked, derived
from lintune.values.value import Absent

SIDE_OF_QWEN3 = 32
"""Pixels from Qwen3-VL on; 28 before."""
_SIDES: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"qwen3[-_ ]?vl|qwen3[._]5|qwen3_omni|qwen3-omni", re.I), SIDE_OF_QWEN3),
    (re.compile(r"qwen2(?:[._]5)?[-_](?:vl|omni)|qvq", re.I), 28),
)
"""By a word of the model's name or template: the side of the square in pixels."""


def side_of(name: str) -> int | None:
    """The side of the square of pixels that becomes a token; None for a model that is not of the family, or not known to be."""
    return next((side for pattern, side in _SIDES if pattern.search(name)), None)


def add_image_tokens(run: Run, name: str | None) -> None:
    """Set `derived.images_tokens` from `media.max_pixels` for a model or template of this name; not where it is of no known kind."""
    pixels, side = run.get("media.max_pixels"), side_of(name or "")
    if isinstance(pixels, Absent) or side is None:
        return
    most = number(pixels)
    if most is None:
        run.values["derived.images_tokens"] = blocked((pixels,), "the largest image is not known")
        return
    run.values["derived.images_tokens"] = derived(int(most) // (side * side), f"a token per {side} x {side} pixels", pixels)
