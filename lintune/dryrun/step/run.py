"""The action `step`: how many processes on which device, and what their step proved."""

import json
import os
import subprocess
import sys
from tempfile import TemporaryDirectory

import torch

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request, Result, result_from_json, to_json
from lintune.dryrun.stage import report_stage
from lintune.dryrun.step.one_process import stepped

MOST_ON_CPU = 2
"""Processes that a launch of several is tried with on the CPU."""


def step(request: Request) -> Result:
    """One real step, as the launch would take it, on what is here. Raises `DryRunProblem`."""
    device = device_of(request)
    processes = processes_of(request, device)
    if processes == 1:
        return stepped(request, device)
    return _launched(request, processes)


def device_of(request: Request) -> str:
    """`cpu`, or the kind of accelerator that is here. Raises `DryRunProblem` where the one asked for is not here."""
    asked = request.options.device.partition(":")[0]
    here = torch.cuda.is_available()
    if asked == "cuda" and not here:
        raise DryRunProblem("no-device", "there is no CUDA device here", "leave out `--device`, or run it where the GPU is")
    return "cuda" if here and asked != "cpu" else "cpu"


def processes_of(request: Request, device: str) -> int:
    """Processes to step with: those of the launch, as far as there are GPUs; on the CPU two stand for many."""
    wanted = request.values.get("derived.world_size") or request.values.get("launch.nproc")
    world = wanted if isinstance(wanted, int) and not isinstance(wanted, bool) and wanted > 0 else 1
    if device == "cuda":
        return max(min(world, int(torch.cuda.device_count())), 1)
    deepspeed = request.values.get("par.ds.file") or request.values.get("par.ds.stage")
    if request.values.get("par.fsdp.on") is True and not deepspeed:
        return MOST_ON_CPU  # one process has nothing to shard
    return 1 if deepspeed else min(world, MOST_ON_CPU)


def _launched(request: Request, processes: int) -> Result:
    """The step in several processes, started by torchrun as the launch would be."""
    report_stage(f"starting {processes} processes")
    with TemporaryDirectory(prefix="lintune-") as folder:
        asked, answered = os.path.join(folder, "request.json"), os.path.join(folder, "result.json")
        with open(asked, "w", encoding="utf-8") as stream:
            stream.write(to_json(request))
        os.symlink(_package(), os.path.join(folder, "lintune"))
        words = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        words += ["-m", "lintune.dryrun.step.worker", asked, answered]
        environment = {**os.environ, "PYTHONPATH": folder, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        try:
            with open(answered, encoding="utf-8") as stream:
                return result_from_json(stream.read())
        except (OSError, ValueError):
            raise DryRunProblem(
                "crash", f"the {processes} processes ended without a result: {_last(done.stderr)}", "try it with one"
            ) from None


def _package() -> str:
    """The folder of this package, wherever it lies."""
    import lintune

    return os.path.dirname(os.path.abspath(str(lintune.__file__)))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "Error" in line]
    return json.dumps(lines[-1][:300]) if lines else "no message"
