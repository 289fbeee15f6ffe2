"""What a job asks its scheduler for: `launch.slurm.*` from `srun` and `#SBATCH` lines, `launch.mpi.processes` from `mpirun`."""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.environment import word_value
from lintune.launch.batch_header import batch_options
from lintune.run.known import whole
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.values.value import Absent, Known, Unknown, Value

_GRES = re.compile(r"(?:gres/)?gpu(?::(?P<name>[A-Za-z][\w.-]*))?[:=](?P<count>\d+)")
_MEMORY = re.compile(r"(?P<count>\d+)(?P<unit>[KMGTkmgt])?[bB]?")
_MPI = ("mpirun", "mpiexec", "mpiexec.hydra", "orterun", "prterun", "horovodrun")


def add_scheduler(run: Run, reading: Reading) -> None:
    """Fill `launch.slurm.*`, `launch.mpi.processes` and `launch.wrappers`; `srun`'s own options win over the job's."""
    launch = reading.launch
    run.values["launch.wrappers"] = Known(tuple(launch.wrappers))
    for name in ("nodes", "ntasks", "ntasks_per_node", "nodelist"):
        run.values[f"launch.slurm.{name}"] = _asked(reading, name)
    run.values["launch.slurm.job_nodes"] = _of_job(reading, "nodes")
    run.values["launch.slurm.tasks_per_node"] = _tasks_per_node(run, reading)
    gpus = requested_gpus(reading)
    run.values["launch.slurm.gpus"] = gpus if gpus is not None else Absent()
    run.values["launch.slurm.mem"] = _memory(reading)
    run.values["launch.mpi.processes"] = _mpi_processes(reading)


def requested_gpus(reading: Reading) -> Value | None:
    """Cards per node: `--gres=gpu:4`, `--gpus-per-node=a100:4`, or `--gpus=4` of a job of one node; None where none is asked for."""
    for options in (reading.launch.wrapper_options.get("srun", {}), batch_options(reading.launch.command.site.source)):
        for name in ("gres", "gpus_per_node", "gpus"):
            word = options.get(name)
            if word is None:
                continue
            value = word_value(word, "config")
            found = _GRES.search(word.text) if name == "gres" else re.search(r"(?:^|:)(?P<count>\d+)$", word.text)
            nodes = _asked(reading, "nodes")
            if name == "gpus" and not isinstance(nodes, Absent) and whole(nodes) != 1:
                return Unknown("the GPUs of the job are counted over all its nodes", value.origin)
            if isinstance(value, Known) and found:
                return along(int(found["count"]), value.origin)
            return Unknown("the number of GPUs that the job asks for is not known", value.origin)
    return None


def _memory(reading: Reading) -> Value:
    """Bytes of a machine's memory that the job asks for: `--mem=64G`, in MiB without a unit (sbatch(1)); 0 asks for all of it."""
    word = reading.launch.wrapper_options.get("srun", {}).get("mem") or batch_options(reading.launch.command.site.source).get("mem")
    if word is None:
        return Absent()
    value = word_value(word, "config")
    found = _MEMORY.fullmatch(word.text.strip())
    if not isinstance(value, Known) or found is None:
        return Unknown("the memory that the job asks for is not known", value.origin)
    size = int(found["count"]) * 1024 ** "KMGT".index((found["unit"] or "M").upper()) * 1024
    return along(size, value.origin) if size else Absent()


def _asked(reading: Reading, name: str) -> Value:
    """An option of `srun`, else of the job; a count that is not a number (`2-4`) is unknown."""
    word = reading.launch.wrapper_options.get("srun", {}).get(name)
    return _of_job(reading, name) if word is None else _count(word_value(word, "flag"), name)


def _of_job(reading: Reading, name: str) -> Value:
    word = batch_options(reading.launch.command.site.source).get(name)
    return Absent() if word is None else _count(word_value(word, "config"), name)


def _count(value: Value, name: str) -> Value:
    if name == "nodelist" or not isinstance(value, Known):
        return value
    found = whole(value)
    return along(found, value.origin) if found is not None else Unknown(f"`--{name.replace('_', '-')}` is a range", value.origin)


def _tasks_per_node(run: Run, reading: Reading) -> Value:
    """How often `srun` starts the command on a node; absent where no `srun` stands before it."""
    if "srun" not in reading.launch.wrappers:
        return Absent()
    own = reading.launch.wrapper_options.get("srun", {})
    each, tasks = run.get("launch.slurm.ntasks_per_node"), run.get("launch.slurm.ntasks")
    nodes = run.get("launch.slurm.nodes")
    if "ntasks" in own and "ntasks_per_node" not in own:
        each = Absent()
    if not isinstance(each, Absent):
        return each
    if isinstance(tasks, Absent):
        return derived(1, "srun starts one task per node unless told otherwise", nodes)
    count, over = whole(tasks), whole(nodes) if not isinstance(nodes, Absent) else None
    if count is not None and over and count % over == 0:
        return derived(count // over, "tasks / nodes", tasks, nodes)
    return Unknown("how the tasks are spread over the nodes is not known", tasks.origin)


def _mpi_processes(reading: Reading) -> Value:
    for wrapper in _MPI:
        for name in ("np", "n"):
            word = reading.launch.wrapper_options.get(wrapper, {}).get(name)
            if word is not None:
                return _count(word_value(word, "flag"), "np")
    return Absent()
