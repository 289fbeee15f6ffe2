"""Parameters of a run on a known model: in all, trained, and per part, from the mode of every part."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lintune.frameworks.inventory import PARTS, Part
from lintune.run.known import data, text, whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived, fact
from lintune.source.record import dataclass
from lintune.values.value import Unknown

if TYPE_CHECKING:
    from lintune.models.shapes import Linear, Model, Stack

Adapted = Callable[["Linear"], bool]
"""Whether LoRA is put on a linear layer of the language model or the vision tower."""
_COUNTED = ("full", "lora", "frozen", "lora+full")


@dataclass(frozen=True, slots=True)
class Counted:
    """A part's parameters."""

    params: int
    matrices: int
    lora: int
    """Parameters of LoRA of rank 1 on it."""


def add_counts(run: Run, name: str | None, adapted: Adapted) -> None:
    """Set `model.params.*` and `derived.*_params` from `tune.*.mode`, where the model is known; else they stay unknown."""
    from lintune.models.catalogue import find_model

    found = find_model(name) if name else None
    if found is None:
        _unknown(run, blocked((run.get("model.id"),), f"the parameters of `{name or 'this model'}` are not known"))
        return
    model = found.model
    run.values["model.name"] = derived(found.id, "by its name", run.get("model.id"))
    for field, value in (("hidden", model.llm.hidden), ("layers", model.llm.depth), ("vocab", model.vocab), ("heads", model.llm.heads)):
        run.values[f"model.{field}"] = fact(value, found.id)
    parts = _parts(model, adapted)
    run.values["model.params.total"] = fact(model.params, found.id)
    for part, counted in parts.items():
        run.values[f"model.params.{part}"] = fact(counted.params, found.id)
    modes = {part: text(run.get(f"tune.{part}.mode")) for part in PARTS}
    strange = next((part for part in PARTS if modes[part] not in _COUNTED), None)
    if strange is not None:
        _unknown(
            run, blocked((run.get(f"tune.{strange}.mode"),), f"how many parameters {modes[strange]} of the {strange} means is not known")
        )
        return
    with_lora = [part for part in PARTS if "lora" in str(modes[part])]
    rank = whole(run.get("adapter.rank"))
    if with_lora and (rank is None or data(run.get("adapter.bias")) not in (None, "none")):
        _unknown(run, blocked((run.get("adapter.rank"), run.get("adapter.bias")), "the size of the adapter is not known"))
        return
    _set(run, model, parts, {part: str(mode) for part, mode in modes.items()}, rank or 0)


def _set(run: Run, model: "Model", parts: dict[Part, Counted], modes: dict[Part, str], rank: int) -> None:
    sources = [run.get(f"tune.{part}.mode") for part in PARTS]
    lora = {part: rank * parts[part].lora if "lora" in modes[part] else 0 for part in PARTS}
    full = {part: parts[part].params if "full" in modes[part] else 0 for part in PARTS}
    trained = {part: lora[part] + full[part] for part in PARTS}
    if model.tied and "full" in modes["lm_head"] and "full" not in modes["embed"]:
        trained["lm_head"] += parts["embed"].params
    total = model.params + sum(lora.values())
    matrices = sum(lora.values()) + sum(parts[part].matrices for part in PARTS if full[part])
    note = "modules of the model and LoRA as PEFT counts them" if any(lora.values()) else "modules of the model"
    run.values["derived.total_params"] = derived(total, note, *sources)
    run.values["derived.trainable_params"] = derived(sum(trained.values()), note, *sources)
    run.values["derived.trainable_matrices"] = derived(matrices, note, *sources)
    run.values["derived.trainable_percent"] = derived(round(100 * sum(trained.values()) / total, 4), "trainable / total", *sources)
    for part, count in trained.items():
        run.values[f"derived.trainable.{part}"] = derived(count, note, *sources)
    if any(lora.values()):
        run.values["adapter.params"] = derived(sum(lora.values()), "rank x (in + out) of each adapted module", *sources)


def _parts(model: "Model", adapted: Adapted) -> dict[Part, Counted]:
    vision = model.vision.stack if model.vision else None
    projector = sum(linear.matrix for linear in model.projector)
    return {
        "llm": _stack(model.llm, adapted),
        "embed": Counted(model.embed, model.embed, model.vocab + model.llm.hidden),
        "lm_head": Counted(model.head_params, 0 if model.tied else model.head, model.vocab + model.llm.hidden),
        "vision": _stack(vision, adapted) if vision else Counted(0, 0, 0),
        "projector": Counted(model.projector_params, projector, sum(_rank_one(linear) for linear in model.projector)),
    }


def _stack(stack: "Stack", adapted: Adapted) -> Counted:
    lora = sum(
        layer.count * _rank_one(linear) for layer in stack.layers for linear in layer.linears if adapted(linear) and not linear.stacked
    )
    return Counted(stack.params, stack.matrix_params, lora)


def _rank_one(linear: "Linear") -> int:
    return linear.copies * (linear.fan_in + linear.fan_out)


def _unknown(run: Run, why: Unknown) -> None:
    for name in ("trainable_params", "total_params", "trainable_percent", "trainable_matrices"):
        run.values[f"derived.{name}"] = why
