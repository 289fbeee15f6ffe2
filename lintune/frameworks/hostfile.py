"""The hosts of the deepspeed launcher: its hostfile, and what `--include`, `--exclude`, `--num_nodes` and `--num_gpus` leave of it.

After deepspeed/launcher/runner.py `fetch_hostfile`, `parse_resource_filter` and `main`.
"""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.paths import resolve, source_of
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.run.settings import derived
from lintune.values.value import Absent, Known, Unknown, Value

_LINE = re.compile(r"(\S+)\s+slots=(\d+)")
MAX_HOSTS = 10_000


def add_hosts(run: Run, reading: Reading) -> None:
    """Fill `launch.hosts`, the cards used per host by name, and `launch.hostfile_found`; neither without `--hostfile`."""
    option = run.get("launch.option.hostfile")
    path = text(option)
    if reading.launch.launcher != "deepspeed" or isinstance(option, Absent):
        return
    unread = option if isinstance(option, Unknown) else Unknown(f"`{path}` was not read", option.origin, settle=f"the file `{path}`")
    run.values["launch.hosts"] = unread
    found = resolve(reading, path) if path else None
    if found is None or found.exists is None:
        run.values["launch.hostfile_found"] = unread
        return
    certain = found.exists or reading.corroborated
    run.values["launch.hostfile_found"] = Known(found.exists, option.origin) if certain else unread
    source = source_of(reading, found) if found.exists else None
    hosts = hosts_of(source.text) if source is not None else None
    if hosts is not None:
        run.values["launch.hosts"] = _chosen(run, hosts, option)


def hosts_of(listed: str) -> dict[str, int] | None:
    """The slots by host; None where the launcher refuses the file."""
    hosts: dict[str, int] = {}
    for line in listed.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None or found[1] in hosts or len(hosts) >= MAX_HOSTS:
            return None
        hosts[found[1]] = int(found[2])
    return hosts or None


def _chosen(run: Run, hosts: dict[str, int], named: Value) -> Value:
    """What the launcher's options leave of the hosts."""
    include, exclude, nodes, gpus = (run.get(f"launch.option.{name}") for name in ("include", "exclude", "num_nodes", "num_gpus"))
    for value in (include, exclude, nodes, gpus):
        if isinstance(value, Unknown):
            return value
    left = {host: list(range(slots)) for host, slots in hosts.items()}
    if text(include):
        left = {host: slots if slots is not None else left.get(host, []) for host, slots in picked(text(include) or "").items()}
    for host, slots in picked(text(exclude) or "").items():
        left[host] = [slot for slot in left.get(host, []) if slots is not None and slot not in slots]
    count, each = whole(nodes), whole(gpus)
    chosen = {host: slots for host, slots in left.items() if slots}
    if count is not None and count > 0:
        chosen = dict(list(chosen.items())[:count])
    used = {host: each if each is not None and each > 0 else len(slots) for host, slots in chosen.items()}
    return derived(used, "the hosts of the hostfile", named, include, exclude, nodes, gpus)


def picked(text: str) -> dict[str, list[int] | None]:
    """`host1@host2:0,2` as slots by host, None for all of them."""
    found: dict[str, list[int] | None] = {}
    for part in filter(None, text.split("@")):
        host, colon, slots = part.partition(":")
        found[host.strip()] = [int(slot) for slot in slots.split(",") if slot.strip().isdigit()] if colon else None
    return found
