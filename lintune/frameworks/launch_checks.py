"""Claims about the GPUs of a launch that need counting: slots of `--include`, gaps and numbers of `CUDA_VISIBLE_DEVICES`.

Each function is the `check` of one rule page: it yields an item per finding, with the fields that the page's texts show.
"""

from collections.abc import Iterator

from lintune.launch.batch_header import late_lines
from lintune.run.known import text, truth, whole
from lintune.run.run import Item, Run
from lintune.source.text import Site
from lintune.values.value import Absent, Data, Known, Unknown, Value, site_of

_CHOOSING = ("include", "exclude", "num_gpus", "num_nodes")


def visible_devices_gap(run: Run) -> Iterator[Item]:
    """`CUDA_VISIBLE_DEVICES` of the deepspeed launcher that does not count 0, 1, 2 ... (deepspeed/launcher/runner.py main)."""
    visible = run.get("env.CUDA_VISIBLE_DEVICES")
    slots = _slots(text(visible) or "")
    if text(run.get("launch.launcher")) != "deepspeed" or not slots or any(f"launch.option.{name}" in run.values for name in _CHOOSING):
        return
    beyond = [slot for slot in slots if slot >= len(slots)]
    count = whole(run.get("gpu.count"))
    if beyond and len(slots) > 1 and (count is None or max(slots) < count):
        yield _item(visible, devices=text(visible) or "", slot=beyond[0], count=len(slots))


def missing_slots(run: Run) -> Iterator[Item]:
    """Slots of `--include` on this machine that lie beyond its GPUs."""
    include = run.get("launch.option.include")
    chosen, count = text(include), whole(run.get("gpu.count"))
    if text(run.get("launch.launcher")) != "deepspeed" or not chosen or not count or "@" in chosen:
        return
    missing = [slot for slot in _slots(chosen.partition(":")[2]) if slot >= count]
    if missing:
        yield _item(include, include=chosen, slot=missing[0], count=count, last=count - 1)


def more_processes_than_visible(run: Run) -> Iterator[Item]:
    """More processes per node than `CUDA_VISIBLE_DEVICES` names GPUs; each process takes the GPU of its local rank."""
    visible = run.get("env.CUDA_VISIBLE_DEVICES")
    devices = [part for part in (text(visible) or "").split(",") if part.strip()]
    processes = whole(run.get("launch.nproc"))
    starts = text(run.get("launch.launcher")) in ("torchrun", "accelerate", "tune")
    if starts and devices and processes is not None and processes > len(devices):
        yield _item(visible, processes=processes, devices=text(visible) or "", count=len(devices))


def idle_visible(run: Run) -> Iterator[Item]:
    """GPUs that `CUDA_VISIBLE_DEVICES` shows and no process of the launch takes; with vLLM beside the training they may be its."""
    visible, launcher = run.get("env.CUDA_VISIBLE_DEVICES"), text(run.get("launch.launcher"))
    devices = [part for part in (text(visible) or "").split(",") if part.strip()]
    processes = whole(run.get("launch.nproc"))
    starts = launcher == "torchrun" or (launcher == "accelerate" and whole(run.get("launch.nnodes")) == 1)
    if starts and processes is not None and 0 < processes < len(devices) and not truth(run.get("flag.use_vllm")):
        imports = run.get("script.imports")
        packages = set(imports.value) if isinstance(imports, Known) and isinstance(imports.value, tuple) else set()
        if not packages & _STARTERS:
            yield _item(visible, processes=processes, devices=text(visible) or "", count=len(devices))


def more_processes_than_gpu_ids(run: Run) -> Iterator[Item]:
    """More processes on a machine than `--gpu_ids`, or the accelerate configuration, names GPUs."""
    ids = run.get("launch.option.gpu_ids")
    ids = run.get("launch.accelerate.gpu_ids") if isinstance(ids, Absent) else ids
    named = str(ids.value) if isinstance(ids, Known) and not isinstance(ids.value, bool) else ""
    processes, slots = whole(run.get("launch.nproc")), _slots(named)
    if text(run.get("launch.launcher")) == "accelerate" and slots and processes is not None and processes > len(slots):
        yield _item(ids, processes=processes, devices=named, count=len(slots))


def devices_beyond_request(run: Run) -> Iterator[Item]:
    """GPUs of `CUDA_VISIBLE_DEVICES` that a Slurm job, whose GPUs count from 0, does not have."""
    visible, count = run.get("env.CUDA_VISIBLE_DEVICES"), whole(run.get("launch.slurm.gpus"))
    beyond = [slot for slot in _slots(text(visible) or "") if count is not None and slot >= count]
    if beyond:
        yield _item(visible, devices=text(visible) or "", slot=beyond[0], count=count)


def repeated_device(run: Run) -> Iterator[Item]:
    """A GPU that `CUDA_VISIBLE_DEVICES` names twice, which hides all of them (torch/cuda/__init__.py _parse_visible_devices)."""
    visible = run.get("env.CUDA_VISIBLE_DEVICES")
    slots = _slots(text(visible) or "")
    repeated = [slot for at, slot in enumerate(slots) if slot in slots[:at]]
    if repeated:
        yield _item(visible, devices=text(visible) or "", slot=repeated[0])


