"""How a run is started: launcher, processes, nodes, cards; `launch.*`, `gpu.*`, `derived.world_size`."""

import re
from collections.abc import Mapping, Sequence

from lintune.frameworks.config_files import flat_values, read_mapping
from lintune.frameworks.context import Reading
from lintune.frameworks.environment import word_value
from lintune.frameworks.scheduler import add_scheduler, requested_gpus
from lintune.launch.launchers import Launch
from lintune.launch.word import Word
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.values.value import Absent, Known, Origin, Step, Unknown, Value

_SETTLE_GPU = "--gpu 8xA100-80G"
_PER_NODE = {"torchrun": "nproc_per_node", "deepspeed": "num_gpus", "colossalai": "nproc_per_node", "composer": "nproc"}
_NODE_COUNT = {"torchrun": "nnodes", "deepspeed": "num_nodes", "accelerate": "num_machines", "colossalai": "num_nodes"}


def starter(launch: Launch) -> str:
    """The program that starts the processes: accelerate where `trl` is told what to hand to it."""
    return "accelerate" if launch.launcher == "trl" and launch.options else launch.launcher


def add_launcher(run: Run, reading: Reading) -> None:
    """Fill `launch.*`, `gpu.*` and `derived.world_size`."""
    launch = reading.launch
    run.values["launch.framework"] = Known(run.framework)
    run.values["launch.launcher"] = Known(launch.launcher, (Step("flag", launch.head),))
    run.values["launch.certain"] = Known(launch.command.certain)
    run.values["launch.module"] = Known(launch.module)
    folder = launch.command.cwd
    run.values["launch.cwd"] = Known(folder) if folder is not None else Unknown("the script changes to a folder that is not known")
    run.values["launch.entry"] = word_value(launch.entry, "flag") if launch.entry is not None else Absent()
    for name, word in launch.options.items():
        run.values[f"launch.option.{name}"] = word_value(word, "flag")
    if starter(launch) == "accelerate":
        _add_accelerate(run, reading)
    add_scheduler(run, reading)
    if "hostfile" in launch.options:
        from lintune.frameworks.hostfile import add_hosts

        add_hosts(run, reading)
    _add_gpu(run, reading)
    run.values["launch.env_set"] = Known(tuple(sorted(launch.env)), (Step("environment", launch.head),))
    run.values["launch.visible"] = _all_visible(run, ())
    nodes = run.values["launch.nnodes"] = _nodes(run, reading)
    per_node = run.values["launch.nproc"] = _per_node(run, reading)
    run.values["launch.background"] = Known(launch.command.background)
    _add_port(run, starter(launch))
    for name in ("node_rank", "master_addr", "master_port"):
        run.values[f"launch.{name}"] = run.get(f"launch.option.{name}")
    run.values["derived.world_size"] = _started(run, reading) or _world_size(run, starter(launch), nodes, per_node)


def _started(run: Run, reading: Reading) -> Value | None:
    """The processes of plain `python` behind a program that starts it several times; None where there is none.

    What MPI starts finds its rank by itself (accelerate state.py reads `OMPI_COMM_WORLD_RANK`, `PMI_RANK`), what srun starts does not.
    """
    launch = reading.launch
    several = {"srun", "mpirun", "mpiexec", "mpiexec.hydra", "orterun", "prterun", "horovodrun", "parallel"} & set(launch.wrappers)
    if launch.launcher != "python" or not several:
        return None
    if "srun" in launch.wrappers and _asks_slurm(launch.args):
        tasks = run.get("launch.slurm.ntasks")
        return tasks if not isinstance(tasks, Absent) else Unknown("the number of tasks is not given", settle="--ntasks")
    processes = run.get("launch.mpi.processes")
    if isinstance(processes, Known):
        return derived(processes.value, "processes that mpirun starts", processes)
    return Unknown(f"how many processes `{launch.wrappers[-1]}` starts is not known")


def _asks_slurm(words: Sequence[Word]) -> bool:
    """Whether a script is told to take its ranks from Slurm: `--launcher slurm` (mmcv, InternVL dist_utils.py init_dist)."""
    texts = [word.text for word in words]
    return "--launcher=slurm" in texts or any(pair == ("--launcher", "slurm") for pair in zip(texts, texts[1:], strict=False))  # noqa: RUF007


def _add_port(run: Run, launcher: str) -> None:
    """The port on which the processes meet: torchrun, deepspeed and accelerate all default to 29500."""
    value = _option(run, "main_process_port" if launcher == "accelerate" else "master_port")
    if launcher not in ("torchrun", "deepspeed", "accelerate"):
        return
    if isinstance(value, Absent):
        elsewhere = [_option(run, name) for name in ("standalone", "rdzv_endpoint", "rdzv_backend", "config_file")]
        elsewhere.append(run.values.get("env.MASTER_PORT", Absent()))
        if all(isinstance(value, Absent) for value in elsewhere):
            run.values["launch.port"] = Known(29500, (Step("default", None, f"default of {launcher}"),))
        return
    port = whole(value)
    run.values["launch.port"] = along(port, value.origin) if port is not None else blocked((value,), "the port is not a number")


