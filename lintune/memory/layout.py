"""How a run is spread over processes: degrees of parallelism, ZeRO, FSDP, offload, buckets."""

from lintune.memory.asked import NOTHING, NotEstimated, is_on, positive, switch
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.source.record import dataclass
from lintune.values.value import Absent, Known

_DEFAULT_BUCKET = 500_000_000
"""deepspeed/runtime/zero/config.py reduce_bucket_size."""
_DEGREES = ("tp", "ep", "cp", "pp")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a run's states are."""

    world: int
    tensor: int
    expert: int
    context: int
    pipeline: int
    megatron: bool
    stage: int | None
    fsdp: bool
    reshard: bool
    offload_optimizer: bool
    offload_params: bool
    bucket: int
    """Elements of DeepSpeed's reduce bucket; 0 where it is not known."""
    per_node: int
    """Processes that share the memory of one machine."""


def layout_of(run: Run, notes: list[str]) -> Layout:
    """The layout; raises `NotEstimated` where degrees contradict each other."""
    processes, nodes = positive(run, "launch.nproc", 0), positive(run, "launch.nnodes", 1)
    world = positive(run, "derived.world_size", 0)
    if not world and not processes:
        processes = whole(run.get("gpu.count")) or 1
        notes.append(f"the number of processes is not known: {processes} {'is' if processes == 1 else 'are'} taken")
    world = world or processes * nodes
    tensor, expert, context, pipeline = (positive(run, f"par.{name}", 1) for name in _DEGREES)
    _check_degrees(world, tensor, expert, context, pipeline)
    stage, fsdp = _stage(run), _fsdp(run)
    if stage is not None and fsdp:
        raise NotEstimated("DeepSpeed and FSDP are both on: only one of them can shard the model")
    offload_optimizer = is_on(run.get("par.ds.offload_opt")) or is_on(run.get("par.fsdp.offload"))
    offload_params = is_on(run.get("par.ds.offload_param")) or is_on(run.get("par.fsdp.offload"))
    if (offload_optimizer or offload_params) and not stage and not fsdp:
        notes.append("offload is asked for without ZeRO or FSDP: nothing is moved to the host")
        offload_optimizer = offload_params = False
    elif offload_params and stage is not None and stage < 3:
        notes.append(f"parameters are offloaded at ZeRO-3 alone, not at stage {stage}")
        offload_params = False
    return Layout(
        world, tensor, expert, context, pipeline, _megatron(run, tensor * expert * pipeline), stage, fsdp,
        "grad_op" not in (text(run.get("par.fsdp.strategy")) or "").lower(), offload_optimizer, offload_params, _bucket(run),
        max(1, min(world, processes or -(-world // nodes))),
    )  # fmt: skip


def _check_degrees(world: int, tensor: int, expert: int, context: int, pipeline: int) -> None:
    for degree in (tensor * context * pipeline, expert * pipeline):
        if world % degree:
            kinds = f"tensor parallel {tensor} x context parallel {context} x pipeline {pipeline}, experts {expert}"
            raise NotEstimated(f"{world} processes cannot be split into {kinds}")


def _megatron(run: Run, divided: int) -> bool:
    """Whether Megatron trains: its launcher, or ms-swift with a degree that only its Megatron commands have."""
    swift = run.framework in ("swift", "ms-swift") and divided > 1 and not isinstance(run.get("par.ds.stage"), Known)
    return text(run.get("launch.launcher")) == "megatron" or swift


def _stage(run: Run) -> int | None:
    value = run.get("par.ds.stage")
    stage = whole(value)
    if isinstance(value, Known) and value.value is not None and stage not in (0, 1, 2, 3):
        raise NotEstimated(f"ZeRO has stages 0 to 3, not `{value.value}`")
    return stage


def _fsdp(run: Run) -> bool:
    mode = run.get("par.fsdp.mode")
    named = isinstance(mode, Known) and bool(mode.value) and str(mode.value).lower() not in NOTHING
    strategy = text(run.get("par.fsdp.strategy"))
    return named or switch(run, "par.fsdp.on") or bool(strategy and strategy.lower() not in ("no_shard", *NOTHING))


def _bucket(run: Run) -> int:
    """Elements of DeepSpeed's reduce bucket: as its file says, else the library's default; 0 where no file was read."""
    said = run.get("ds.zero_optimization.reduce_bucket_size")
    if isinstance(said, Absent):
        return _DEFAULT_BUCKET if text(run.get("par.ds.file")) else 0
    return max(0, whole(said) or 0)
