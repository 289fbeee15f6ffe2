"""`plan --format json` (`schemas/plan-v1.schema.json`): sizes in bytes, times in seconds and hours."""

import json
from collections.abc import Sequence

from lintune.engine.finding import Json, place_json
from lintune.plan.change import REACH
from lintune.plan.effort import Effort
from lintune.plan.launch_plan import LaunchPlan, Offer
from lintune.report.memory_json import fits_json, per_gpu_json

SCHEMA_VERSION = 1


def render_plan_json(plans: Sequence[LaunchPlan]) -> str:
    """The document as text."""
    return (
        json.dumps({"schema_version": SCHEMA_VERSION, "launches": [_launch(each) for each in plans]}, ensure_ascii=False, indent=2) + "\n"
    )


def _launch(each: LaunchPlan) -> dict[str, Json]:
    setting, found = each.setting, each.found
    if setting is None or found is None:
        return {"path": each.path, "problem": each.problem}
    return {
        "path": each.path,
        "model": setting.model.type,
        "tuning": each.tuning,
        "gpu": {"name": setting.gpu_name or None, "memory_bytes": setting.gpu_bytes, "in_use_bytes": setting.in_use},
        "gpus": setting.world,
        "capacity": each.capacity,
        "per_gpu": per_gpu_json(found),
        "fits": fits_json(found, each.capacity),
        "purpose": "fit" if each.fitting or fits_json(found, each.capacity) is not True else "use what is free",
        "plans": [_offer(each, number, offer) for number, offer in enumerate(each.offers)],
        "fits_as_configured_on": {"gpus": list(each.fits_on), "count": each.enough},
        "refused": [{"changes": name, "error": error} for name, error in each.refused],
        "prices": [
            {
                "change": price.change.title,
                "knob": price.change.knob,
                "saved_bytes": price.saved,
                "device": price.device,
                "time": round(price.time, 4),
                "fits": {"fits": True, "does not fit": False}.get(price.verdict, "uncertain"),
            }
            for price in each.prices
        ],
        "ceilings_of": each.ceilings_of or "as configured",
        "ceilings": [
            {"name": limit.name, "now": limit.now, "certain": limit.certain, "likely": limit.likely, "beyond": limit.beyond}
            for limit in each.ceilings
        ],
        "no_setting": [{"change": name, "reason": reason} for name, reason in each.unspelled],
        "effort": _effort(each.effort) if each.effort is not None else None,
        "checkpoint": _disk(each),
        "notes": list(found.notes),
    }


def _offer(each: LaunchPlan, number: int, offer: Offer) -> dict[str, Json]:
    plan, hours = offer.plan, each.hours[number]
    return {
        "number": number + 1,
        "changes": [{"knob": change.knob, "title": change.title, "note": change.note} for change in plan.changes],
        "reach": REACH[plan.reach],
        "per_gpu": per_gpu_json(plan.estimate),
        "host_bytes": plan.estimate.host * plan.setting.world,
        "trainable_params": plan.estimate.trained.total,
        "fits": {"fits": True}.get(plan.verdict, "uncertain"),
        "time": round(plan.time, 4),
        "hours": list(hours) if hours else None,
        "set": dict(offer.written.settings),
        "edits": [{**place_json(edit.site), "text": edit.text} for edit in offer.written.edits],
        "by_hand": list(offer.written.left),
    }


def _effort(effort: Effort) -> dict[str, Json]:
    return {
        "samples": effort.data.samples,
        "samples_from": effort.data.source or None,
        "global_batch": effort.global_batch,
        "steps": effort.steps,
        "tokens_per_sample": effort.tokens_per_sample,
        "tokens_are": "mean" if effort.data.tokens else "at most",
        "tokens": effort.tokens,
        "flops_per_sample": effort.flops_per_sample,
        "seconds_per_step": list(effort.seconds_per_step) if effort.seconds_per_step else None,
        "hours": [
            {"gpu": each.card, "gpus": each.gpus, "low": each.low, "high": each.high, "tflops": each.tflops, "fits": each.verdict or None}
            for each in effort.hours
        ],
    }


def _disk(each: LaunchPlan) -> dict[str, Json] | None:
    disk = each.disk
    return {"bytes": disk.each, "model_bytes": disk.model, "state_bytes": disk.states, "kept": disk.kept} if disk is not None else None
