"""Reading what a run says for an estimate: numbers and switches that are stated, and why there is no figure where they make no sense."""

from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.values.value import Absent, Data, Known, Value

NOTHING = ("", "none", "no", "false", "off", "0")
"""Texts that mean that something is off."""
_LARGEST = 10**9


class NotEstimated(Exception):
    """Why there is no figure, in a sentence for people."""


def positive(run: Run, name: str, default: int) -> int:
    """A whole number from 1 on; the default where nothing is said or it is not known. Raises `NotEstimated` for anything else."""
    value = run.get(name)
    if not isinstance(value, Known) or value.value is None:
        return default
    found = whole(value)
    if found is None:
        raise NotEstimated(f"`{name}` is `{_shown(value)}`; a whole number is expected")
    if found < 1:
        raise NotEstimated(f"`{name}` is {found}; it must be at least 1")
    if found > _LARGEST:
        raise NotEstimated(f"`{name}` is {found}; that is more than any run has")
    return found


def _shown(value: Known[Data]) -> str:
    words = str(value.value)
    return words if len(words) <= 40 else words[:37] + "..."


def switch(run: Run, *names: str) -> bool:
    """The first of these switches that is known; False where none is."""
    for name in names:
        value = run.get(name)
        if isinstance(value, Known):
            return is_on(value)
    return False


def is_said(run: Run, *names: str) -> bool:
    """Whether one of these is known."""
    return any(isinstance(run.get(name), Known) for name in names)


def is_on(value: Value) -> bool:
    """Whether a switch, or a text or number that names what is on, says on."""
    if not isinstance(value, Known):
        return False
    return value.value.lower() not in NOTHING if isinstance(value.value, str) else bool(value.value)


def names_of(data: Data) -> tuple[str, ...]:
    """Names that a list, or a text with commas, holds."""
    if isinstance(data, str):
        return tuple(part.strip() for part in data.split(",") if part.strip())
    return tuple(str(part) for part in data) if isinstance(data, tuple) else ()


def listed(run: Run, name: str) -> tuple[str, ...]:
    """The names that a value lists; empty where it is not known."""
    value = run.get(name)
    return names_of(value.value) if isinstance(value, Known) else ()


def word(run: Run, name: str) -> str:
    """A text in lower case; empty where it is not known or means that something is off. Raises `NotEstimated` for another type."""
    value = run.get(name)
    if isinstance(value, Absent) or not isinstance(value, Known) or value.value is None or value.value is False:
        return ""
    found = text(value)
    if found is None:
        raise NotEstimated(f"`{name}` is `{_shown(value)}`; a text is expected")
    return "" if found.lower() in NOTHING else found.lower()
