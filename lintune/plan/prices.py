"""What each single change is worth, and the largest values of single settings that fit."""

from collections.abc import Callable

from lintune.memory.modes import with_micro
from lintune.memory.setting import Setting
from lintune.plan.change import Change
from lintune.plan.flops import vision_trained
from lintune.plan.knobs import Media
from lintune.plan.search import Search, changed
from lintune.plan.speed import seconds_per_token
from lintune.source.record import dataclass, replace

_LARGEST = {"micro batch": 1 << 14, "length": 1 << 22, "LoRA rank": 1 << 13, "image slices": 1 << 7, "image pixels": 1 << 26}
"""Beyond this nothing is looked for."""


@dataclass(frozen=True, slots=True)
class Price:
    """A single change: what it saves and costs."""

    change: Change
    saved: int
    """Bytes of the device's memory; negative where it takes more."""
    device: int
    time: float
    """Per token, over that of the launch as configured."""
    verdict: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The largest value of a setting that fits, all else as configured; None where not even 1 does, or where no limit was found."""

    name: str
    now: int
    certain: int | None
    """At which the high edge of the estimate still fits."""
    likely: int | None
    """At which the estimate itself still fits."""
    most: int
    """The largest value that was looked at: what equals it may be larger."""

    @property
    def beyond(self) -> bool:
        """Whether the largest value that was looked at certainly fits."""
        return self.certain == self.most


def prices(search: Search) -> tuple[Price, ...]:
    """Every single change, those that save most first."""
    base, now, bases = search.estimator(search.setting), seconds_per_token(search.setting, search.setting.length), dict[str, Setting]()
    found = []
    for knob in search.knobs:
        for change in knob:
            setting = changed(search, (change,), bases)
            made = search.estimator(setting)
            saved = base.device - made.device
            found.append(
                Price(change, saved, made.device, seconds_per_token(setting, search.setting.length) / now, made.fits(search.capacity))
            )
    return tuple(sorted(found, key=lambda price: -price.saved))


def ceilings(search: Search, media: Media | None = None) -> tuple[Ceiling, ...]:
    """Micro batch, length, with LoRA rank, and where the vision tower is trained the size of an image that `media` sets."""
    setting = search.setting
    found = [
        _ceiling(search, "micro batch", setting.micro, lambda size: replace(with_micro(setting, size), accum=setting.accum)),
        _ceiling(search, "length", setting.length, lambda tokens: replace(setting, length=tokens)),
    ]
    if setting.targets:
        found.append(_ceiling(search, "LoRA rank", setting.rank, lambda rank: replace(setting, rank=rank)))
    if media is not None and media.name and setting.patches and vision_trained(setting):
        name = "image slices" if media.name == "media.tiles" else "image pixels"
        found.append(_ceiling(search, name, media.value, lambda size: replace(setting, patches=setting.patches * size // media.value)))
    return tuple(found)


def _ceiling(search: Search, name: str, now: int, put: Callable[[int], Setting]) -> Ceiling:
    limit = _LARGEST[name]

    def high(size: int) -> bool:
        return search.estimator(put(size)).high <= search.capacity

    def middle(size: int) -> bool:
        return search.estimator(put(size)).device <= search.capacity

    certain, likely = _largest(high, limit), _largest(middle, limit)
    return Ceiling(name, now, certain, likely, limit)


def _largest(fits: Callable[[int], bool], limit: int) -> int | None:
    """The largest size up to a limit that fits, by doubling and bisection; what fits at a size fits below it."""
    if not fits(1):
        return None
    low = 1
    while low < limit and fits(low * 2):
        low *= 2
    if low >= limit:
        return limit
    high = low * 2
    while high - low > 1:
        half = (low + high) // 2
        low, high = (half, high) if fits(half) else (low, half)
    return low
