"""Parameters of a run on a known model: in all, trained, and per part, from the mode of every part."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lintune.frameworks.inventory import PARTS, Part
from lintune.run.known import data, text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived, fact
from lintune.source.record import dataclass, replace
from lintune.values.value import Unknown
from lintune.values.version import Specifiers

if TYPE_CHECKING:
    from lintune.models.catalogue import Known
    from lintune.models.shapes import Linear, Model, Stack

RankOne = Callable[["Model"], Mapping[Part, int] | None]
"""The parameters of LoRA of rank 1 on each part of a model; None where the adapted layers are not known."""
_COUNTED = ("full", "lora", "frozen", "lora+full")
_DORA = ("flag.use_dora", "flag.peft_use_dora", "flag.lora.use_dora", "flag.model.use_dora")
"""What the frameworks call the switch of DoRA."""
_COPIED = ("saved_copy", "lora+saved_copy")
"""Modes that can be counted of the embedding and the head, which are one module each."""

_FUSED = "LoRA on experts depends on the release: from transformers 5 on the experts of a layer are one parameter"


@dataclass(frozen=True, slots=True)
class Counted:
    """A part's parameters."""

    params: int
    matrices: int


def by_linear(adapted: "Callable[[Linear], bool]") -> RankOne:
    """LoRA on the linear layers that are chosen one by one, and on the embedding and the head where their mode says so."""

    def sizes(model: "Model") -> Mapping[Part, int]:
        outer = model.vocab + model.llm.hidden
        return {
            "llm": _stack_lora(model.llm, adapted),
            "embed": outer,
            "lm_head": outer,
            "vision": _stack_lora(model.vision.stack, adapted) if model.vision else 0,
            "projector": sum(_rank_one(linear) for linear in model.projector),
        }

    return sizes


def add_counts(run: Run, name: str | None, rank_one: RankOne, confirmed: bool = False) -> None:
    """Set `model.params.*` and `derived.*_params` from `tune.*.mode`, where the model is known; else they stay unknown.

    `confirmed`: only shapes that were confirmed against the model's weights count.
    """
    from lintune.models.at_hand import CONFIG, known_model, why_unknown

    found = known_model(run, name)
    if found is None:
        why = why_unknown(run, name) or f"the parameters of `{name or 'this model'}` are not known"
        _unknown(run, blocked((run.get("model.id"),), why))
        return
    if confirmed and found.counted == "no":
        _unknown(run, Unknown(f"the shape of {found.id} was not confirmed against its weights"))
        return
    model, parts = found.model, _parts(found.model)
    if found.counted != CONFIG:
        run.values["model.name"] = derived(found.id, "by its name", run.get("model.id"))
    _set_shape(run, found, parts)
    modes = {part: text(run.get(f"tune.{part}.mode")) for part in PARTS}
    if model.vision is None:
        modes |= {part: modes[part] or "frozen" for part in ("vision", "projector")}
    strange = next((part for part in PARTS if not _counted(part, modes[part])), None)
    if strange is not None:
        _unknown(
            run, blocked((run.get(f"tune.{strange}.mode"),), f"how many parameters {modes[strange]} of the {strange} means is not known")
        )
        return
    if model.others is not None and text(run.get("tune.audio.mode")) != "frozen":
        _unknown(run, blocked((run.get("tune.audio.mode"),), "the parameters of the audio tower are not counted apart"))
        return
    with_lora = [part for part in PARTS if "lora" in str(modes[part])]
    switches = [run.values[name] for name in _DORA if name in run.values]
    if with_lora and (any(truth(switch) is not False for switch in switches) or text(run.get("adapter.kind")) == "dora"):
        why = "DoRA's magnitudes are counted by a dry run: `lintune check --dry-run=count`"
        _unknown(run, blocked(switches, why))
        return
    rank = whole(run.get("adapter.rank"))
    sizes = rank_one(model) if with_lora else {}
    if sizes is None or (with_lora and (rank is None or data(run.get("adapter.bias")) not in (None, "none"))):
        sources = (run.get("adapter.targets"), run.get("adapter.rank"), run.get("adapter.bias"))
        _unknown(run, blocked(sources, "the size of the adapter is not known"))
        return
    if with_lora and _experts_in_doubt(run, model, rank_one, sizes):
        _unknown(run, Unknown(_FUSED, run.get("model.id").origin, "--assume transformers==4.57.1"))
        return
    added = {part: (rank or 0) * sizes[part] for part in with_lora}
    _set(run, model, parts, {part: str(mode) for part, mode in modes.items()}, added)


