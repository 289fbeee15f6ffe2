"""Reading typed values out of a run: the value where it is known and of the type asked for, else None."""

from collections.abc import Iterable

from lintune.values.value import Absent, Data, Known, Unknown, Value


def truth(value: Value) -> bool | None:
    """True or False where that is certain; an absent value is False."""
    match value:
        case Known(value=bool(found)):
            return found
        case Absent():
            return False
    return None


def whole(value: Value) -> int | None:
    """An integer, also one written as `2e8` or `"8"`; None where there is none."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def number(value: Value) -> float | None:
    """A finite number, also one kept as text; None where there is none."""
    match value:
        case Known(value=bool()):
            return None
        case Known(value=int() | float() as found):
            return _finite(float(found))
        case Known(value=str(found)):
            try:
                return _finite(float(found))
            except ValueError:
                return None
    return None


def _finite(found: float) -> float | None:
    return found if abs(found) < 1e18 else None


def text(value: Value) -> str | None:
    """A text; None where there is none."""
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None


def data(value: Value) -> Data:
    """What a known value holds; None for unknown and absent ones."""
    return value.value if isinstance(value, Known) else None


def first_unknown(values: Iterable[Value], fallback: str) -> Unknown:
    """The unknown that stands in the way of something computed from these values.

    `fallback` is the reason where none of them is unknown (a value of an unexpected type).
    """
    for value in values:
        if isinstance(value, Unknown):
            return value
    return Unknown(fallback)
