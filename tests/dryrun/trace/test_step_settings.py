"""What a plan changes of a traced step: offloaded activations, losses of earlier releases, expanded keys, emptied caches."""

import warnings
from dataclasses import replace

import pytest
import torch

from lintune.dryrun.trace.allocator import CachingAllocator
from lintune.dryrun.trace.figures import with_workspaces
from lintune.dryrun.trace.history import find_peak, phase_peaks
from lintune.dryrun.trace.hybrid import HybridMeta
from lintune.dryrun.trace.lives import Block, Lives, Log
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.private import run_backward
from lintune.dryrun.trace.selftest import Case, batch_of, build
from lintune.dryrun.trace.step import trace_step

ROWS, LENGTH, WIDTH, VOCAB, LAYERS = 2, 256, 128, 1000, 3
HIDDEN = ROWS * LENGTH * WIDTH * 2
LOGITS = ROWS * LENGTH * VOCAB


@pytest.fixture(autouse=True)
def quiet() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)


def traced(plan: Plan, adapter: str = "") -> Log:
    case = Case("llama", plan, adapter, dtype=torch.bfloat16, rows=ROWS, length=LENGTH)
    with torch.device("meta"):
        model = build(case)
    return trace_step(model, lambda: batch_of(model, case), plan).log


def test_offloaded_activations_leave_the_gpu() -> None:
    plan = Plan(checkpointing="non-reentrant", loss="plain", optimizer="lomo", clip=0.0)
    kept, moved = (find_peak(traced(replace(plan, offload=offload))).size for offload in (False, True))
    assert kept > moved
    log = traced(replace(plan, offload=True))
    back = [block for block in log.blocks if block.stream == "transfer"]
    assert sum(block.size for block in back) >= 2 * (LAYERS - 1) * HIDDEN  # in each of two steps


def test_the_loss_of_earlier_releases_copies_the_logits_in_fp32() -> None:
    plan = Plan(optimizer="lomo", clip=0.0)
    new, copied = (phase_peaks(traced(replace(plan, copied_logits=copied)))["forward"] for copied in (False, True))
    assert copied - new == pytest.approx(4 * (LOGITS - ROWS * VOCAB), rel=0.01)


def test_logits_that_are_cast_by_the_model_are_not_there_in_16_bits() -> None:
    plan = Plan(optimizer="lomo", clip=0.0, copied_logits=True)
    later, held = (phase_peaks(traced(replace(plan, floats_held=held)))["forward"] for held in (False, True))
    assert later - held == pytest.approx(2 * LOGITS, rel=0.01)


def test_expanded_keys_are_kept() -> None:
    plan = Plan(optimizer="lomo", clip=0.0)
    shared, expanded = (phase_peaks(traced(replace(plan, expands_keys=wide)))["forward"] for wide in (False, True))
    assert expanded - shared >= LAYERS * 2 * HIDDEN // 2  # half of the heads of keys and of values are copies


def test_gradients_are_added_up_in_place() -> None:
    """A matrix that is used three times gets two sums of its gradients, which take no memory of their own."""
    weight = torch.ones(16, 16, device="meta", requires_grad=True)
    lives = Lives()
    with HybridMeta(), lives:
        loss = (torch.ones(4, 16, device="meta") @ weight @ weight @ weight).sum()
        with lives.during("backward"):
            run_backward(loss)
    sums = [block for block in lives.log.blocks if block.operator.startswith("add")]
    assert weight.grad is not None and not sums


def test_an_emptied_cache_forgets_the_steps_before() -> None:
    log = Log()
    first = log.born(Block(90 << 20, "activations", "forward", "mm", ""))
    log.died(first)
    log.phases.append((2, "forward"))
    log.born(Block(40 << 20, "activations", "forward", "mm", ""))
    log.born(Block(60 << 20, "activations", "forward", "mm", ""))
    assert CachingAllocator().replay(log).most_reserved == 150 << 20
    assert CachingAllocator().replay(log, [2]).most_reserved == 100 << 20


def test_a_full_card_makes_the_allocator_give_back_what_is_unused() -> None:
    allocator = CachingAllocator(capacity=100 << 20)
    allocator.malloc(0, 60 << 20)
    allocator.free(0)
    allocator.malloc(1, 80 << 20)
    assert (allocator.reserved, allocator.flushes) == (80 << 20, 1)


def test_streams_do_not_share_memory() -> None:
    allocator = CachingAllocator()
    allocator.malloc(0, 60 << 20)
    allocator.free(0)
    allocator.malloc(1, 60 << 20, "gather")
    assert allocator.reserved == 120 << 20


def test_workspaces_are_taken_at_the_first_product_of_each_pass() -> None:
    log = Log()
    log.phases.append((0, "forward"))
    log.born(Block(1000, "activations", "forward", "mm.default", ""))
    log.phases.append((1, "backward"))
    log.born(Block(1000, "temporaries", "backward", "mm.default", ""))
    found = with_workspaces(log)
    assert [block.category for block in found.blocks] == ["workspace", "activations", "workspace", "temporaries"]
