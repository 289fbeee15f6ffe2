"""What a script trains, from the walk through it: the mode of every part of the model, where no adapter knows the script."""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from lintune.frameworks.inventory import PARTS, Part
from lintune.frameworks.script_walk import trace_of
from lintune.run.known import data, text
from lintune.run.run import Run
from lintune.run.settings import derived
from lintune.values.value import Absent, Known, Step, Unknown, Value

if TYPE_CHECKING:
    from lintune.frameworks.part_names import Layout
    from lintune.scripts.walk.trace import Call, ScriptTrace
    from lintune.scripts.walk.weights import Leaf, Trained

_COUNTS = ("trainable_params", "total_params", "trainable_percent", "trainable_matrices")
_ADAPTER: tuple[tuple[str, str], ...] = (
    ("adapter.rank", "r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "bias"),
    ("adapter.targets", "target_modules"),
    ("adapter.modules_to_save", "modules_to_save"),
)


def add_walked_parts(run: Run) -> None:
    """Set `tune.*`, `adapter.*` and what follows from them, to be found when they are first asked for."""
    if run.walk is None:
        return
    for part in PARTS:
        run.pending.setdefault(f"tune.{part}.mode", partial(_mode, run, part))
    run.pending.setdefault("derived.trainable_parts", partial(_trained, run))
    run.pending.setdefault("adapter.kind", partial(_kind, run))
    if isinstance(run.get("model.id"), Absent):
        run.values.pop("model.id", None)
        run.pending["model.id"] = partial(_model_id, run)
    for name, keyword in _ADAPTER:
        told = run.get(name)
        if isinstance(told, Absent) or (isinstance(told, Unknown) and name not in run.values):
            run.values.pop(name, None)
            run.pending[name] = partial(_setting, run, keyword, told)
    for name in _COUNTS:
        run.pending.setdefault(f"derived.{name}", partial(_count, run, f"derived.{name}"))


def prefer_walk(run: Run) -> None:
    """Let the script at hand decide where it trains otherwise than the official one that the adapter knows; looked at when asked for."""
    if run.walk is None:
        return
    beside = [name for name in run.values if name.startswith(("derived.trainable", "derived.total_params", "adapter.params"))]
    names = [*(f"tune.{part}.mode" for part in PARTS), *beside]
    kept = {name: run.values.pop(name) for name in names if name in run.values}
    for name in kept:
        run.pending[name] = partial(_preferred, run, kept, name)


def _preferred(run: Run, kept: dict[str, Value], name: str) -> Value:
    for each in kept:
        run.pending.pop(each, None)
    run.values.update(kept)
    walked = _walked(run)
    told = {part: kept.get(f"tune.{part}.mode") for part in walked}
    if any(isinstance(mode, Known) and isinstance(old := told[part], Known) and old.value != mode.value for part, mode in walked.items()):
        # no longer the official script: what is open now is not what the adapter says either
        for part, mode in walked.items():
            if isinstance(mode, Unknown) or (isinstance(mode, Known) and text(told[part] or Absent()) != mode.value):
                run.values[f"tune.{part}.mode"] = mode
        run.values["derived.trainable_parts"] = _trained(run)
        _count(run, "derived.trainable_params")
    return run.values[name]


def _walked(run: Run) -> dict[Part, Value]:
    """The modes that the walk tells, where it may come to training."""
    trace = trace_of(run)
    if trace is None or any(end.certain for end in trace.ends):
        return {}
    return {part: _mode(run, part) for part in PARTS}


Modes: TypeAlias = "Mapping[Part, tuple[str | None, tuple[Any, ...]]]"


def modes_of(trace: "ScriptTrace") -> Modes:
    """The mode of every part with the statements that decided it; None where it is not known. Empty for an unknown kind of model."""
    from lintune.frameworks.part_names import layout_of
    from lintune.scripts.walk.chains import places, ways_of

    if not trace.reaches_model:
        return {}
    layout = layout_of(trace.model_class, _words(trace), _named(trace), places(trace.operations))
    if layout is None:
        return {}
    several = ways_of(trace.operations)
    if not several or len({each.ways for each in several}) > 1:
        return _modes(trace, layout, None)
    # which list of targets an adapter gets depends on the model: one that matches none of its modules is that of another
    found = [_modes(trace, layout, way) for way in range(len(several[0].ways))]
    fitting = [modes for modes in found if any("lora" in (mode or "") for mode, _ in modes.values())] or found
    first, *rest = fitting
    return {
        part: (mode if all(other.get(part, ("", ()))[0] == mode for other in rest) else None, sites)
        for part, (mode, sites) in first.items()
    }


def _modes(trace: "ScriptTrace", layout: "Layout", way: int | None) -> Modes:
    from lintune.frameworks.part_names import MADE
    from lintune.scripts.walk.chains import is_there, is_wrapped
    from lintune.scripts.walk.weights import replay, within

    leaves = list(layout.leaves())

    def exists(path: str) -> bool | None:
        return True if any(within(path, leaf) is not None for _, leaf in leaves) else None

    targeted = partial(_targeted, others=[leaf for _, leaf in leaves], way=way)
    states: dict[Part, list[Trained]] = {}
    certain: dict[Part, list[Trained]] = {}
    for part, leaf in leaves:
        state = replay(trace.operations, leaf, targeted, exists)
        if not state.missing:
            states.setdefault(part, []).append(state)
            if is_there(trace.operations, leaf):
                certain.setdefault(part, []).append(state)
    modes = {
        part: (
            _mode_with(found, certain.get(part, []), layout.name == MADE),
            tuple(dict.fromkeys(each.site for each in found if each.site is not None)),
        )
        for part, found in states.items()
    }
    if is_wrapped(trace.operations) and way is None and all(mode == "frozen" for mode, _ in modes.values()) and "llm" in modes:
        # PEFT refuses targets that match nothing: this model calls its layers otherwise than most
        modes["llm"] = (None, modes["llm"][1])
    return modes


def _trains_beside(trace: "ScriptTrace") -> bool:
    """Whether modules that belong to none of the known parts may be trained: heads, and whatever the script names besides."""
    from lintune.scripts.walk.chains import by_names, places
    from lintune.scripts.walk.weights import Leaf, replay

    if by_names(trace.operations) or re.search(r"Classification|Reward|ValueHead|Regression", trace.model_class):
        return True
    tops = ["", *(path for path, _ in places(trace.operations) if "@" not in path and "[" not in path)]
    states = [replay(trace.operations, Leaf((f"{top}.?.?.weight".lstrip("."),), "any"), _targeted) for top in tops]
    return any(not state.missing and (state.full, state.lora, state.copy) != (False, False, False) for state in states)


def _words(trace: "ScriptTrace") -> list[str]:
    """The module paths that the script names, also as targets of an adapter."""
    found = list(trace.paths)
    for state in trace.parts.values():
        for value in (state.targets, state.modules_to_save):
            if isinstance(value, Known):
                found += map(str, value.value if isinstance(value.value, tuple) else (value.value,))
    return found


def _named(trace: "ScriptTrace") -> str:
    """The name of the model that is loaded, where it is known."""
    call = _loading(trace)
    value = call.keywords.get("pretrained_model_name_or_path") if call is not None else None
    return str(value.value) if isinstance(value, Known) else ""


def _loading(trace: "ScriptTrace") -> "Call | None":
    """The call that loads the model that is trained."""
    made = (f"{trace.model_class}.from_pretrained", f"{trace.model_class}.from_config")
    return next((call for call in reversed(trace.loads) if call.name in made), None)


def _brings_code(trace: "ScriptTrace") -> bool:
    """Whether the model's code comes with it, so that its class says nothing of its parts."""
    call = _loading(trace)
    trusts = call.keywords.get("trust_remote_code", Absent()) if call is not None else Absent()
    return "Auto" in trace.model_class and (isinstance(trusts, Unknown) or (isinstance(trusts, Known) and trusts.value is True))


def _mode_with(states: "list[Trained]", certain: "list[Trained]", apart: bool) -> str | None:
    """The mode of a part of which some modules may not be there: the same whichever are. `apart`: each state is of its own module."""
    mode = _mode_of(states)
    if len(certain) == len(states) or not apart:
        return mode
    others = {_mode_of(certain)} if certain else {_mode_of([each]) for each in states}
    return mode if others == {mode} else None


def _mode_of(states: "list[Trained]") -> str | None:
    full = {each.full for each in states}
    lora = [each.lora for each in states]
    copy = [each.copy for each in states]
    if None in full or (None in lora and True not in lora) or None in copy:
        return None
    names = ["lora"] if True in lora else []
    if full == {True} and not any(each.share for each in states):
        names.append("full")
    elif True in full or any(each.share for each in states):
        share = next((each.share for each in states if each.share), "")
        top = re.fullmatch(r"-(\d+):", share)
        names.append(f"topk:{top[1]}" if top else "partial")
    if True in copy:
        names.append("saved_copy")
    return "+".join(names) or "frozen"


def _targeted(targets: Any, leaf: "Leaf", others: "Iterable[Leaf]" = (), way: int | None = None) -> bool | None:
    """Whether LoRA lies around a module: by an expression for its whole name, as PEFT matches it, else by its last names."""
    from lintune.frameworks.lora_targets import NotDecided, compiled
    from lintune.scripts.walk.abstract import Data
    from lintune.scripts.walk.targets import by_suffix

    if isinstance(targets, Data) and isinstance(targets.value, str) and targets.value != "all-linear":
        try:
            return any(compiled(targets.value).fullmatch(name.rpartition(".")[0]) is not None for name in leaf.names[:1])
        except NotDecided:
            return None
    return by_suffix(targets, leaf, others, way)


def _mode(run: Run, part: Part) -> Value:
    trace = trace_of(run)
    if trace is None:
        return Absent()
    if any(end.certain for end in trace.ends) and trace.reaches_training is not True:
        return Unknown("the script does not come to training with these options")
    modes = modes_of(trace)
    if not modes:
        return Unknown("which parts the script's model has is not known")
    if part not in modes:
        if part in ("vision", "projector") and _brings_code(trace) and not _is_of_text(run, _named(trace)):
            return Unknown("whether the model, whose code comes with it, has a vision tower is not known")
        if part in ("vision", "projector") and trace.speaks_of_images:
            return Unknown("the script's own model reads images, and where it has its tower was not found")
        return Absent()
    mode, sites = modes[part]
    two = part in ("embed", "lm_head") and "embed" in modes and "lm_head" in modes  # a classifier has no such head
    if two and modes["embed"][0] != modes["lm_head"][0] and _is_tied(run):
        return Unknown("the head and the embedding of this model are one tensor, and the script treats them apart")
    steps = tuple(Step("script", site) for site in sites[-3:])
    if mode is None:
        return Unknown("whether the script trains it depends on what is not known", steps, "`lintune show --trace`")
    return Known(mode, (Step("derived", note="the script's own statements"), *steps))


def _model_id(run: Run) -> Value:
    """The name with which the model that is trained is loaded, with the options behind it."""
    trace = trace_of(run)
    call = _loading(trace) if trace is not None else None
    if call is None:
        return Absent()
    value = call.keywords.get("pretrained_model_name_or_path", Absent())
    origin = tuple(step for name in sorted(call.names.get("pretrained_model_name_or_path", ())) for step in _of_option(run, name).origin)
    match value:
        case Known(value=str() as found, origin=own):
            return Known(found, (*origin, *own))
        case Unknown(reason=reason, origin=own):
            return Unknown(reason, (*origin, *own))
    return Absent()


def _of_option(run: Run, name: str) -> Value:
    found = run.get(f"flag.{name}")
    return found if isinstance(found, Known) else run.get(f"option.{name}")


def _is_tied(run: Run) -> bool:
    from lintune.models.at_hand import known_model

    found = known_model(run, text(run.get("model.id")))
    return found is not None and found.model.tied


def _is_of_text(run: Run, name: str) -> bool:
    from lintune.frameworks.model_kinds import kind_of
    from lintune.frameworks.part_names import LAYOUTS
    from lintune.models.at_hand import known_model

    found = known_model(run, name)
    if found is not None:
        return found.model.vision is None and found.model.others is None
    named = next((layout for layout in LAYOUTS[:-1] if re.search(layout.classes, name)), None)
    return kind_of(name) == "llm" or (named is not None and all(part not in ("vision", "projector") for part, *_ in named.roots))


def _trained(run: Run) -> Value:
    modes = {part: run.get(f"tune.{part}.mode") for part in PARTS}
    known = {part: value for part, value in modes.items() if isinstance(value, Known)}
    unknown = [value for value in modes.values() if isinstance(value, Unknown)]
    if unknown or not known:
        return unknown[0] if unknown else Unknown("what the script trains is not known")
    names = tuple(part for part, value in known.items() if value.value != "frozen")
    if not names and (trace := trace_of(run)) is not None and _trains_beside(trace):
        return Unknown("the script trains something beside the parts that are known: a head, tokens, or modules of its own")
    return derived(names, "parts that are not frozen", *known.values())


def _kind(run: Run) -> Value:
    trace = trace_of(run)
    if trace is None:
        return Absent()
    wraps = [call for call in trace.loads if call.last in ("get_peft_model", "add_adapter") or "peft_config" in call.keywords]
    if any(call.certain for call in wraps if not isinstance(call.keywords.get("peft_config"), Absent)):
        return Known("lora", (Step("script", next(call.site for call in wraps if call.certain)),))
    if wraps or trace.reaches_training is not True:
        return Unknown("whether the script puts an adapter around the model is not known")
    return Known("none", (Step("derived", note="the script's own statements"),))


def _setting(run: Run, keyword: str, told: Value) -> Value:
    """A keyword of the one `LoraConfig` that is made, with the option behind it; `told`: where none is made."""
    trace = trace_of(run)
    made = [call for call in trace.loads if call.last == "LoraConfig"] if trace is not None else []
    if len(made) != 1:
        return told if not made else Unknown("the script makes more than one LoraConfig")
    call = made[0]
    value = call.keywords.get(keyword, Absent() if call.complete else Unknown("it may be among keywords that are not known"))
    origin = tuple(step for name in sorted(call.names.get(keyword, ())) for step in _of_option(run, name).origin)
    match value:
        case Known(value=data, origin=own):
            return Known(data, (*origin, *own))
        case Unknown(reason=reason, origin=own):
            return Unknown(reason, (*origin, *own))
    return value


def _count(run: Run, name: str) -> Value:
    """Parameters, where the model is known by its name."""
    from lintune.frameworks.model_counts import add_counts, by_linear

    for other in _COUNTS:
        run.pending.pop(f"derived.{other}", None)
    targets = data(run.get("adapter.targets"))
    if isinstance(targets, tuple):
        names = frozenset(map(str, targets))
        add_counts(run, text(run.get("model.id")), by_linear(lambda linear: linear.name.rpartition(".")[2] in names))
    elif targets == "all-linear":
        add_counts(run, text(run.get("model.id")), by_linear(lambda linear: linear.role not in ("router", "head", "embed")))
    else:
        add_counts(run, text(run.get("model.id")), lambda model: None)
    return run.values.get(name, Unknown("the parameters of this model are not known"))
