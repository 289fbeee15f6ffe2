"""Whether a run certainly does not fit its GPU."""

from collections.abc import Iterator, Mapping

from lintune.run.known import whole
from lintune.run.run import Run
from lintune.values.value import Known, Value


def out_of_memory(run: Run) -> Iterator[dict[str, Value]]:
    """One match where the memory floor is above the memory of the card, with what a message needs.

    Fields: `floor` and `capacity` (bytes), `over` (bytes that are missing at least), `largest` (the biggest component),
    `largest_bytes` and `largest_formula`.
    """
    floor, capacity = whole(run.get("memory.floor_bytes")), whole(run.get("gpu.memory_bytes"))
    if floor is None or capacity is None or floor <= capacity:
        return
    size, name, formula = max(_parts(run.get("memory.components")), default=(0, "", ""))
    yield {
        "floor": Known(floor),
        "capacity": Known(capacity),
        "over": Known(floor - capacity),
        "largest": Known(name),
        "largest_bytes": Known(size),
        "largest_formula": Known(formula),
    }


def _parts(value: Value) -> Iterator[tuple[int, str, str]]:
    """The components of the floor: bytes, name, formula."""
    entries = value.value if isinstance(value, Known) else None
    for part in entries if isinstance(entries, tuple) else ():
        if isinstance(part, Mapping):
            yield int(str(part["bytes"])), str(part["name"]), str(part["formula"])
