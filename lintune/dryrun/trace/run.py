"""The action `trace` of the dry run: a request's step traced, as facts and details of its result."""

import time
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

import torch

from lintune.dryrun.protocol import Json, Request, Result
from lintune.dryrun.raw_config import raw_config
from lintune.dryrun.stage import report_stage
from lintune.dryrun.trace.building import Subject, subject_for
from lintune.dryrun.trace.figures import Figures, figures_of, unexplained, with_workspaces
from lintune.dryrun.trace.fsdp import World, trace_fsdp, without_shares
from lintune.dryrun.trace.fsdp1 import flatten
from lintune.dryrun.trace.history import categories_at, holders_at, timeline
from lintune.dryrun.trace.inputs import batch_for
from lintune.dryrun.trace.lives import Log
from lintune.dryrun.trace.overlay import Sharding, overlay
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.reading import flat_of, plan_for, setting_for, sharding_of, traces_fsdp
from lintune.dryrun.trace.step import trace_step
from lintune.memory.setting import Setting


@dataclass(slots=True)
class Outcome:
    """A traced launch."""

    setting: Setting
    plan: Plan
    log: Log
    figures: Figures
    notes: list[str]


def trace(request: Request) -> Result:
    """Traces the step of a request. Raises `DryRunProblem`."""
    started = time.perf_counter()
    outcome = trace_request(request)
    result = _result(outcome)
    result.seconds["traced"] = time.perf_counter() - started
    return result


def trace_request(request: Request) -> Outcome:
    """The traced launch of a request."""
    report_stage("building the model")
    config: dict[str, Any] = raw_config(request).values
    setting = setting_for(request, config)
    plan = plan_for(request, setting)
    subject = subject_for(request, setting, config)
    notes = [*setting.notes, *plan.assumptions, *subject.notes]
    log = with_workspaces(_sharded(subject, setting, plan, notes, request))
    figures = figures_of(log, setting, _expandable(request), unexplained(setting), plan.emptied)
    if figures.flushes:
        notes.append(f"the card is full {figures.flushes} times: the allocator gives back what is not in use, which costs time")
    return Outcome(setting, plan, log, figures, notes)


def _sharded(subject: Subject, setting: Setting, plan: Plan, notes: list[str], request: Request) -> Log:
    """The log of one rank: FSDP 2 is traced as such, the rest is laid over the trace of one process."""
    if traces_fsdp(setting):
        notes.append(f"FSDP 2 was traced on a world of {setting.shards} ranks that moves no data")
        world = World(setting.shards, plan.autocast or torch.bfloat16, None, setting.reshard)
        make_batch = batch_for(subject.model, subject.config, setting, notes, plan.flattened)
        log = trace_fsdp(subject.model, make_batch, changed(plan, autocast=None), world).log
        return without_shares(log) if setting.offload_params else log
    log = _traced(subject, setting, plan, notes)
    flat, sharding = flat_of(setting, request.values), sharding_of(setting, request.values)
    if flat is not None:
        notes.append("one process was traced; the shares and gathered units of FSDP 1 are laid over it")
        return flatten(log, flat)
    if sharding is not None or setting.shards > 1:
        log = overlay(log, sharding or Sharding(setting.shards))
        notes.append("one process was traced; what the other ranks hold is taken off by arithmetic")
    return log


def _traced(subject: Subject, setting: Setting, plan: Plan, notes: list[str]) -> Log:
    report_stage("tracing the step")
    make_batch = batch_for(subject.model, subject.config, setting, notes, plan.flattened)
    traced = trace_step(subject.model, make_batch, plan)
    notes += [f"{text} ({count} times)" for text, count in traced.assumed.items()]
    return traced.log


def _expandable(request: Request) -> bool:
    """Whether the launch asks for expandable segments; torchtune's recipes do by themselves."""
    if request.framework == "torchtune":
        return True
    given = request.values.get("env.PYTORCH_CUDA_ALLOC_CONF") or request.values.get("env.PYTORCH_ALLOC_CONF")
    return isinstance(given, str) and "expandable_segments:true" in given.lower()


def _result(outcome: Outcome) -> Result:
    """Facts, holders, categories and timeline."""
    figures, log, peak = outcome.figures, outcome.log, outcome.figures.peak
    result = Result("trace", True, assumptions=list(dict.fromkeys(outcome.notes)))
    result.facts = {
        "dry_run.allocated_bytes": figures.allocated,
        "dry_run.reserved_bytes": figures.reserved,
        "dry_run.device_bytes": figures.device,
        "dry_run.low_bytes": figures.low,
        "dry_run.high_bytes": figures.high,
        "dry_run.peak_phase": peak.phase,
        "dry_run.peak_operator": peak.operator,
    }
    holders: list[Json] = [
        {"module": each.module, "category": each.category, "bytes": each.size, "blocks": each.blocks}
        for each in holders_at(log, peak.event)
    ]
    curve: list[Json] = [{"event": event, "bytes": size, "phase": phase} for event, size, phase in timeline(log)]
    categories: dict[str, Json] = dict(categories_at(log, peak.event))
    phases: dict[str, Json] = dict(figures.phases)
    result.detail = {"trace.holders": holders, "trace.categories": categories, "trace.phases": phases, "trace.timeline": curve}
    return result
