"""The DeepSpeed JSON as part of the run: `ds.*` key by key, and what it means as `par.ds.*`."""

from collections.abc import Mapping as Settings

from lintune.frameworks.config_files import plain_data
from lintune.frameworks.context import Reading
from lintune.frameworks.paths import resolve, source_of
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.syntax.tree import Mapping, Scalar
from lintune.values.value import Absent, Data, Known, Origin, Step, Unknown, Value

_DERIVED = ("stage", "offload_opt", "offload_param", "has_optimizer", "has_scheduler", "auto", "fixed")


def add_deepspeed(run: Run, reading: Reading) -> None:
    """Read the file that `--deepspeed` (`par.ds.file`) names and add its keys; unreadable ones stay unknown."""
    named = run.get("flag.deepspeed")
    if isinstance(named, Absent):
        other = _of_accelerate(run)
        if other is None:
            return
        named = other
    run.values["par.ds.file"] = named
    match named:
        case Absent():
            _without(run)
        case Known(value=str(path)) if path.strip():
            _read(run, reading, path, named.origin)
        case Known(value=None | False | ""):
            _without(run)
        case Unknown():
            _unread(run, named)
        case Known(value=Settings() as settings):
            _add_settings(run, settings, "ds", named.origin)
            _add_meaning(run)
        case _:
            _unread(run, Unknown("`--deepspeed` does not name a file", named.origin))


def _of_accelerate(run: Run) -> Value | None:
    """The file that the accelerate configuration names; None where its own keys were taken."""
    from lintune.frameworks.accelerate_config import accelerate_mode, add_deepspeed_block, deepspeed_file

    mode = accelerate_mode(run)
    if text(mode) != "DEEPSPEED":
        return mode if isinstance(mode, Unknown) and text(run.get("launch.launcher")) == "accelerate" and _configured(run) else Absent()
    named = deepspeed_file(run)
    if isinstance(named, Absent):
        add_deepspeed_block(run)
        _add_meaning(run)
        return None
    return named


def _configured(run: Run) -> bool:
    """Whether an accelerate configuration is named at all."""
    return not isinstance(run.get("launch.option.config_file"), Absent)


def _without(run: Run) -> None:
    for name in ("has_optimizer", "has_scheduler"):
        run.values[f"par.ds.{name}"] = Known(False, (Step("derived", note="no DeepSpeed file"),))


def _unread(run: Run, why: Unknown) -> None:
    run.unread["ds"] = why
    for name in _DERIVED:
        run.values[f"par.ds.{name}"] = why


def _read(run: Run, reading: Reading, path: str, origin: Origin) -> None:
    from lintune.syntax.json import parse_json

    found = resolve(reading, path)
    source = source_of(reading, found)
    if source is None:
        _unread(run, Unknown(found.reason or f"`{path}` was not found", origin, settle=f"the file `{path}`"))
        return
    document = parse_json(source)
    if not isinstance(document.root, Mapping):
        _unread(run, Unknown(f"`{path}` is not a DeepSpeed configuration that can be read", origin))
        return
    fill_deepspeed(run, document.root, origin)


def fill_deepspeed(run: Run, root: Mapping, origin: Origin) -> None:
    """Add the keys of a DeepSpeed file as `ds.*` and their meaning as `par.ds.*`; `origin` is how the launch names the file."""
    _flatten(run, root, "ds", origin)
    _add_meaning(run)


def _flatten(run: Run, node: Mapping, prefix: str, origin: Origin) -> None:
    for entry in node.entries:
        name = f"{prefix}.{entry.key.value}"
        step = Step("deepspeed", entry.key.site if not isinstance(entry.value, Scalar) else entry.value.site)
        run.values[name] = Known(plain_data(entry.value), (step, *origin))
        if isinstance(entry.value, Mapping):
            _flatten(run, entry.value, name, origin)


def _add_settings(run: Run, settings: Settings[str, Data], prefix: str, origin: Origin) -> None:
    """The keys of a configuration that a script writes as a dictionary; all point at it as a whole."""
    for key, value in settings.items():
        run.values[f"{prefix}.{key}"] = Known(value, origin)
        if isinstance(value, Settings):
            _add_settings(run, value, f"{prefix}.{key}", origin)


def _add_meaning(run: Run) -> None:
    zero = run.get("ds.zero_optimization")
    stage = run.get("ds.zero_optimization.stage")
    if isinstance(zero, Absent):
        run.values["par.ds.stage"] = derived(0, "no zero_optimization block")
    elif isinstance(stage, Absent):
        run.values["par.ds.stage"] = derived(0, "zero_optimization without a stage", zero)
    else:
        level = whole(stage)
        run.values["par.ds.stage"] = (
            along(level, stage.origin) if level is not None else blocked((stage,), "the ZeRO stage is not a number")
        )
    for name, block in (("offload_opt", "offload_optimizer"), ("offload_param", "offload_param")):
        run.values[f"par.ds.{name}"] = _device(run, f"ds.zero_optimization.{block}")
    for name in ("optimizer", "scheduler"):
        value = run.get(f"ds.{name}")
        present = isinstance(value, Known) and value.value is not None
        run.values[f"par.ds.has_{name}"] = along(present, value.origin) if present else derived(False, f"no {name} block")
    leaves = {name[3:]: value for name, value in run.values.items() if name.startswith("ds.") and isinstance(value, Known)}
    automatic = tuple(sorted(name for name, value in leaves.items() if value.value == "auto"))
    run.values["par.ds.auto"] = derived(automatic, "keys set to auto")
    fixed = tuple(sorted(name for name, value in leaves.items() if value.value != "auto" and not hasattr(value.value, "keys")))
    run.values["par.ds.fixed"] = derived(fixed, "keys with a value of their own")


def _device(run: Run, name: str) -> Value:
    block = run.get(name)
    match block:
        case Known(value=None) | Absent():
            return derived("none", "no offload block")
        case Known(value=str(device)):
            return along(device, block.origin)
    device_value = run.get(f"{name}.device")
    if isinstance(device_value, Absent):
        return derived("none", "an offload block without a device", block)
    kind = text(device_value)
    return along(kind, device_value.origin) if kind else blocked((device_value,), "the offload device is not a text")