_STARTERS = frozenset(("ray", "verl", "lightning", "pytorch_lightning", "fabric", "composer", "colossalai", "jax", "unsloth", "vllm"))
"""Packages whose scripts start further processes, or use one GPU, by themselves."""


def single_process(run: Run) -> Iterator[Item]:
    """Plain `python` over several visible GPUs with a script on transformers: DataParallel, or layers on different GPUs."""
    visible = run.get("env.CUDA_VISIBLE_DEVICES")
    devices = [part for part in (text(visible) or "").split(",") if part.strip()]
    if text(run.get("launch.launcher")) != "python" or len(devices) < 2 or whole(run.get("derived.world_size")) != 1:
        return
    imports = run.get("script.imports")
    packages = set(imports.value) if isinstance(imports, Known) and isinstance(imports.value, tuple) else set()
    if packages & {"transformers", "trl"} and not packages & _STARTERS:
        yield Item({"devices": Known(text(visible)), "count": Known(len(devices))}, run.site)


def local_rank_refused(run: Run) -> Iterator[Item]:
    """A script whose argparse knows no option for the local rank that the launcher adds to its words.

    deepspeed adds `--local_rank=N` (launcher/launch.py), `torch.distributed.launch` `--local_rank=N` before torch 2.0 and
    `--local-rank=N` from then on, unless it is told `--use_env`. Fields: option, broken (the releases of torch).
    """
    taken = run.get("script.takes_local_rank")
    if not isinstance(taken, Known) or not isinstance(taken.value, tuple) or run.site.source is None:
        return
    launcher = text(run.get("launch.launcher"))
    if launcher == "deepspeed":
        if "--local_rank" not in taken.value and isinstance(run.get("launch.option.no_local_rank"), Absent):
            yield Item({"option": Known("--local_rank"), "broken": Known(">=0")}, run.site)
    elif "torch.distributed.launch" in run.site.text and isinstance(run.get("launch.option.use_env"), Absent):
        old, new = ("--local_rank" in taken.value, "--local-rank" in taken.value)
        if not old and not new:
            yield Item({"option": Known("--local-rank"), "broken": Known(">=0")}, run.site)
        elif not new:
            yield Item({"option": Known("--local-rank"), "broken": Known(">=2.0")}, run.site)


def late_batch_lines(run: Run) -> Iterator[Item]:
    """`#SBATCH` lines behind the first command of the script, which sbatch takes for comments; none where a here-document is written."""
    source = run.site.source
    if source is None or "<<" in source.text:
        return
    for site in late_lines(source):
        yield Item({"option": Known(site.text.removeprefix("#SBATCH").strip())}, site)


_RANKS = frozenset(("SLURM_PROCID", "SLURM_NODEID"))


def rank_of_the_batch_shell(run: Run) -> Iterator[Item]:
    """A node rank from a variable of the task, in the words of `srun` itself: the batch shell puts in its own, 0 for every node."""
    if "srun" not in (_listed(run, "launch.wrappers")) or (whole(run.get("launch.slurm.job_nodes")) or 1) < 2:
        return
    for name in ("node_rank", "machine_rank"):
        value = run.get(f"launch.option.{name}")
        for step in value.origin if isinstance(value, Unknown) else ():
            written = step.site.text if step.site is not None else ""
            variable = next((each for each in _RANKS if each in written), None)
            if variable is not None and step.site is not None and not _quoted(step.site):
                yield Item({"variable": Known(variable), "option": Known(name)}, step.site)
                break


def _quoted(site: Site) -> bool:
    """Whether a place lies inside of single quotes of its command, or behind a backslash: another shell reads it."""
    text, start = site.source.text, site.span.start
    first = text.rfind("srun", 0, start)
    return (
        first < 0
        or text.count("'", first, start) % 2 == 1
        or "<<" in text[first:start]
        or text[start - 1 : start] == "\\"
        or ("\\$" in site.text)
    )


def _listed(run: Run, name: str) -> tuple[Data, ...]:
    value = run.get(name)
    return value.value if isinstance(value, Known) and isinstance(value.value, tuple) else ()


def _slots(listed: str) -> list[int]:
    """The numbers of a list of slots; none where it holds anything else (a GPU's UUID)."""
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    return [int(part) for part in parts] if all(part.isdigit() for part in parts) else []


def _item(at: Value, **fields: Data) -> Item:
    return Item({name: Known(value, at.origin) for name, value in fields.items()}, site_of(at))


def repeated_folder(run: Run) -> Iterator[Item]:
    """A path that begins with the folder into which the script has just changed: `cd finetune` and then `finetune/ds.json`."""
    cwd = (text(run.get("launch.cwd")) or "").strip("/").rpartition("/")[2]
    for item in run.items.get("files", ()):
        path = text(item.fields["path"])
        if path and cwd not in ("", ".", "..") and _is_false(item.fields["exists"]) and path.removeprefix("./").startswith(f"{cwd}/"):
            yield _item(item.fields["path"], path=path, folder=cwd, better=path.removeprefix("./")[len(cwd) + 1 :])


def _is_false(value: Value) -> bool:
    return isinstance(value, Known) and value.value is False
