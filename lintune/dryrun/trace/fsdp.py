"""FSDP 2 traced on a world that is not there: a process group that answers at once, `fully_shard` on meta tensors, one rank's storages.

Each decoder layer is a unit, the rest another, as accelerate's `TRANSFORMER_BASED_WRAP` makes them. Collectives move no data, so that what
they allocate (gathered parameters, reduced gradients) is all that a rank would hold but NCCL's own buffers.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lintune.dryrun.trace.hybrid import HybridMeta
from lintune.dryrun.trace.lives import Log
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.private import fake_process_group, meta_parameters_in_fsdp
from lintune.dryrun.trace.rewriting import Rewriter
from lintune.dryrun.trace.step import MakeBatch, Traced, trace_step

_SHARED = ("parameters", "gradients", "optimizer", "step temporaries")


@dataclass(frozen=True, slots=True)
class World:
    """The ranks, and how FSDP treats parameters."""

    ranks: int
    compute: torch.dtype | None = None
    """Type of gathered parameters; None: their own."""
    reduce: torch.dtype | None = None
    """Type in which gradients are reduced."""
    reshard: bool = True
    """Whether units are freed after the forward pass."""


def trace_fsdp(model: nn.Module, make_batch: MakeBatch, plan: Plan, world: World) -> Traced:
    """Traces a step of rank 0. The model is sharded in place."""
    with fake_world(world.ranks), ExitStack() as stack:
        stack.enter_context(meta_parameters_in_fsdp())
        hybrid = HybridMeta(floats_meta=True)
        with hybrid:
            shard(model, world)
        return trace_step(model, make_batch, plan, hybrid)


def without_shares(log: Log) -> Log:
    """The log where the host holds what is sharded (`CPUOffloadPolicy`): gathered units and their gradients stay on the GPU."""
    return Rewriter(log).run({number: 0 for number, block in enumerate(log.blocks) if block.category in _SHARED})


@contextmanager
def fake_world(ranks: int) -> Iterator[None]:
    """A process group of so many ranks, of which this process is the first."""
    import torch.distributed as dist

    fake_process_group(ranks)
    try:
        yield
    finally:
        dist.destroy_process_group()


def shard(model: Any, world: World) -> None:
    """`fully_shard` on every decoder layer and on the model."""
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    policy = MixedPrecisionPolicy(param_dtype=world.compute, reduce_dtype=world.reduce)
    for layer in layers_of(model):
        fully_shard(layer, mp_policy=policy, reshard_after_forward=world.reshard)
    fully_shard(model, mp_policy=policy, reshard_after_forward=world.reshard)


def layers_of(model: nn.Module) -> list[nn.Module]:
    """The decoder and encoder layers: modules whose class says so, the outermost where they are nested."""
    found: list[nn.Module] = []
    for module in model.modules():
        if type(module).__name__.endswith(("DecoderLayer", "EncoderLayer", "VisionBlock", "Block")) and not _inside(module, found):
            found.append(module)
    return found


def _inside(module: nn.Module, others: list[nn.Module]) -> bool:
    return any(module is each for other in others for each in other.modules())
