"""A change of a launch: what it sets, and how far it goes into what is trained."""

from collections.abc import Callable
from typing import TypeAlias

from lintune.memory.setting import Setting
from lintune.source.record import dataclass
from lintune.values.value import Data

Settings: TypeAlias = tuple[tuple[str, Data], ...]
"""Values of the common vocabulary by name; `tuning` is `lora` or `qlora`, `zero` a stage with what goes to the host."""

SAME, STATES, DATA, FEWER, OTHER = range(5)
REACH = (
    "trains the same",
    "trains the same with optimizer states in 8 bits",
    "trains on less of each sample",
    "trains fewer parameters",
    "trains another kind of parameters",
)
"""How far a change goes, from the least to the most intrusive."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    knob: str
    """What it turns: no plan turns a knob twice."""
    title: str
    settings: Settings
    reach: int
    """Index of `REACH`."""
    apply: Callable[[Setting], Setting]
    """Doing it twice does it once."""
    note: str = ""
    """What has to be known beside its price."""
    loss: float = 0.0
    """How much it takes away of its kind: of two plans of one class the one that takes less is named first."""


def applied(setting: Setting, changes: tuple[Change, ...]) -> Setting:
    """The setting with all of the changes."""
    for change in changes:
        setting = change.apply(setting)
    return setting


def reach_of(changes: tuple[Change, ...]) -> int:
    """How far the farthest of the changes goes."""
    return max((change.reach for change in changes), default=SAME)