def mark_port_conflicts(runs: Sequence[Run]) -> None:
    """Add `launch.port_taken_by` to each launch of a script whose port an earlier one in the background still holds.

    A `wait` between the two in the script, or an unknown port, is no conflict; port 0 picks a free one.
    """
    for at, run in enumerate(runs):
        port = whole(run.get("launch.port"))
        for earlier in runs[:at]:
            same = port is not None and port > 0 and whole(earlier.get("launch.port")) == port
            local = all(whole(each.get("launch.nnodes")) == 1 for each in (run, earlier))
            certain = all(truth(each.get("launch.certain")) for each in (run, earlier))
            if same and local and certain and truth(earlier.get("launch.background")) and not _waits(earlier, run):
                run.values["launch.port_taken_by"] = Known(port, (Step("flag", earlier.site),))


def _waits(earlier: Run, run: Run) -> bool:
    """Whether the script may wait for the earlier launch before it starts the later one."""
    if earlier.site.source is not run.site.source or earlier.site.span.end > run.site.span.start:
        return True
    between = run.site.source.text[earlier.site.span.end : run.site.span.start]
    return re.search(r"\b(wait|sleep|ssh|kill|fg)\b", between) is not None


def _add_gpu(run: Run, reading: Reading) -> None:
    gpu, origin = reading.context.assumptions.gpu, reading.context.assumptions.gpu_origin
    request = requested_gpus(reading) if gpu is None else None
    unsaid = Unknown("the GPU was not named", settle=_SETTLE_GPU)
    for name in ("name", "count", "memory_bytes", "compute_capability", "bf16", "tf32"):
        value: Value = unsaid
        found = getattr(gpu, name) if gpu is not None else None
        if found is not None:
            value = along(found, origin or (Step("assumed", note="--gpu"),))
        elif gpu is not None:
            value = Unknown(f"the specification of the GPU does not tell its {name.replace('_', ' ')}", origin, settle=_SETTLE_GPU)
        run.values[f"gpu.{name}"] = value
    if request:
        run.values["gpu.count"] = request


def _option(run: Run, name: str) -> Value:
    return run.get(f"launch.option.{name}")


def _nodes(run: Run, reading: Reading) -> Value:
    hosts = run.get("launch.hosts")
    if not isinstance(hosts, Absent):
        return (
            derived(len(hosts.value), "hosts of the hostfile", hosts)
            if isinstance(hosts, Known) and isinstance(hosts.value, Mapping)
            else hosts
        )
    value = _option(run, _NODE_COUNT.get(starter(reading.launch), "nnodes"))
    if starter(reading.launch) == "accelerate" and isinstance(value, Absent) and "config_file" in reading.launch.options:
        value = run.get("launch.accelerate.num_machines")
    match value:
        case Known(value=int(count)) if not isinstance(count, bool):
            return along(count, value.origin)
        case Known(value=str(found)) if found.strip().isdigit():
            return along(int(found), value.origin)
        case Known() | Unknown():
            return blocked((value,), "the number of nodes is a range")
    said = reading.context.assumptions.gpu
    if said is not None and said.nodes is not None:
        return along(said.nodes, reading.context.assumptions.gpu_origin)
    asked = run.get("launch.slurm.nodes")
    if not isinstance(asked, Absent) and whole(asked) != 1 and starter(reading.launch) not in ("torchrun", "accelerate"):
        if reading.launch.launcher == "deepspeed" and "srun" in reading.launch.wrappers and isinstance(value, Absent):
            return derived(1, "srun starts a launcher on each node, and each knows its own node only", asked)
        return Unknown("the job asks for nodes, and the launcher is not told how many", settle="--gpu 2x8xA100-80G")
    return derived(1, "one node unless told otherwise")


def _per_node(run: Run, reading: Reading) -> Value:
    launcher = starter(reading.launch)
    if launcher == "deepspeed":
        hosts = run.get("launch.hosts")
        if isinstance(hosts, Known) and isinstance(hosts.value, Mapping):
            counts = set(hosts.value.values())
            return derived(counts.pop(), "slots of the hostfile", hosts) if len(counts) == 1 else Unknown("the hosts differ", hosts.origin)
        included = _included(run)
        if included is not None:
            return included
        if not isinstance(_option(run, "exclude"), Absent):
            return _without_excluded(run)
    if launcher == "accelerate":
        return _accelerate_per_node(run)
    value = _option(run, _PER_NODE.get(launcher, "nproc_per_node"))
    match value:
        case Known(value=str(found)) if found.strip().isdigit():
            return along(int(found), value.origin)
        case Known(value=str(found)) if found.strip() in ("gpu", "auto", "-1"):
            return _all_visible(run, value.origin)
        case Known() | Unknown():
            return blocked((value,), "the number of processes is not a number")
    if launcher == "deepspeed":
        return _all_visible(run, ())
    return derived(1, "one process unless told otherwise")


