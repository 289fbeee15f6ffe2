"""FSDP 1 laid over logs that are written down by hand: shares, gathered units, gradients of a unit, streams."""

from lintune.dryrun.trace.fsdp1 import Flat, flatten
from lintune.dryrun.trace.history import phase_peaks
from lintune.dryrun.trace.lives import Block, Log

LAYER, ACTIVATION, NORM = 2000, 400, 100


def step_log(trained: bool = True) -> Log:
    """Two layers of 1000 elements in 16 bits, an activation each, a gradient each, states and copies of a step."""
    log = Log()
    for number in range(2):
        log.born(Block(LAYER, "parameters", "build", "", f"model.layers.{number}.mlp", trained=trained))
    log.born(Block(NORM, "parameters", "build", "", "model.norm"))
    for number in range(2 if trained else 0):
        log.born(Block(2 * LAYER, "optimizer", "build", "", f"model.layers.{number}.mlp"))
    log.phases.append((len(log.events), "forward"))
    kept = []
    for number in range(2):
        log.visits.append((len(log.events), f"model.layers.{number}.mlp"))
        kept.append(log.born(Block(ACTIVATION, "activations", "forward", "mm", f"model.layers.{number}.mlp")))
    log.visits.append((len(log.events), "model.norm"))
    kept.append(log.born(Block(ACTIVATION, "activations", "forward", "mm", "model.norm")))
    log.phases.append((len(log.events), "backward"))
    log.died(kept[2])
    gradients = []
    for number in (1, 0):
        if trained:
            gradients.append(log.born(Block(LAYER, "gradients", "backward", "mm", f"model.layers.{number}.mlp")))
        log.died(kept[number])
    log.phases.append((len(log.events), "step"))
    copies = log.born(Block(2 * LAYER, "step temporaries", "step", "sqrt", "")) if trained else None
    for number in [*gradients, *([copies] if copies is not None else [])]:
        log.died(number)
    log.phases.append((len(log.events), "build"))
    return log


def test_a_rank_keeps_its_share_of_parameters_states_and_copies() -> None:
    step = phase_peaks(flatten(step_log(), Flat(2)), 1)["step"]
    assert step == (2 * LAYER + NORM + 4 * LAYER + 2 * LAYER + 2 * LAYER) // 2


def test_mixed_precision_of_accelerate_doubles_what_is_trained() -> None:
    plain, mixed = (phase_peaks(flatten(step_log(), Flat(2, widened)), 1)["step"] for widened in (1.0, 2.0))
    assert mixed - NORM // 2 == 2 * (plain - NORM // 2) > 0


def test_one_unit_is_gathered_in_the_forward_pass_and_two_in_the_backward_pass() -> None:
    peaks = phase_peaks(flatten(step_log(trained=False), Flat(4)), 1)
    shares = (2 * LAYER + NORM) // 4
    assert peaks["forward"] == shares + NORM + LAYER + 2 * ACTIVATION
    assert peaks["backward"] == shares + NORM + 2 * LAYER + 2 * ACTIVATION


def test_what_is_not_resharded_stays_gathered() -> None:
    peaks = phase_peaks(flatten(step_log(trained=False), Flat(4, reshard=False)), 1)
    assert peaks["forward"] == (2 * LAYER + NORM) // 4 + NORM + 2 * LAYER + 3 * ACTIVATION


def test_offload_leaves_shares_and_states_on_the_host() -> None:
    assert phase_peaks(flatten(step_log(), Flat(2, offload=True)), 1).get("step", 0) == 0


def test_gathered_units_have_a_stream_of_their_own() -> None:
    log = flatten(step_log(trained=False), Flat(4))
    streams = {block.stream for block in log.blocks if block.category == "gathered parameters"}
    assert streams == {"gather"}
    assert all(not block.stream for block in log.blocks if block.category == "activations")
