"""A log of one process, as ZeRO or DDP over several ranks would make it: states divided, buckets and gathered parameters added.

ZeRO: deepspeed/runtime/zero/stage_1_and_2.py and stage3.py. Each gradient lives until it is in a bucket; its share stays, in 16 bits;
the step flattens that share (2 B) and casts it to fp32 (4 B). DDP: a bucket copy of all gradients from the start.
Checked against DeepSpeed 0.19 and DDP on two processes (benchmarks/results/trace.md).
"""

from dataclasses import dataclass

from lintune.dryrun.trace.gathering import gathered_by_module
from lintune.dryrun.trace.lives import Block, Log
from lintune.dryrun.trace.rewriting import Rewriter, passes

_OWN = ("parameters", "gradients", "optimizer", "step temporaries")

_SUB_GROUP = 1_000_000_000
"""Elements that ZeRO-3 steps at once (deepspeed/runtime/zero/config.py sub_group_size)."""


@dataclass(frozen=True, slots=True)
class Sharding:
    """How a launch divides what it holds."""

    ranks: int
    stage: int | None = None
    """ZeRO's; None for DDP."""
    bucket: int = 0
    """Elements of ZeRO's reduce bucket."""
    buckets: float = 1.0
    """Buckets that are there at once: one more where reduction overlaps the backward pass, one more for gathering."""
    early_buckets: bool = True
    """Whether buckets stand from the first backward pass on, and not only while gradients are in them (DeepSpeed since 0.18)."""
    accumulates: bool = False
    max_reuse: int = 1_000_000_000
    """Elements within which ZeRO-3 keeps a gathered parameter that is used again."""
    prefetch: int = 50_000_000
    states: float = 8.0
    """Bytes of optimizer states per trained element, in fp32."""
    step: float = 2.0
    """Bytes per element of the share that the step takes beside fp32 gradients: the flattened 16-bit ones, or the optimizer's own."""
    offload_optimizer: bool = False
    offload_parameters: bool = False


def overlay(log: Log, sharding: Sharding) -> Log:
    """The log of one rank. The old one must hold no optimizer states: they are the overlay's."""
    if sharding.ranks == 1 and sharding.stage is None:
        return log
    made = Rewriter(log)
    if sharding.stage is None:
        made.add(0, None, sum(_gradients(log).values()), "gradient buckets")
        return made.run({})
    keep = _states(made, log, sharding)
    return made.run(keep)


def _gradients(log: Log) -> dict[int, int]:
    """Gradients of one pass: bytes by block; of several passes the first."""
    found: dict[int, int] = {}
    ends = [event for event, phase in log.phases if phase == "step"]
    first = ends[0] if ends else len(log.events)
    for event in log.events[:first]:
        if event > 0 and log.blocks[event - 1].category == "gradients":
            found[event - 1] = log.blocks[event - 1].size
    return found


def _states(made: Rewriter, log: Log, sharding: Sharding) -> dict[int, int]:
    """Adds what ZeRO holds; returns the new sizes of the blocks of the log."""
    keep = {number: 0 for number, block in enumerate(log.blocks) if block.category in _OWN and block.category != "parameters"}
    trained = sum(_gradients(log).values()) // 2
    share = -(-trained // sharding.ranks)
    whole = (sharding.stage or 0) < 3
    parameters = {number: block for number, block in enumerate(log.blocks) if block.category == "parameters"}
    if not whole:
        keep |= {n: 0 if sharding.offload_parameters else -(-block.size // sharding.ranks) for n, block in parameters.items()}
        _gather(made, log, sharding, parameters)
    if not sharding.offload_optimizer:
        made.add(0, None, 4 * share, "master weights")
        made.add(0, None, sharding.states * share, "optimizer")
    if sharding.accumulates and sharding.stage in (1, 2) and not sharding.offload_optimizer:
        each = 2 if sharding.early_buckets else 6  # DeepSpeed 0.19 keeps the share's own gradients beside their sum (all_grad_tensors)
        made.add(0, None, 2 * trained if sharding.stage == 1 else each * share, "gradients")
    first = next((begin for begin, end in passes(log, "backward") if begin < end), 0)
    if sharding.stage in (1, 2) and sharding.early_buckets:
        made.add(first, None, 2 * sharding.bucket * sharding.buckets, "buckets")
    if sharding.stage == 3:
        made.add(0, None, 2 * sharding.bucket, "buckets")
        if not sharding.offload_optimizer:
            made.add(0, None, 2 * share, "gradients")
    for begin, end in passes(log, "backward"):
        _backward(made, log, sharding, begin, end)
    for begin, end in passes(log, "step"):
        if not sharding.offload_optimizer:
            _step(made, sharding, share, begin, end)
    return keep


def _step(made: Rewriter, sharding: Sharding, share: int, begin: int, end: int) -> None:
    """What a step takes: flat tensors of the whole share, or of one sub group after the other under ZeRO-3."""
    count = min(share, _SUB_GROUP) if sharding.stage == 3 else share
    for each in (sharding.step, 4.0):
        made.add(begin, end, each * count, "step temporaries", "step")


def _backward(made: Rewriter, log: Log, sharding: Sharding, begin: int, end: int) -> None:
    """Gradients of one backward pass: each until the next is there, its share until the step; buckets from the first one on."""
    births = [
        (index, log.blocks[log.events[index] - 1])
        for index in range(begin, end)
        if log.events[index] > 0 and log.blocks[log.events[index] - 1].category == "gradients"
    ]
    if not births:
        return
    step = next((stop for start, stop in passes(log, "step") if start >= end), len(log.events))
    if sharding.stage in (1, 2) and not sharding.early_buckets:
        made.add(births[0][0], end, 2 * sharding.bucket * sharding.buckets, "buckets", "backward")
    shared = sharding.stage in (1, 2) and not sharding.accumulates and not sharding.offload_optimizer
    for place, (index, block) in enumerate(births):
        following = births[place + 1][0] if place + 1 < len(births) else end
        made.add(index, following, block.size, "gradients", "backward", block.module)
        if shared:
            made.add(index, step, block.size / sharding.ranks, "gradients", "backward", block.module)


def _gather(made: Rewriter, log: Log, sharding: Sharding, parameters: dict[int, Block]) -> None:
    """Adds the gathered parameters."""
    sizes: dict[str, int] = {}
    for block in parameters.values():
        sizes[block.module] = sizes.get(block.module, 0) + block.size
    for each in gathered_by_module(log, sizes, sharding.max_reuse):
        made.add(each.begin, each.end, each.size, "gathered parameters")
    for phase in ("forward", "backward"):
        for begin, end in passes(log, phase):
            made.add(begin, end, 2 * min(sharding.prefetch, sum(sizes.values()) // 20), "gathered parameters", phase)