def _included(run: Run) -> Value | None:
    """The cards that `--include localhost:0,1` picks on each node; None where it is not used."""
    value = _option(run, "include")
    match value:
        case Known(value=str(found)) if found.strip():
            slots = [part.partition(":")[2] for part in found.split("@")]
            counts = {len([slot for slot in part.split(",") if slot]) for part in slots}
            if len(counts) == 1 and 0 not in counts:
                return along(counts.pop(), value.origin)
            return Unknown("`--include` picks whole nodes or differs between them", value.origin, settle=_SETTLE_GPU)
        case Unknown():
            return value
    return None


def _without_excluded(run: Run) -> Value:
    """The cards of this machine but those of `--exclude localhost:0`; `CUDA_VISIBLE_DEVICES` no longer counts."""
    from lintune.frameworks.hostfile import picked

    option, count = _option(run, "exclude"), run.get("gpu.count")
    chosen, cards = text(option), whole(count)
    if chosen is None or cards is None:
        return blocked((option, count), "which cards are left is not known")
    gone = picked(chosen)
    slots = gone.get("localhost", []) if len(gone) == 1 else None
    if slots is None:
        return Unknown("`--exclude` names other hosts, or this one as a whole", option.origin)
    return derived(len(set(range(cards)) - set(slots)), "cards that --exclude leaves", option, count)


def _all_visible(run: Run, origin: Origin) -> Value:
    """As many processes as cards are visible."""
    visible = run.values.get("env.CUDA_VISIBLE_DEVICES")
    match visible:
        case Known(value=str(found)) if found.strip():
            devices = [part for part in found.split(",") if part.strip()]
            return along(len(devices), (*origin, *visible.origin))
        case Unknown():
            return visible
    count, granted = run.get("gpu.count"), run.get("launch.slurm.gpus")
    if (whole(count) or 0) > (whole(granted) or 0) > 0:
        count = granted  # the scheduler shows a job no more cards than it asked for
    if whole(count) is not None:
        return along(whole(count), (*origin, *count.origin))
    return Unknown("one process per visible GPU, and their number is not known", origin, settle=_SETTLE_GPU)


def _world_size(run: Run, launcher: str, nodes: Value, per_node: Value) -> Value:
    if launcher == "accelerate":
        return _accelerate_world(run)
    if launcher == "deepspeed":
        listed = run.get("launch.hosts")
        if isinstance(listed, Known) and isinstance(listed.value, Mapping):
            total = sum(slots for slots in listed.value.values() if isinstance(slots, int))
            return derived(total, "slots of the hosts", listed)
        hosts = _option(run, "include")
        if isinstance(hosts, Known) and isinstance(hosts.value, str) and "@" in hosts.value and whole(per_node):
            return derived((whole(per_node) or 1) * len(hosts.value.split("@")), "cards that --include picks", hosts)
    if launcher in ("swift", "megatron", "llamafactory-cli"):
        from lintune.frameworks.env_processes import llamafactory_processes, swift_processes

        return llamafactory_processes(run) if launcher == "llamafactory-cli" else swift_processes(run)
    if launcher not in ("torchrun", "deepspeed", "python", "colossalai", "composer"):
        return Unknown(f"how many processes `{launcher}` starts is not known", settle="--gpu 8xA100-80G")
    count, each = whole(nodes), whole(per_node)
    if count is None or each is None:
        return blocked((per_node, nodes), "the number of processes is not known")
    if launcher == "python" and not isinstance(run.get("env.WORLD_SIZE"), Absent) and "env.WORLD_SIZE" in run.values:
        return Unknown("`WORLD_SIZE` is set by hand", run.get("env.WORLD_SIZE").origin)
    return derived(count * each, "nodes x processes per node", per_node, nodes)


def _add_accelerate(run: Run, reading: Reading) -> None:
    """`launch.accelerate.*`: the configuration that `--config_file` names; the user's own default one is not read."""
    named = _option(run, "config_file")
    path = text(named)
    if path is None:
        why = named if isinstance(named, Unknown) else Unknown("the default accelerate configuration of the machine is not read")
        run.unread["launch.accelerate"] = why
        return
    root = read_mapping(reading, path)
    if isinstance(root, Unknown):
        run.unread["launch.accelerate"] = root
        return
    run.values.update(flat_values(root, "accelerate", "launch.accelerate."))
    from lintune.frameworks.accelerate_config import add_unknown_keys

    add_unknown_keys(run, root)


def _accelerate_world(run: Run) -> Value:
    """The processes of all machines together: the option wins over the file; both count the whole run."""
    for value in (_option(run, "num_processes"), run.get("launch.accelerate.num_processes")):
        found = whole(value)
        if found is not None:
            return along(found, value.origin)
        if isinstance(value, Unknown):
            return value
    return Unknown("the number of processes is not given", settle="--num_processes")


def _accelerate_per_node(run: Run) -> Value:
    """Its share of all processes (accelerate utils/launch.py: `num_processes // num_machines`)."""
    total, machines = _accelerate_world(run), run.get("launch.nnodes")
    count, over = whole(total), whole(machines)
    if count is None or not over:
        return blocked((total, machines), "the number of processes is not known")
    return derived(count // over, "processes / machines", total, machines) if over > 1 else along(count, total.origin)
