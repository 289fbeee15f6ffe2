"""The trained set of frameworks that load any model and tune it by one method: all of it, or an adapter on modules by name.

Which parts a model has, and which modules a target names, is known from its shape where its name is known. Where it is not,
what holds of every model stays known: `all-linear` leaves the head out (PEFT `_maybe_include_all_linear_layers`), a list of
names that holds neither `embed_tokens` nor `lm_head` leaves both alone.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lintune.frameworks.gradients import Gradients, add_modes
from lintune.frameworks.inventory import PARTS, Part
from lintune.frameworks.model_counts import add_counts
from lintune.frameworks.model_kinds import kind_of
from lintune.frameworks.part_rates import add_rates
from lintune.run.known import text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.source.record import dataclass, field
from lintune.values.value import Absent, Known, Unknown, Value

if TYPE_CHECKING:
    from lintune.models.shapes import Model

ADDED: tuple[Part, ...] = ("vision", "projector")
"""The parts that a model of text has not."""
_NAMES: dict[Part, tuple[str, ...]] = {
    "embed": ("embed_tokens", "wte", "embed_in", "word_embeddings", "all-embedding"),
    "lm_head": ("lm_head", "output_layer", "embed_out", "head"),
}
"""What a target calls the embedding and the head."""
_PREFIXES = ("", "model.", "language_model.", "language_model.model.", "model.language_model.", "transformer.")
_QUANTISED = re.compile(r"(?i)[-_](gptq|awq|bnb|int4|int8|fp8|4bit|8bit)(?:[-_]|$)")
_METHODS = {"4bit": "bnb", "8bit": "bnb"}
_EVERY = frozenset(("all-linear", "all", "all_linear", "auto"))
_OUTER = ("embed", "lm_head", *ADDED)


@dataclass(frozen=True, slots=True)
class Method:
    """How a model is tuned."""

    kind: Value
    """`none`, or the kind of adapter."""
    targets: Value = field(default_factory=Absent)
    """Names, `all-linear` or an expression; absent: what PEFT has for the model."""
    saved: Value = field(default_factory=Absent)
    """Modules that are trained in full as copies."""
    frozen: Mapping[Part, Value] = field(default_factory=dict)
    """By part, a switch that keeps it out."""
    rates: Mapping[Part, str] = field(default_factory=dict)
    """By part, the flag that gives it a rate of its own."""
    opened: tuple[Part, ...] = ()
    """Parts that are trained in full beside the adapter."""
    text_only: bool = False
    """Whether the framework trains models of text only."""


def add_whole_model(run: Run, method: Method, note: str) -> None:
    """Set `tune.*`, `derived.trainable_parts`, the parameters and the rates; `model.id` and `adapter.*` must be there already."""
    run.unread.pop("tune", None)
    if method.text_only:
        run.values["model.kind"] = fact("llm", note)
    shape = add_shape(run)
    missing = text(run.get("model.kind")) == "llm"
    kind = text(method.kind)
    state = Gradients(tuple(part for part in PARTS if not (missing and part in ADDED)))
    if kind is None:
        why = blocked((method.kind,), "whether an adapter is put on the model is not known")
        for part in state.full:
            state.switch((part,), None, why)
    elif kind == "none":
        _train_all(run, state, method, shape)
    else:
        _adapt(run, state, method, shape)
    add_modes(run, state, note)
    if shape is not None and shape.others is not None:
        run.values["tune.audio.mode"] = run.get("tune.vision.mode")  # the frameworks count its tower with the vision tower
    if kind not in (None, "none"):
        _add_copies(run, method, state)
        _name_kind(run, str(kind), state)
    add_counts(run, text(run.get("model.id")), lambda model: _adapted(method, state, model), confirmed=True)
    add_rates(run, method.rates)


def add_shape(run: Run) -> "Model | None":
    """The shape of the model that `model.id` names, where that is known; sets `model.kind`."""
    from lintune.models.at_hand import CONFIG, known_model

    name = text(run.get("model.id"))
    found = known_model(run, name)
    if found is None:
        kind = kind_of(name) if name and "model.kind" not in run.values else None
        if kind is not None:
            run.values["model.kind"] = derived(kind, "the family by its name", run.get("model.id"))
        return None
    marked = _QUANTISED.search(name or "")
    if marked is not None and found.counted != CONFIG and isinstance(run.get("model.quant.method"), Absent):
        method = marked[1].lower()
        run.values["model.quant.method"] = derived(_METHODS.get(method, method), "the model's name", run.get("model.id"))
    several = found.model.vision is not None or found.model.others is not None
    run.values["model.kind"] = fact("vlm" if several else "llm", found.id)
    return found.model


def _unknown_parts(run: Run) -> Unknown:
    """Why it is not known which parts there are."""
    model = run.get("model.id")
    name = text(model)
    if name is None:
        return blocked((model,), "the model is not named")
    return Unknown(f"whether `{name}` has a vision tower is not known", model.origin)


def _train_all(run: Run, state: Gradients, method: Method, shape: "Model | None") -> None:
    for part in state.full:
        state.switch((part,), True, method.kind)
    kind = text(run.get("model.kind"))
    if kind is None:
        state.switch(ADDED, None, _unknown_parts(run))
    for part, switch in _switches(method, kind).items():
        when = truth(switch)
        if when and kind is None and part not in ADDED:
            state.switch((part,), False, _unknown_parts(run), when=None)
        elif part in state.full:
            state.switch((part,), False, switch, when=when)


def _switches(method: Method, kind: str | None) -> Mapping[Part, Value]:
    """The freeze switches that count: the frameworks apply them to models of several parts only."""
    return {} if kind == "llm" else method.frozen


def _adapt(run: Run, state: Gradients, method: Method, shape: "Model | None") -> None:
    """PEFT freezes all weights; the parts in which a target lies get the adapter."""
    state.adapt(("llm",), True, method.kind, within=tuple(state.full))
    for part in state.full:
        found = _has_target(part, method, shape)
        if part == "llm" and found is not False:
            found = True  # PEFT refuses targets that match nothing, and the other parts are named apart
        if found is None:
            why = blocked((method.targets,), "the target modules are not known")
            if part in ADDED and shape is None and not isinstance(method.targets, Unknown):
                why = _unknown_parts(run)
            state.switch((part,), False, why)
        state.lora[part] = found
        switch = _switches(method, text(run.get("model.kind"))).get(part)
        if switch is not None and found is not False:
            state.switch((part,), False, switch)
            still = truth(switch)
            state.lora[part] = False if still else None if still is None else found
    state.switch((part for part in method.opened if part in state.full), True, method.kind)


def _has_target(part: Part, method: Method, shape: "Model | None") -> bool | None:
    """Whether one of the targets lies in a part."""
    names = _names(method.targets)
    if names is not None and part in _NAMES and _expression(method.targets) is None:
        return any(name.rpartition(".")[2] in _NAMES[part] for name in names)
    pattern = _expression(method.targets)
    if pattern is not None and shape is None:
        return _matches_usual(pattern, part)
    if shape is None:
        every = names is not None and bool(set(names) & _EVERY)
        return True if part == "llm" or every else False if part in _NAMES and isinstance(method.targets, Absent) else None
    if isinstance(method.targets, Absent):
        return part == "llm" if shape.vision is None or part in _NAMES else None
    if names is None:
        return None
    from lintune.models.targets import BadTarget, find_targets

    try:
        found = find_targets(shape, _chosen(method.targets, names))
    except BadTarget:
        return None
    return any(target.part == part for target in found) or (None if not found else False)


def _matches_usual(pattern: str, part: Part) -> bool | None:
    """Whether an expression over whole names matches what nearly all models call a part; None where names differ."""
    if part in _NAMES:
        from lintune.frameworks.lora_targets import NotDecided, compiled

        try:
            wanted = compiled(pattern)
        except NotDecided:
            return None
        return any(wanted.fullmatch(f"{prefix}{name}") for prefix in _PREFIXES for name in _NAMES[part])
    if part == "llm":
        return True
    return False if re.match(r"(?:model\\?\.)?language_model\\?\.", pattern) else None


def _names(targets: Value) -> tuple[str, ...] | None:
    match targets:
        case Known(value=str(found)):
            return tuple(part.strip() for part in found.split(",") if part.strip())
        case Known(value=tuple(found)) if all(isinstance(name, str) for name in found):
            return tuple(str(name) for name in found)
    return None


def _expression(targets: Value) -> str | None:
    """A target that is a regular expression over whole names."""
    found = text(targets)
    return found if found is not None and any(mark in found for mark in "*+()[]\\|^$") else None


def _chosen(targets: Value, names: tuple[str, ...]) -> str | tuple[str, ...]:
    return "all-linear" if set(names) & _EVERY else _expression(targets) or names


def _add_copies(run: Run, method: Method, state: Gradients) -> None:
    """Parts that `modules_to_save` trains in full beside the frozen originals."""
    names = _names(method.saved)
    if isinstance(method.saved, Unknown):
        for part in (part for part in state.full if part in _OUTER):
            run.values[f"tune.{part}.mode"] = method.saved
        return
    copied = [part for part, words in _NAMES.items() if names and any(name.rpartition(".")[2] in words for name in names)]
    for part in copied:
        old = text(run.get(f"tune.{part}.mode"))
        mode = "saved_copy" if old in (None, "frozen") else f"{old}+saved_copy"
        run.values[f"tune.{part}.mode"] = derived(mode, "a module of the part is trained in full as a copy", method.saved)
    trained = run.get("derived.trainable_parts")
    if isinstance(trained, Known) and isinstance(trained.value, tuple) and copied:
        every = tuple(part for part in PARTS if part in copied or part in trained.value)
        run.values["derived.trainable_parts"] = derived(every, "parts that are not frozen", trained, method.saved)


def _name_kind(run: Run, kind: str, state: Gradients) -> None:
    """Adapters other than LoRA under their own name."""
    if kind in ("lora", "qlora", "dora"):
        return
    for part in state.full:
        mode = run.get(f"tune.{part}.mode")
        if isinstance(mode, Known) and "lora" in str(mode.value):
            run.values[f"tune.{part}.mode"] = along(str(mode.value).replace("lora", kind), mode.origin)


def _adapted(method: Method, state: Gradients, model: "Model") -> Mapping[Part, int] | None:
    """Parameters of an adapter of rank 1 by part; None where the targets are not known."""
    names = _names(method.targets)
    if names is None:
        return None
    from lintune.models.targets import BadTarget, find_targets

    frozen = frozenset(part for part in state.full if not state.lora[part]) | {"audio"}
    try:
        found = find_targets(model, _chosen(method.targets, names))
    except BadTarget:
        return None
    sizes: dict[Part, int] = dict.fromkeys(PARTS, 0)
    for target in found:
        if target.part in sizes and target.part not in frozen:
            sizes[target.part] += target.fans
    if state.lora.get("embed"):
        sizes["embed"] = model.vocab + model.llm.hidden
    return sizes
