"""Launches of one script that run at the same time and meet at the same port: `launch.port`, `launch.port_taken_by`."""

import re
from collections.abc import Sequence

from lintune.launch.launchers import Launch
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.values.value import Absent, Known, Step

_PORT = {"torchrun": "master_port", "deepspeed": "master_port", "accelerate": "main_process_port"}
_DEFAULT = 29500
"""Of all three: torch/distributed/run.py, deepspeed/constants.py TORCH_DISTRIBUTED_DEFAULT_PORT, accelerate utils/launch.py."""
_ELSEWHERE = ("standalone", "rdzv_endpoint", "rdzv_backend", "hostfile", "deepspeed_hostfile")
_WAITS = re.compile(r"^\s*(?:wait|exit|sleep infinity)\b", re.M)


def mark_taken_ports(launches: Sequence[tuple[Launch, Run]]) -> None:
    """Note for every launch the earlier one in the background that holds its port on this machine."""
    running: dict[int, Launch] = {}
    for launch, run in launches:
        port = _port(launch, run)
        if port is None:
            continue
        earlier = running.get(port)
        if earlier is not None and launch.command.certain and not _waited(earlier, launch):
            run.values["launch.port_taken_by"] = Known(True, (Step("flag", earlier.head),))
        if launch.command.background and launch.command.certain:
            running.setdefault(port, launch)


def _port(launch: Launch, run: Run) -> int | None:
    """The port at which a launch on this machine alone meets; also noted as `launch.port`."""
    option = _PORT.get(launch.launcher)
    if option is None or not launch.exact or whole(run.get("launch.nnodes")) not in (1, None) or launch.wrappers[:1] == ("srun",):
        return None
    if any(name in launch.options for name in _ELSEWHERE):
        return None
    value = run.get(f"launch.option.{option}")
    said = text(value)
    if isinstance(value, Absent):
        run.values["launch.port"] = derived(_DEFAULT, f"no `--{option}`: the default")
        return _DEFAULT
    if said is None or not said.isdigit() or said == "0":
        return None
    run.values["launch.port"] = along(int(said), value.origin)
    return int(said)


def _waited(earlier: Launch, later: Launch) -> bool:
    """Whether the script waits for its background jobs between two launches."""
    first, second = earlier.command.site, later.command.site
    return first.source is second.source and bool(_WAITS.search(first.source.text, first.span.end, max(first.span.end, second.span.start)))
