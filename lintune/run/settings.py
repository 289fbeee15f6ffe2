"""Setting derived values of a run: with the origin of what they were computed from, or unknown for the same reason."""

from collections.abc import Iterable

from lintune.run.known import first_unknown
from lintune.values.value import Data, Known, Origin, Step, Unknown, Value


def derived(value: Data, note: str, *sources: Value) -> Known[Data]:
    """A computed value: how, and the origins of what it was computed from (a site each, in order)."""
    origin: list[Step] = [Step("derived", note=note)]
    for source in sources:
        origin.extend(step for step in source.origin if step not in origin)
    return Known(value, tuple(origin))


def blocked(sources: Iterable[Value], fallback: str) -> Unknown:
    """The value of something that cannot be computed, since one of its sources is unknown."""
    return first_unknown(sources, fallback)


def fact(value: Data, note: str) -> Known[Data]:
    """A fact of a known model."""
    return Known(value, (Step("model", note=note),))


def along(value: Data, origin: Origin) -> Known[Data]:
    """A value rewritten into the common vocabulary, with the origin of the setting it came from."""
    return Known(value, origin)
