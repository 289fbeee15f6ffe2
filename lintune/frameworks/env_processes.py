"""How many processes the programs start that take it from the environment: `swift` and `llamafactory-cli`."""

from lintune.run.known import whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived
from lintune.values.value import Absent, Known, Unknown, Value


def swift_processes(run: Run) -> Value:
    """One, unless `NPROC_PER_NODE` (and `NNODES`) say otherwise (ms-swift cli/main.py `use_torchrun`)."""
    each, nodes = run.get("env.NPROC_PER_NODE"), run.get("env.NNODES")
    visible = run.get("launch.visible")
    if isinstance(each, Unknown) and isinstance(nodes, Unknown) and not each.origin and whole(visible) == 1:
        return derived(1, "one GPU is visible", visible)
    return _product(run, derived(1, "no `NPROC_PER_NODE`") if isinstance(each, Absent) else each, nodes)


def llamafactory_processes(run: Run) -> Value:
    """`NPROC_PER_NODE`, else one per visible GPU, where torchrun is forced or there are several (LLaMA-Factory launcher.py)."""
    each, nodes, visible = run.get("env.NPROC_PER_NODE"), run.get("env.NNODES"), run.get("launch.visible")
    if isinstance(each, Absent) or (isinstance(each, Unknown) and not each.origin):
        each = visible
    if not _is_forced(run) and whole(visible) is None:
        return blocked((visible,), "whether torchrun starts it depends on the visible GPUs")
    if not _is_forced(run) and whole(visible) == 1:
        return derived(1, "one GPU is visible", visible)
    return _product(run, each, nodes)


def _is_forced(run: Run) -> bool:
    said = run.get("env.FORCE_TORCHRUN")
    return isinstance(said, Known) and str(said.value).lower() in ("1", "true", "y", "yes", "on")


def _product(run: Run, each: Value, nodes: Value) -> Value:
    count, machines = whole(each), whole(nodes)
    if machines is None and not nodes.origin and (whole(run.get("launch.slurm.nodes")) or 1) == 1:
        machines = 1  # one node unless told otherwise, as with torchrun
    if count is None or machines is None:
        return blocked((each, nodes), "the number of processes is not known")
    return derived(count * machines, "`NPROC_PER_NODE` x `NNODES`", each, nodes)