def _set_shape(run: Run, found: "Known", parts: "dict[Part, Counted]") -> None:
    model = found.model
    for field, value in (("hidden", model.llm.hidden), ("layers", model.llm.depth), ("vocab", model.vocab), ("heads", model.llm.heads)):
        run.values[f"model.{field}"] = fact(value, found.id)
    run.values["model.params.total"] = fact(model.params, found.id)
    for part, counted in parts.items():
        run.values[f"model.params.{part}"] = fact(counted.params, found.id)


def _experts_in_doubt(run: Run, model: "Model", rank_one: RankOne, sizes: Mapping[Part, int]) -> bool:
    """Whether the adapter reaches experts that the release of transformers may not build from linear layers of their own."""
    if not any(linear.copies > 1 for layer in model.llm.layers for linear in layer.linears):
        return False
    from lintune.models.experts import fused

    pin = run.versions.get("transformers")
    apart = pin is not None and pin.inside(Specifiers.parse("<5"), ()) is True
    return not apart and rank_one(replace(model, llm=fused(model.llm))) != sizes


def _counted(part: Part, mode: str | None) -> bool:
    return mode in _COUNTED or (mode in _COPIED and part in ("embed", "lm_head"))


def _set(run: Run, model: "Model", parts: dict[Part, Counted], modes: dict[Part, str], lora: dict[Part, int]) -> None:
    sources = [run.get(f"tune.{part}.mode") for part in PARTS]
    full = {part: parts[part].params if "full" in modes[part] else 0 for part in PARTS}
    copied = {part: (model.embed if part == "embed" else model.head) if "saved_copy" in modes[part] else 0 for part in PARTS}
    trained = {part: lora.get(part, 0) + full[part] + copied[part] for part in PARTS}
    if model.tied and "full" in modes["lm_head"] and "full" not in modes["embed"]:
        trained["lm_head"] += parts["embed"].params
    total = model.params + sum(lora.values()) + sum(copied.values())
    matrices = sum(lora.values()) + sum(copied.values()) + sum(parts[part].matrices for part in PARTS if full[part])
    note = "modules of the model and LoRA as PEFT counts them" if any(lora.values()) else "modules of the model"
    run.values["derived.total_params"] = derived(total, note, *sources)
    run.values["derived.trainable_params"] = derived(sum(trained.values()), note, *sources)
    run.values["derived.trainable_matrices"] = derived(matrices, note, *sources)
    run.values["derived.trainable_percent"] = derived(round(100 * sum(trained.values()) / total, 4), "trainable / total", *sources)
    for part, count in trained.items():
        run.values[f"derived.trainable.{part}"] = derived(count, note, *sources)
    if any(lora.values()):
        run.values["adapter.params"] = derived(sum(lora.values()), "rank x (in + out) of each adapted module", *sources)
    if any(copied.values()):
        run.values["adapter.copied_params"] = derived(sum(copied.values()), "the modules that are saved as copies", *sources)


def _parts(model: "Model") -> dict[Part, Counted]:
    vision = model.vision.stack if model.vision else None
    return {
        "llm": Counted(model.llm.params, model.llm.matrix_params),
        "embed": Counted(model.embed, model.embed),
        "lm_head": Counted(model.head_params, 0 if model.tied else model.head),
        "vision": Counted(vision.params, vision.matrix_params) if vision else Counted(0, 0),
        "projector": Counted(model.projector_params, sum(linear.matrix for linear in model.projector)),
    }


def _stack_lora(stack: "Stack", adapted: "Callable[[Linear], bool]") -> int:
    return sum(
        layer.count * _rank_one(linear) for layer in stack.layers for linear in layer.linears if adapted(linear) and not linear.stacked
    )


def _rank_one(linear: "Linear") -> int:
    return linear.copies * (linear.fan_in + linear.fan_out)


def _unknown(run: Run, why: Unknown) -> None:
    for name in ("trainable_params", "total_params", "trainable_percent", "trainable_matrices"):
        run.values[f"derived.{name}"] = why
