"""`memory --format json` (`schemas/memory-v1.schema.json`): all sizes in bytes."""

import json
from collections.abc import Sequence

from lintune.engine.finding import Json
from lintune.memory.estimate import Estimate
from lintune.memory.report import MemoryOfRun

SCHEMA_VERSION = 1


def render_memory_json(runs: Sequence[MemoryOfRun]) -> str:
    """The document as text."""
    document = {"schema_version": SCHEMA_VERSION, "runs": [_run(each) for each in runs]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def per_gpu_json(found: Estimate) -> dict[str, Json]:
    """Bytes of one GPU."""
    return {name: getattr(found, name) for name in ("allocated", "reserved", "device", "low", "high")}


def fits_json(found: Estimate, capacity: int | None) -> Json:
    """True, False, `uncertain`, or null where the card is not known."""
    if capacity is None:
        return None
    return {"fits": True, "does not fit": False}.get(found.fits(capacity), "uncertain")


def _run(each: MemoryOfRun) -> dict[str, Json]:
    found, setting = each.estimate, each.setting
    if found is None or setting is None:
        return {"path": each.path, "problem": each.problem}
    capacity, traced = each.capacity, each.traced
    gpu: dict[str, Json] | None = None
    if capacity is not None:
        gpu = {
            "name": setting.gpu_name or None,
            "memory_bytes": setting.gpu_bytes,
            "in_use_bytes": setting.in_use,
            "usable_bytes": capacity,
        }
    return {
        "path": each.path,
        "model": setting.model.type,
        "total_params": found.total_params,
        "trainable_params": found.trained.total,
        "trainable_parts": dict(found.trained.parts),
        "per_gpu": {**per_gpu_json(found), **(dict(traced.sizes) if traced else {})},
        **({"closed_form": per_gpu_json(found)} if traced and traced.sizes else {}),
        **({"traced": {"problem": traced.problem or None, "peak": traced.peak, "assumptions": list(traced.assumptions)}} if traced else {}),
        "components": [{"name": part.name, "bytes": part.bytes, "formula": part.formula} for part in found.components],
        "phases": [{"name": part.name, "bytes": part.bytes} for part in found.phases],
        "host_bytes": found.host * setting.world,
        "gpu": gpu,
        "fits": fits_json(found, capacity),
        "method": "traced" if traced and traced.sizes else "closed-form",
        "notes": list(found.notes),
        "modes": [
            {
                "name": mode.name,
                "group": mode.group,
                "configured": mode.configured,
                "detail": mode.detail,
                "per_gpu": per_gpu_json(mode.estimate),
                "fits": fits_json(mode.estimate, capacity),
                "trainable_params": mode.estimate.trained.total,
                "host_bytes": mode.estimate.host * setting.world,
            }
            for mode in each.modes
        ],
    }
