"""The floor of a run's memory per GPU: what is certainly held at once before any activation, in bytes.

Only what no setting of the run can avoid is counted, so that a floor above the card's memory is an error without doubt.
P: all parameters, T: trainable ones, M: trainable ones in matrices, N: processes.

* weights: P x element size, / N at ZeRO stage 3, 0 with offload_param (deepspeed/runtime/zero/stage3.py)
* master weights: 4 T under DeepSpeed with fp16 or bf16, / N from stage 1 (stage_1_and_2.py single_partition_of_fp32_groups)
* optimizer states: 8 T for Adam, / N from stage 1; they exist from the first step on; 0 with offload_optimizer
* gradients: element size x T, / N from stage 2; DDP keeps a bucket copy of the same size (torch DDP docs,
  gradient_as_bucket_view)
* step: stages 1 and 2 copy a group's partition of gradients to fp32 while the fp16 ones are alive: 4 M / N
  (stage_1_and_2.py step: averaged_gradients[i] is released after the copy); M, since norms and biases are a group apart
* reduce bucket: element size x reduce_bucket_size in the backward pass of stages 1 and 2 with contiguous_gradients
* context: what the driver and kernels take; 300 MiB is below every measured value
"""

from collections.abc import Mapping

from lintune.memory.bytes_of import DTYPE, optimizer_bytes
from lintune.memory.known_totals import add_totals, in_doubt
from lintune.run.known import first_unknown, number, text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import derived
from lintune.source.record import dataclass
from lintune.values.value import Absent, Data, Known, Unknown, Value, is_default

