"""Which parameters are trained, from the modes of the parts: before the adapter is put on, and what it leaves to be trained in full."""

import re
from typing import Any

from lintune.dryrun.parts import PARTS, part_of
from lintune.dryrun.protocol import Request

_SOME = re.compile(r"(topk|first|from):(\d+)")
_WORDS = {"frozen", "full", "lora", "saved_copy", "conflict", "dora", "oft", "vera", "ia3", "adalora"}
_LAYER = re.compile(r"\.(\d+)\.")


def modes_of(request: Request, adapted: bool, assumptions: list[str], there: set[str] | None = None) -> dict[str, str]:
    """The mode of every part; parts that the run says nothing of follow the language model. `there`: the parts that the model has."""
    said = {part: mode for part in PARTS if isinstance(mode := request.values.get(f"tune.{part}.mode"), str)}
    unknown = [part for part in PARTS if f"tune.{part}.mode" in request.unknown and (there is None or part in there)]
    default = said.get("llm", "lora" if adapted else "full")
    if unknown:
        assumptions.append(f"whether {', '.join(unknown)} is trained is not known: taken as the language model is ({default})")
    elif not said and not adapted:
        assumptions.append("nothing says which parts are trained: all of them are taken")
    follow = "frozen" if "lora" in default and "full" not in default else default
    modes = {part: said.get(part, follow) for part in PARTS}
    modes["llm"] = said.get("llm", default)
    return modes


def unclear(request: Request, modes: dict[str, str], parts: set[str]) -> list[str]:
    """The parts of a model of which it is not known what of them is trained; `parts`: those that it has."""
    unknown = {part for part in PARTS if f"tune.{part}.mode" in request.unknown}
    strange = {part for part, mode in modes.items() if not _SOME.fullmatch(mode) and not set(mode.split("+")) <= _WORDS}
    return sorted((unknown | strange) & parts)


def is_full(mode: str) -> bool:
    """Whether a part's own weights are trained (a saved copy is another weight)."""
    return mode in ("full", "conflict") or "full" in mode.split("+")


def freeze(model: Any, modes: dict[str, str], embeds: frozenset[str], heads: frozenset[str]) -> None:
    """Set `requires_grad` of every parameter by the mode of its part. What the model code itself froze stays frozen.

    A tied head is one parameter with the embedding: it is trained where either is. `topk:2` are the last two layers of a part,
    `first:2` the first two, `from:2` those from the third on.
    """
    depths = _depths(model, embeds, heads) if any(map(_SOME.fullmatch, modes.values())) else {}
    for name, parameter in model.named_parameters():
        part = part_of(name, embeds, heads)
        wanted = is_full(modes[part]) or _some(modes[part], name, depths.get(part, 0))
        if part == "embed" and tied(model):
            wanted = wanted or is_full(modes["lm_head"])
        if parameter.is_floating_point():
            parameter.requires_grad_(wanted and parameter.requires_grad)


def _some(mode: str, name: str, depth: int) -> bool:
    """Whether a parameter lies in one of the layers that a mode names."""
    chosen, layer = _SOME.fullmatch(mode), _LAYER.search(name)
    if chosen is None or layer is None:
        return False
    number, count = int(layer[1]), int(chosen[2])
    match chosen[1]:
        case "topk":
            return number >= depth - count
        case "first":
            return number < count
    return number >= count


def _depths(model: Any, embeds: frozenset[str], heads: frozenset[str]) -> dict[str, int]:
    """The number of layers of each part."""
    found: dict[str, int] = {}
    for name, _ in model.named_parameters():
        layer = _LAYER.search(name)
        if layer is not None:
            part = part_of(name, embeds, heads)
            found[part] = max(found.get(part, 0), int(layer[1]) + 1)
    return found


def thaw(model: Any, modes: dict[str, str], embeds: frozenset[str], heads: frozenset[str]) -> None:
    """After the adapter froze the whole base: train again the parts that are trained in full beside it."""
    for name, parameter in model.named_parameters():
        if ".modules_to_save." in name or ".original_module." in name or "lora_" in name or not parameter.is_floating_point():
            continue
        if is_full(modes[part_of(name, embeds, heads)]):
            parameter.requires_grad_(True)


def tied(model: Any) -> bool:
    """Whether the output head is the input embedding's weight."""
    try:
        first, last = model.get_input_embeddings(), model.get_output_embeddings()
    except (AttributeError, NotImplementedError):
        return False
    return last is not None and first is not None and getattr(last, "weight", None) is getattr(first, "weight", first)
