"""Claims about the GPUs of a launch that need counting: slots of `--include`, gaps and numbers of `CUDA_VISIBLE_DEVICES`.

Each function is the `check` of one rule page: it yields an item per finding, with the fields that the page's texts show.
"""

from collections.abc import Iterator

from lintune.run.known import text, truth, whole
from lintune.run.run import Item, Run
from lintune.values.value import Absent, Data, Known, Value, site_of

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
