"""Peaks, holders and timelines of logs that are written down by hand."""

import pytest

from lintune.dryrun.trace.gathering import gathered_by_module, gathered_by_unit
from lintune.dryrun.trace.history import (
    categories_at,
    find_peak,
    holders_at,
    phase_peaks,
    timeline,
)
from lintune.dryrun.trace.lives import Block, Log
from lintune.dryrun.trace.overlay import Sharding, overlay


def block(size: int, category: str = "activations", module: str = "") -> Block:
    return Block(size, category, "forward", "mm", module)


def step_log() -> Log:
    """Two layers of 1000 elements in 16 bits, an activation each, a gradient each."""
    log = Log()
    for number in range(2):
        log.born(block(2000, "parameters", f"model.layers.{number}.mlp"))
    log.phases.append((2, "forward"))
    kept = []
    for number in range(2):
        log.visits.append((len(log.events), f"model.layers.{number}.mlp"))
        kept.append(log.born(block(400, module=f"model.layers.{number}.mlp")))
    log.phases.append((len(log.events), "backward"))
    gradients = []
    for number in (1, 0):
        gradients.append(log.born(block(2000, "gradients", f"model.layers.{number}.mlp")))
        log.died(kept[number])
    log.phases.append((len(log.events), "step"))
    for number in gradients:
        log.died(number)
    log.phases.append((len(log.events), "build"))
    return log


def test_the_peak_and_what_holds_it() -> None:
    log = step_log()
    peak = find_peak(log, rounding=1)
    assert (peak.size, peak.phase) == (8400, "backward")
    assert categories_at(log, peak.event, 1) == {"parameters": 4000, "gradients": 4000, "activations": 400}
    assert holders_at(log, peak.event, 1, 1)[0].module == "model.layers.*.mlp"
    assert phase_peaks(log, 1)["forward"] == 4800


def test_the_timeline_shows_every_peak() -> None:
    log = step_log()
    curve = timeline(log, points=4, rounding=1)
    assert max(size for _, size, _ in curve) == 8400
    assert curve[0][0] == 0


@pytest.mark.parametrize("stage", [1, 2])
def test_zero_divides_states_and_frees_gradients(stage: int) -> None:
    log = overlay(step_log(), Sharding(2, stage, bucket=100, early_buckets=False))
    found = categories_at(log, find_peak(log, 1).event, 1)
    assert found["parameters"] == 4000
    assert found["master weights"] == 4 * 1000
    assert found["optimizer"] == 8 * 1000
    assert found["step temporaries"] == 6 * 1000
    assert found["gradients"] == 2000  # the share of this rank, in 16 bits
    assert find_peak(log, 1).phase == "step"


def test_stage_3_divides_parameters_and_gathers_them() -> None:
    log = overlay(step_log(), Sharding(2, 3, bucket=100, prefetch=0))
    assert phase_peaks(log, 1)["build"] < phase_peaks(log, 1)["forward"]
    found = categories_at(log, find_peak(log, 1).event, 1)
    assert found["parameters"] == 2000


def test_offload_leaves_no_states() -> None:
    log = overlay(step_log(), Sharding(2, 3, offload_optimizer=True, offload_parameters=True, prefetch=0))
    found = categories_at(log, find_peak(log, 1).event, 1)
    assert not {"parameters", "master weights", "optimizer", "step temporaries"} & set(found)


def test_ddp_adds_one_copy_of_the_gradients() -> None:
    assert find_peak(overlay(step_log(), Sharding(2)), 1).size == 8400 + 4000
    assert overlay(step_log(), Sharding(1)).events == step_log().events


def test_units_follow_each_other_one_ahead() -> None:
    log = step_log()
    found = gathered_by_unit(log, {"model.layers.0": 10, "model.layers.1": 10})
    assert len(found) >= 2
    assert all(each.begin <= each.end for each in found)


def test_what_is_used_again_soon_stays_gathered() -> None:
    sizes = {"model.layers.0.mlp": 2000, "model.layers.1.mlp": 2000}
    near, far = gathered_by_module(step_log(), sizes, 10_000), gathered_by_module(step_log(), sizes, 0)
    assert len(near) < len(far)