CONTEXT_BYTES = 300 * 2**20
_DEFAULT_BUCKET = 500_000_000
_SCRIPTS = frozenset(("minicpmv", "internvl", "llava", "qwen2u1", "qwenvl"))
"""Training scripts of one model family: their adapters say themselves what cannot be counted."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the floor."""

    name: str
    bytes: int
    formula: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What the floor is computed from."""

    params: int
    trainable: int
    matrices: int
    element: int
    """Bytes of a weight."""
    world: int
    stage: int | None
    """ZeRO stage; None without DeepSpeed."""
    mixed: bool
    """Whether DeepSpeed keeps fp32 master weights beside 16-bit ones."""
    optimizer: str
    offload_optimizer: bool
    offload_param: bool
    bucket: int


def add_floor(run: Run) -> None:
    """Add `memory.*` to a run and to what it would be with other flags; unknown where its sources are unknown."""
    _add_values(run)
    ask = run.what_if
    if ask is None:
        return

    def what_if(settings: Mapping[str, Data]) -> Run:
        changed = ask(settings)
        add_floor(changed)
        return changed

    run.what_if = what_if


def _add_values(run: Run) -> None:
    add_totals(run)
    setup = _setup(run)
    names = (
        "weights_bytes",
        "master_bytes",
        "optimizer_bytes",
        "gradients_bytes",
        "step_bytes",
        "context_bytes",
        "floor_bytes",
        "components",
    )
    if isinstance(setup, Unknown):
        for name in (*names, "floor_exceeds_gpu", "no_room_on"):
            run.values[f"memory.{name}"] = setup
        return
    components = floor_components(setup)
    sources = tuple(run.get(name) for name in ("derived.trainable_params", "derived.world_size", "par.ds.stage", "precision.weights"))
    for component in components:
        run.values[f"memory.{component.name}_bytes"] = derived(component.bytes, component.formula, *sources)
    total = sum(component.bytes for component in components)
    run.values["memory.floor_bytes"] = derived(total, "the sum of what is certainly held at once, without activations", *sources)
    run.values["memory.components"] = Known(tuple({"name": part.name, "bytes": part.bytes, "formula": part.formula} for part in components))
    capacity = whole(run.get("gpu.memory_bytes"))
    exceeds = (
        derived(total > capacity, "floor > memory of the GPU")
        if capacity
        else first_unknown((run.get("gpu.memory_bytes"),), "the GPU is not known")
    )
    run.values["memory.floor_exceeds_gpu"] = exceeds
    run.values["memory.no_room_on"] = _no_room(run, exceeds)


def _no_room(run: Run, exceeds: Value) -> Value:
    """The GPUs by name, where the floor is above their memory: "2x A100-40G"."""
    if not isinstance(exceeds, Known):
        return exceeds
    count, name, capacity = whole(run.get("gpu.count")), text(run.get("gpu.name")), whole(run.get("gpu.memory_bytes"))
    if not exceeds.value or not capacity:
        return Absent()
    return derived(f"{f'{count}x ' if count else ''}{name or 'a GPU'}-{round(capacity / 2**30)}G", "the floor is above its memory", exceeds)


def floor_components(setup: Setup) -> tuple[Component, ...]:
    """The parts that are certainly held at the same moment, each with its formula."""
    stage, world = setup.stage or 0, setup.world
    shard = world if stage >= 1 else 1
    of = f" / {world}" if shard > 1 else ""
    weights = 0 if stage == 3 and setup.offload_param else setup.params * setup.element // (world if stage == 3 else 1)
    parts = [
        Component("weights", weights, f"{setup.element} x {setup.params} parameters" + (f" / {world}" if stage == 3 and world > 1 else ""))
    ]
    held_on_gpu = not (setup.offload_optimizer and stage >= 1)
    if setup.mixed and held_on_gpu:
        parts.append(Component("master", 4 * setup.trainable // shard, f"4 x {setup.trainable} trainable{of}"))
    if held_on_gpu:
        each = optimizer_bytes(setup.optimizer, 4 if setup.mixed else setup.element)
        states = int(each * setup.trainable) // shard
        parts.append(Component("optimizer", states, f"{each:g} x {setup.trainable} trainable{of} ({setup.optimizer})"))
    parts.extend(_gradients(setup, held_on_gpu))
    parts.append(Component("context", CONTEXT_BYTES, "CUDA context and kernels, at least"))
    return tuple(parts)


def _gradients(setup: Setup, held_on_gpu: bool) -> tuple[Component, ...]:
    """Gradients at the worse of two moments: the end of the backward pass, or the optimizer step."""
    stage, world, element, trainable = setup.stage, setup.world, setup.element, setup.trainable
    if stage is None:
        copies = 2 if world > 1 else 1
        extra = ", and DDP's bucket copy" if copies == 2 else ""
        return (Component("gradients", copies * element * trainable, f"{element} x {trainable} trainable{extra}"),)
    if not held_on_gpu and stage >= 1:
        return ()
    if stage == 0:
        return (Component("gradients", element * trainable, f"{element} x {trainable} trainable"),)
    shared = element * trainable // world
    if stage == 3:
        return (Component("gradients", shared, f"{element} x {trainable} trainable / {world}"),)
    backward = (shared if stage == 2 else element * trainable) + element * min(setup.bucket, trainable)
    step = shared + (4 * setup.matrices // world if setup.mixed else 0)
    if backward >= step:
        bucket = element * min(setup.bucket, trainable)
        partition = f" / {world}" if stage == 2 else ""
        return (
            Component("gradients", backward - bucket, f"{element} x {trainable} trainable{partition}"),
            Component("step", bucket, f"reduce bucket: {element} x {min(setup.bucket, trainable)}"),
        )
    return (
        Component("gradients", shared, f"{element} x {trainable} trainable / {world}"),
        Component("step", step - shared, f"fp32 copy for the step: 4 x {setup.matrices} in matrices / {world}"),
    )


def _setup(run: Run) -> Setup | Unknown:
    if run.framework not in _SCRIPTS and in_doubt(run):
        return Unknown("quantised or divided weights are not part of the floor")
    if _fsdp(run) is not False:
        return first_unknown((run.get("par.fsdp.mode"),), "the memory of an FSDP run is not modelled yet")
    wanted: dict[str, Value] = {
        name: run.get(name)
        for name in ("derived.total_params", "derived.trainable_params", "derived.world_size", "precision.weights", "precision.compute")
    }
    params, trainable, world = (whole(wanted[f"derived.{name}"]) for name in ("total_params", "trainable_params", "world_size"))
    weights, compute = text(wanted["precision.weights"]), text(wanted["precision.compute"])
    if params is None or trainable is None or world is None or weights not in DTYPE or compute is None:
        return first_unknown(wanted.values(), "the parameters of this model are not known")
    without = isinstance(run.get("par.ds.file"), Absent) or run.get("par.ds.file") == Known(None)
    stage = None if without else whole(run.get("par.ds.stage"))
    if not without and stage is None:
        return first_unknown((run.get("par.ds.stage"),), "the ZeRO stage is not known")
    if without and text(run.get("launch.launcher")) == "accelerate":
        return Unknown("the accelerate configuration was not read")
    offloads = [run.get("par.ds.offload_opt"), run.get("par.ds.offload_param")]
    mixed = not without and compute in ("fp16", "bf16")
    return Setup(
        params=params,
        trainable=trainable,
        matrices=min(whole(run.get("derived.trainable_matrices")) or 0, trainable),
        element=DTYPE[compute] if mixed else DTYPE[weights],
        world=max(world, 1),
        stage=stage,
        mixed=mixed,
        optimizer=_optimizer(run),
        # an offload that is not certainly off may keep everything on the host
        offload_optimizer=not without and text(offloads[0]) != "none",
        offload_param=not without and text(offloads[1]) != "none",
        bucket=_bucket(run),
    )


def _optimizer(run: Run) -> str:
    """The optimizer; where it is a default that depends on the release, AdamW, which it is in every one."""
    found = run.get("derived.effective_optim")
    if isinstance(found, Unknown) and is_default(run.get("optim.name")):
        return "adamw_torch"
    return text(found) or ""


def _fsdp(run: Run) -> bool | None:
    """Whether FSDP is on: its mode is a text or a list, empty when off; no release turns it on by default."""
    value = run.get("par.fsdp.mode")
    if isinstance(value, Known) and not is_default(value):
        return bool(value.value)
    return False if isinstance(value, Absent) or is_default(value) else None


def _bucket(run: Run) -> int:
    """Elements of the reduce bucket that is certainly allocated; 0 where it is set automatically or turned off."""
    if truth(run.get("ds.zero_optimization.contiguous_gradients")) is False and not isinstance(
        run.get("ds.zero_optimization.contiguous_gradients"), Absent
    ):
        return 0
    value = run.get("ds.zero_optimization.reduce_bucket_size")
    if isinstance(value, Absent):
        return _DEFAULT_BUCKET
    found = number(value)
    return int(found) if found is not None and found > 0 else 0
