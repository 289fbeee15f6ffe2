"""A change in the words of the launch's framework: which of its options get which values, by `models/plan.json`."""

from lintune.plan.change import Change
from lintune.plan.facts import facts
from lintune.run.known import text, truth
from lintune.run.run import Run
from lintune.source.record import dataclass
from lintune.values.value import Absent, Data, Known, Unknown

_OPEN = frozenset(("axolotl", "torchtune", "litgpt"))
"""Frameworks whose settings stand in a file that may hold any key: an option that is not given has no value in a run."""


UNKNOWN = "not known"
"""In a reason: the framework may well have a setting."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """What makes a change."""

    settings: tuple[tuple[str, Data], ...] = ()
    """Options (`flag.NAME`) and keys of the DeepSpeed file (`ds.KEY`) with their values; None takes one away."""
    missing: str = ""
    """Why the framework has no setting for it; empty where it has one."""


def spelled(run: Run, change: Change) -> Spelled:
    """The settings of a change in this launch."""
    vocabulary = run.what_if is None  # a run file holds names of the vocabulary itself
    if not vocabulary and not _table(run.framework):
        return Spelled(missing=f"how {run.framework or 'this script'} spells it is {UNKNOWN}")
    found: list[tuple[str, Data]] = []
    for name, value in change.settings:
        made = _in_vocabulary(name, value) if vocabulary else _zero(run, str(value)) if name == "zero" else _setting(run, name, value)
        if made.missing:
            return made
        found += made.settings
    return Spelled(tuple(dict(found).items()))


def _in_vocabulary(name: str, value: Data) -> Spelled:
    entry = _table("vocabulary").get(name)
    return Spelled(tuple(entry[str(value)].items())) if isinstance(entry, dict) else Spelled(((name, value),))


def _table(framework: str) -> dict[str, object]:
    """The spellings of a framework, with those it shares."""
    spellings = facts()["spellings"]
    own: dict[str, object] = spellings.get(framework, {})
    like = own.get("like")
    return {**(_table(like) if isinstance(like, str) else {}), **own}


def _setting(run: Run, name: str, value: Data) -> Spelled:
    """One value of the vocabulary."""
    entry = _table(run.framework).get(name, "")
    if entry is None:
        return Spelled()
    if isinstance(entry, str):
        flag = _option(run, entry)
        if flag or _in_code(run, name):  # `LoraConfig(r=16)` of a Python file is no option, but stands there
            return Spelled(((f"flag.{flag}" if flag else name, value),))
        return Spelled(missing=f"{run.framework} has no setting for it")
    made = entry.get(str(value).lower()) if isinstance(entry, dict) else None
    if made is None:
        return Spelled(missing=f"{run.framework} has no setting for it")
    found: list[tuple[str, Data]] = []
    for names, wanted in made.items():
        flag = _option(run, names)
        if not flag:
            return Spelled(missing=f"this release of {run.framework} has no `{names.partition('|')[0]}`")
        found.append((f"flag.{flag}", tuple(wanted) if isinstance(wanted, list) else wanted))
    return Spelled(tuple(found))


def _in_code(run: Run, name: str) -> bool:
    """Whether a value of the vocabulary is a keyword of a call in a Python file."""
    origin = run.get(name).origin
    return bool(origin) and origin[0].kind == "script" and origin[0].site is not None and "=" in origin[0].site.text


def _option(run: Run, names: str) -> str:
    """The first of several spellings that the launch's options have: one that is given before one that only exists."""
    listed = names.split("|") if names else []
    there = [name for name in listed if f"flag.{name}" in run.values]
    given = [name for name in there if _is_given(run, name)]
    if given or there:
        return (given or there)[0]
    return listed[0] if listed and run.framework in _OPEN else ""


def _is_given(run: Run, name: str) -> bool:
    origin = run.get(f"flag.{name}").origin
    return bool(origin) and origin[0].kind not in ("default", "derived")


def _zero(run: Run, level: str) -> Spelled:
    """A stage of ZeRO: by a file that the framework ships, else in the DeepSpeed file that the launch names."""
    if run.framework in ("torchtune", "litgpt"):
        return Spelled(missing=f"{run.framework} does not use DeepSpeed")
    shipped = _table(run.framework).get("zero")
    stage_site = run.get("ds.zero_optimization.stage")
    own_file = isinstance(stage_site, Known) and bool(stage_site.origin) and stage_site.origin[0].kind == "deepspeed"
    if isinstance(shipped, dict) and level in shipped and (not own_file or _is_shipped(text(run.get("par.ds.file")), shipped)):
        return Spelled(tuple((f"flag.{name}", value) for name, value in shipped[level].items()))
    if own_file:
        return Spelled(tuple(_in_file(run, level)))
    named = run.get("par.ds.file")
    if isinstance(named, Unknown) or (isinstance(named, Known) and named.value):
        return Spelled(missing="its DeepSpeed file was not read")
    return Spelled(missing=f"needs a DeepSpeed file: `--deepspeed FILE` with {deepspeed_text(level)}")


def _is_shipped(path: str | None, shipped: dict[str, dict[str, str]]) -> bool:
    """Whether the launch names one of the framework's own files: another one is named rather than this one changed."""
    return any(f"/{path}".endswith(f"/{name}") for level in shipped.values() for name in level.values())


def deepspeed_text(level: str) -> str:
    """The `zero_optimization` block of a level, on one line."""
    parts = [f'"stage": {level[0]}']
    if level[0] == "3":
        parts.append(f'"{_GATHER}": true')
    if "host" in level:
        parts.append('"offload_optimizer": {"device": "cpu", "pin_memory": true}')
    if "all" in level:
        parts.append('"offload_param": {"device": "cpu", "pin_memory": true}')
    return '{"zero_optimization": {' + ", ".join(parts) + "}}"


_GATHER = "stage3_gather_16bit_weights_on_model_save"
"""Without it a run under ZeRO-3 saves no model that can be loaded."""


def _in_file(run: Run, level: str) -> list[tuple[str, Data]]:
    found: list[tuple[str, Data]] = [("ds.zero_optimization.stage", int(level[0]))]
    if level[0] == "3" and truth(run.get(f"ds.zero_optimization.{_GATHER}")) is not True:
        found.append((f"ds.zero_optimization.{_GATHER}", True))
    for key, wanted in (("offload_optimizer", "host" in level), ("offload_param", "all" in level)):
        now = run.get(f"par.ds.{'offload_opt' if key == 'offload_optimizer' else 'offload_param'}")
        there = text(now) not in (None, "none") or truth(now) is True
        if wanted != there:
            block = run.get(f"ds.zero_optimization.{key}.device")
            if isinstance(block, Absent):
                found.append((f"ds.zero_optimization.{key}", {"device": "cpu", "pin_memory": True}))
            else:
                found.append((f"ds.zero_optimization.{key}.device", "cpu" if wanted else "none"))
    return found
