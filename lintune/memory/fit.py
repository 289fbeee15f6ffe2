"""Whether a run certainly does not fit its GPU."""

from collections.abc import Iterator

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
    parts = run.get("memory.components")
    names: list[tuple[int, str, str]] = []
    if isinstance(parts, Known) and isinstance(parts.value, tuple):
        for part in parts.value:
            if not isinstance(part, str | int | float | bool) and part is not None and not isinstance(part, tuple):
                names.append((int(str(part["bytes"])), str(part["name"]), str(part["formula"])))
    size, name, formula = max(names, default=(0, "", ""))
    yield {
        "floor": Known(floor),
        "capacity": Known(capacity),
        "over": Known(floor - capacity),
        "largest": Known(name),
        "largest_bytes": Known(size),
        "largest_formula": Known(formula),
    }
