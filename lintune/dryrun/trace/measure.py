"""The same step really run on the CPU, and the most bytes that its allocator had given out: what the trace is compared with.

The figures are the allocator's own events, as torch's profiler records them, so that temporaries inside of operators count too.
"""

from contextlib import nullcontext

import torch
from torch import nn

from lintune.dryrun.trace.loss import compute_loss
from lintune.dryrun.trace.optimizers import make_optimizer
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.private import local_part
from lintune.dryrun.trace.step import MakeBatch, prepare


def measure_step(model: nn.Module, make_batch: MakeBatch, plan: Plan) -> int:
    """The peak of bytes alive on the CPU over real steps, the model's own included."""
    prepare(model, plan)
    held = [local_part(each).untyped_storage() for each in [*model.parameters(), *model.buffers()]]
    storages = {storage.data_ptr(): storage.nbytes() for storage in held}
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        _run(model, make_batch, plan)
    events = profile.profiler.kineto_results.events()
    changes = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    size = peak = sum(storages.values())
    for _, change in changes:
        size += change
        peak = max(peak, size)
    return int(peak)


def _run(model: nn.Module, make_batch: MakeBatch, plan: Plan) -> None:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = make_optimizer(plan.optimizer, trained, plan.foreach_copies)
    for _ in range(plan.steps):
        for _ in range(min(plan.accumulate, 2)):
            _micro_batch(model, make_batch, plan)
        if plan.clip:
            torch.nn.utils.clip_grad_norm_(trained, plan.clip)
        optimizer.step()
        for parameter in trained:
            parameter.grad = None
    del optimizer


def _micro_batch(model: nn.Module, make_batch: MakeBatch, plan: Plan) -> None:
    batch = make_batch()
    with torch.autocast("cpu", plan.autocast) if plan.autocast is not None else nullcontext():
        loss, outputs = compute_loss(model, batch, plan)
    if not plan.hold_outputs:
        outputs = None
    loss.backward()
    del outputs
