"""Optimizer states in bytes, by optimizer: the table of `models/memory.json`, and what depends on the shapes of matrices.

* element-wise optimizers: `fixed` + `per_element` x size of a state's element, for each trained parameter
* Adafactor, CAME: 4 (m + n) for the rows and columns of an m x n matrix
* GaLore, APOLLO of rank r: two states of r max(m, n); GaLore a projector of r min(m, n); embeddings, head and vectors as AdamW
* Muon: one momentum of the matrices in layers, AdamW for the rest
* BAdam of D blocks: fp32 weights, gradients and two states of the largest block, one layer
* LOMO and layer-wise GaLore: gradients are used as they come, one parameter at a time
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lintune.memory.constants import constants
from lintune.memory.setting import Setting
from lintune.memory.weights import Trained
from lintune.models.shapes import Linear

_SUFFIX = "_layerwise"
_SAME = {
    "adamw8bit": "adamw_bnb_8bit",
    "adam8bit": "adamw_bnb_8bit",
    "pagedadamw8bit": "paged_adamw_8bit",
    "pagedadamw": "paged_adamw",
    "adamw_bnb": "adamw_torch",
    "cpuadam": "adam",
    "deepspeedcpuadam": "adam",
    "apollo_adamw_rank1": "apollo_adamw",
    "q_galore_adamw8bit": "qgalore",
    "galore": "galore_adamw",
    "apollo": "apollo_adamw",
    "onebitadam": "adam",
    "torch.optim.adamw": "adamw_torch",
    "torch.optim.sgd": "sgd",
    "ao_adamw_8_bit": "ao_adamw_8bit",
}


def find_optimizer(name: str) -> str | None:
    """The entry of the table that a name means; None where it is not known."""
    key = name.lower().removesuffix(_SUFFIX)
    key = _SAME.get(key.rpartition(".")[2], _SAME.get(key, key))
    return key if key in constants()["optimizers"] else None


def entry_of(setting: Setting) -> Mapping[str, Any]:
    """What the table says of a setting's optimizer; AdamW's entry where it is not known."""
    table: Mapping[str, Mapping[str, Any]] = constants()["optimizers"]
    return table[find_optimizer(setting.optimizer) or "adamw_torch"]


def per_parameter(entry: Mapping[str, Any], element: int) -> float:
    """Bytes of states per trained parameter that depend on no shape."""
    return float(entry["fixed"]) + float(entry["per_element"]) * element


def is_layerwise(setting: Setting) -> bool:
    """Whether gradients are used one parameter at a time, so that they are never all alive."""
    name = setting.optimizer.lower()
    return name.endswith(_SUFFIX) or bool(entry_of(setting).get("layerwise")) or setting.in_backward


def state_bytes(setting: Setting, what: Trained, adapter: int, full: int) -> float:
    """Bytes of all optimizer states, not divided; `adapter` and `full` are the sizes of an element of theirs."""
    entry = entry_of(setting)
    others = what.copies + what.inside
    found = what.adapters * per_parameter(entry, adapter)
    if entry.get("block"):
        blocks = max(1, setting.model.llm.depth)
        return found + 12 * others / blocks  # the 16-bit gradients of the block are counted with gradients
    inside = sum(linear.matrix * count for linear, count in _matrices(setting)) if what.inside else 0
    shaped = min(inside, what.inside)
    plain = per_parameter(entry, full)
    found += (others - shaped) * plain
    if "matrices" in entry:
        return found + shaped * float(entry["matrices"]) * full
    if "lowrank" in entry:
        return found + _low_rank(setting, str(entry["lowrank"]), plain, full)
    found += shaped * plain
    if entry.get("rows"):
        found += 4 * sum(count * linear.copies * (linear.fan_in + linear.fan_out) for linear, count in _matrices(setting))
    return found


def _matrices(setting: Setting) -> Iterator[tuple[Linear, int]]:
    """Matrices of the language model's layers, and how often each stands."""
    for layer in setting.model.llm.layers:
        for linear in layer.linears:
            yield linear, layer.count


def _low_rank(setting: Setting, kind: str, plain: float, full: int) -> float:
    """States of projected gradients, and GaLore's projectors."""
    found = 0.0
    for linear, count in _matrices(setting):
        small, large = sorted((linear.fan_in, linear.fan_out))
        rank = min(setting.lowrank, small)
        projector = {"galore": full, "qgalore": 0.5}.get(kind, 0)
        found += count * linear.copies * rank * (large * plain + small * projector)
    return found


def largest_parameter(setting: Setting) -> int:
    """Elements of the largest single parameter that is trained: the embedding or a projection."""
    matrices = max(
        (linear.fan_in * linear.fan_out * (linear.copies if linear.stacked else 1) for linear, _ in _matrices(setting)), default=0
    )
    embed = setting.model.embed if setting.trains("embed") or setting.trains("llm") else 0
    return max(matrices, embed)


def step_bytes(setting: Setting, what: Trained, adapter: int, full: int) -> int:
    """Bytes that an optimizer without DeepSpeed allocates while it steps, not divided."""
    entry = entry_of(setting)
    each = 0.0 if setting.profile.fused_step and entry.get("foreach") else float(entry.get("step", 0.0))
    if not each:
        return 0
    whole = what.adapters * adapter + (what.copies + what.inside) * full
    if entry.get("foreach") and not is_layerwise(setting):
        return int(each * setting.profile.step_copies * whole)
    element = 4 if entry.get("rows") else full
    return int(each * min(whole * element / max(1, full), largest_parameter(setting) * element))
