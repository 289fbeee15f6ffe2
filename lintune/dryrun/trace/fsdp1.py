"""A log of one process as it would be on a rank of FSDP 1: shards of flat parameters, gathered units, gradients of a unit.

After torch/distributed/fsdp (_flat_param.py, _runtime_utils.py) of torch 2.2 to 2.4:

* a unit's parameters are one flat tensor, of which each rank keeps its share, in their own type: no copy in fp32 unless accelerate runs in
  mixed precision, which casts the shares that are trained to fp32 (accelerate/accelerator.py prepare_model)
* when a unit is wrapped, its parameters come to the GPU, are put together into a flat tensor, and the rank's share is cloned from it
  (_init_utils.py); what that took stays reserved
* units are gathered on a stream of their own, so that their memory is not shared with activations
* gradients of a unit's parameters are put together into a flat one when its backward pass is done, and reduced to the rank's share
* the optimizer's states, and what it takes to step, are those of the shares
* PEFT makes each trained layer of an adapter a unit of its own (peft/utils/other.py fsdp_auto_wrap_policy)
"""

from collections import Counter
from dataclasses import dataclass

from lintune.dryrun.trace.gathering import ROOT, Gathered, gathered_by_unit, unit_of
from lintune.dryrun.trace.lives import Block, Log
from lintune.dryrun.trace.rewriting import Rewriter, passes

_GATHER = "gather"
"""The stream of gathered parameters."""


@dataclass(frozen=True, slots=True)
class Flat:
    """How FSDP 1 divides a launch."""

    ranks: int
    widened: float = 1.0
    """Bytes of a trained element in the shares over those that are computed with: 2 where accelerate casts shares to fp32."""
    offload: bool = False
    """Whether shares, their gradients and the optimizer are on the host."""
    reshard: bool = True
    """Whether units are released after the forward pass (not by SHARD_GRAD_OP)."""


def flatten(log: Log, flat: Flat) -> Log:
    """The log of one rank; the old one is that of a process that trains alone, its optimizer included."""
    made = Rewriter(log)
    keep: dict[int, int] = {}
    units, trained = _parameters(made, log, flat, keep)
    gathered = gathered_by_unit(log, dict(units), flat.reshard)
    for each in gathered:
        made.add(each.begin, each.end, each.size, "gathered parameters", stream=_GATHER)
        if flat.offload:  # the rank's own share comes from the host for the time of gathering
            made.add(each.begin, each.begin + 1, each.size / flat.ranks, "gathered parameters", stream=_GATHER)
    share = 0.0 if flat.offload else flat.widened / flat.ranks
    for number, block in enumerate(log.blocks):
        if block.category in ("optimizer", "step temporaries"):
            keep[number] = int(block.size * share)
    _gradients(made, log, flat, keep, gathered, trained)
    return made.run(keep)


def _parameters(made: Rewriter, log: Log, flat: Flat, keep: dict[int, int]) -> tuple[Counter[str], Counter[str]]:
    """Replaces parameters by shares of units; returns bytes by unit, and those that are trained in place, by unit."""
    units, trained = Counter[str](), Counter[str]()
    shares, wrapped = Counter[str](), dict[str, list[int]]()
    for number, block in enumerate(log.blocks):
        if block.category != "parameters":
            continue
        keep[number] = 0
        unit = unit_of(block.module)
        if block.trained and "lora_" in block.module:
            unit = block.module  # a unit of its own, too small to show when it is gathered
        else:
            units[unit] += block.size
            trained[unit] += block.size if block.trained else 0
        shares[unit] += int(block.size * (flat.widened if block.trained else 1.0) / flat.ranks)
        wrapped.setdefault(unit, []).append(block.size)
    for unit in sorted(wrapped, key=lambda each: each == ROOT):  # children are wrapped before their parents
        _wrap(made.log, wrapped[unit], 0 if flat.offload else shares[unit])
    return units, +trained


def _wrap(log: Log, sizes: list[int], share: int) -> None:
    """The wrapping of a unit: its parameters, the flat one, the share that stays."""
    parts = [log.born(Block(size, "parameters", "build", "wrapping", "")) for size in sizes]
    whole = log.born(Block(sum(sizes), "parameters", "build", "wrapping", ""))
    for number in parts:
        log.died(number)
    if share:
        log.born(Block(share, "parameters", "build", "overlay", ""))
    log.died(whole)


def _gradients(made: Rewriter, log: Log, flat: Flat, keep: dict[int, int], gathered: list[Gathered], trained: Counter[str]) -> None:
    """Every gradient until its unit is done, then the unit's flat one while it is reduced, then the rank's share to its end."""
    births, deaths = _lives(log)
    spans = passes(log, "backward")
    ends: dict[str, list[int]] = {}
    for each in gathered:
        ends.setdefault(each.group, []).append(each.end)
    for number, block in enumerate(log.blocks):
        if block.category != "gradients":
            continue
        keep[number] = 0
        born, died = births[number], deaths.get(number)
        done = next((end for end in sorted(ends.get(unit_of(block.module), ())) if end > born), born + 1)
        made.add(born, done, block.size, "gradients", "backward", block.module)
        if not flat.offload:
            made.add(done, died, block.size * flat.widened / flat.ranks, "gradients", "backward", block.module)
    for begin, end in spans:
        for unit, size in trained.items():
            for last in [each for each in sorted(ends.get(unit, ())) if begin < each <= end][:1]:
                made.add(last - 1, last, size, "gradients", "backward", unit)
                made.add(last - 1, last, size / flat.ranks, "gradients", "backward", unit)


def _lives(log: Log) -> tuple[dict[int, int], dict[int, int]]:
    """The events at which blocks are born and die."""
    births: dict[int, int] = {}
    deaths: dict[int, int] = {}
    for index, event in enumerate(log.events):
        if event > 0:
            births[event - 1] = index
        else:
            deaths[-event - 1] = index
    return births, deaths
