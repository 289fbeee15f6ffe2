"""Counting: total and trainable parameters, per part and per module, and what the adapter's targets match."""

from typing import Any

from lintune.dryrun.build import BuiltModel, build_model
from lintune.dryrun.parts import PARTS, plain_name
from lintune.dryrun.protocol import Request, Result
from lintune.dryrun.quantised import logical_parameters
from lintune.dryrun.stage import report_stage


def count(request: Request) -> Result:
    """The counts of a request's model. Raises `DryRunProblem`."""
    report_stage("counting parameters")
    return count_of(build_model(request, runnable=False))


def count_of(built: BuiltModel) -> Result:
    """The counts of a model that is built."""
    result = Result("count", True, assumptions=list(built.assumptions))
    total = trainable = 0
    parts = {part: [0, 0] for part in PARTS}
    modules: dict[str, list[int]] = {}
    for name, parameter, elements in logical_parameters(built.model):
        trained = elements if parameter.requires_grad else 0
        total, trainable = total + elements, trainable + trained
        for counted in (parts[built.part_of(name)], modules.setdefault(grouped(name), [0, 0])):
            counted[0] += elements
            counted[1] += trained
    result.facts = {
        "dry_run.total_params": total,
        "dry_run.model_class": type(base_of(built.model)).__name__,
        "dry_run.config": built.source,
    }
    not_known = [*(f"what of the part {part} is trained" for part in built.unclear), *(f"`{name}`" for name in built.adapter.unknown)]
    certain = not built.adapter.refused and not not_known
    if certain:
        result.facts["dry_run.trainable_params"] = trainable
    elif not_known:
        result.assumptions.append(
            f"trained parameters are not given: {' and '.join(not_known)} {'are' if len(not_known) > 1 else 'is'} not known"
        )
    for part, (all_of_it, trained) in parts.items():
        if all_of_it:
            result.facts[f"dry_run.parts.{part}.params"] = all_of_it
            if certain:
                result.facts[f"dry_run.parts.{part}.trainable"] = trained
    _add_adapter(result, built)
    result.detail["modules"] = {name: list(counted) for name, counted in modules.items()}
    return result


def _add_adapter(result: Result, built: BuiltModel) -> None:
    adapter = built.adapter
    result.facts["dry_run.adapter.kind"] = adapter.kind
    if adapter.kind == "none":
        return
    result.facts["dry_run.adapter.matched"] = len(adapter.modules)
    if adapter.refused:
        result.facts["dry_run.adapter.refused"] = adapter.refused
    result.items["dry_run.targets"] = [
        {
            "pattern": each.pattern, "kind": each.kind, "matched": each.matched, "nearest": list(each.nearest), "hint": _hint(each.nearest),
            "parts": list(each.parts), "vision": each.parts.get("vision", 0), "elsewhere": each.matched - each.parts.get("vision", 0),
        }
        for each in adapter.targets
    ]  # fmt: skip


def _hint(nearest: list[str]) -> str:
    """The end of a message that names what was probably meant."""
    return f"; near {'is' if len(nearest) == 1 else 'are'} {', '.join(f'`{each}`' for each in nearest)}" if nearest else ""


def grouped(name: str) -> str:
    """The module of a parameter with layer numbers as `*`, so that equal layers are one line."""
    words = plain_name(name).split(".")
    return ".".join("*" if word.isdecimal() else word for word in words[:-1]) or name


def base_of(model: Any) -> Any:
    """The model below PEFT's wrapper."""
    getter = getattr(model, "get_base_model", None)
    return getter() if getter is not None else model
