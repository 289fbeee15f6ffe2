"""Degrees of parallelism: how many processes hold one copy of the model, and how many copies there are."""

from collections.abc import Mapping

from lintune.run.known import whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived
from lintune.values.value import Absent, Value


def add_degrees(run: Run, degrees: Mapping[str, Value]) -> None:
    """Set `par.*`, `derived.model_parallel` (tensor x pipeline x context) and `derived.data_parallel`; `derived.world_size` must be there.

    A degree that is absent is 1. Where the processes cannot be divided, `derived.data_parallel` is 0: the launch cannot start.
    """
    for name, value in degrees.items():
        run.values[f"par.{name}"] = value
    sources = [value for name, value in degrees.items() if name != "ep"]
    sizes = [1 if isinstance(value, Absent) else whole(value) for value in sources]
    product = 1
    for size in sizes:
        product *= size or 0
    if any(size is None or size < 1 for size in sizes):
        run.values["derived.model_parallel"] = run.values["derived.data_parallel"] = blocked(
            sources, "a degree of parallelism is not known"
        )
        return
    run.values["derived.model_parallel"] = derived(product, "tensor x pipeline x context parallel size", *sources)
    world = run.get("derived.world_size")
    count = whole(world)
    if count is None:
        run.values["derived.data_parallel"] = blocked((world,), "the number of processes is not known")
    else:
        copies = count // product if count % product == 0 else 0
        run.values["derived.data_parallel"] = derived(copies, "processes / processes per copy of the model", world, *sources)
