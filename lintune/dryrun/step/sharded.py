"""A step under FSDP on the CPU: torch's own `fully_shard` on a mesh of gloo processes, in a loop of its own.

transformers' Trainer does not shard on the CPU: accelerate's path for it is plain DDP, without a word. So what is shown here is the sharded
model itself: that its parts can be grouped, gathered, differentiated and stepped as they are frozen and wrapped.
"""

import os
import time
from typing import Any

import torch
from torch import nn

from lintune.dryrun.count import base_of
from lintune.dryrun.protocol import Request
from lintune.dryrun.step.audit import Watch
from lintune.dryrun.step.batch import Samples, Shape
from lintune.dryrun.step.measure import Measured
from lintune.dryrun.step.model import RealModel
from lintune.dryrun.step.settings import STEPS

SAID = "FSDP is stepped on the CPU by torch's `fully_shard` and a loop of lintune's, since accelerate would take DDP there"


def shards(request: Request, device: str) -> bool:
    """Whether this process is one of several that shard on the CPU."""
    return device == "cpu" and request.values.get("par.fsdp.on") is True and int(os.environ.get("WORLD_SIZE", "1")) > 1


def shard(built: RealModel, request: Request) -> None:
    """Shard the model's blocks and then the rest of it; everything in fp32, computed as the launch computes."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    torch.distributed.init_process_group("gloo")
    built.model.to(torch.float32)
    mesh = init_device_mesh("cpu", (torch.distributed.get_world_size(),))
    computed = torch.bfloat16 if request.values.get("precision.compute") == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=computed, reduce_dtype=torch.float32 if computed else None)
    found = blocks(built.model)
    for block in found:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(built.model, mesh=mesh, mp_policy=policy)
    built.assumptions += [SAID, f"{len(found)} blocks and the rest are sharded, from fp32 weights"]


def blocks(model: Any) -> list[nn.Module]:
    """The modules that an FSDP policy wraps: those that the class will not have split; without such names, the members of its lists."""
    names = set(getattr(base_of(model), "_no_split_modules", None) or ())
    found = [module for module in model.modules() if type(module).__name__ in names]
    return found or [member for module in model.modules() if isinstance(module, nn.ModuleList) for member in module]


def steps(request: Request, built: RealModel, shape: Shape, samples: Samples, watch: Watch, measured: Measured) -> torch.optim.Optimizer:
    """Take the optimizer steps; every process has samples of its own."""
    rate, clip = request.values.get("optim.lr"), request.values.get("optim.clip")
    trained = [parameter for parameter in built.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=float(rate) if isinstance(rate, (int, float)) else 1e-4, weight_decay=0.0)
    if request.values.get("mem.ckpt") is True and hasattr(built.model, "gradient_checkpointing_enable"):
        built.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    for number in range(STEPS):
        begun, losses = time.perf_counter(), 0.0
        for part in range(shape.accumulate):
            first = ((number * shape.accumulate + part) * world + rank) * shape.micro
            loss = built.model(**samples.collate([samples[first + each] for each in range(shape.micro)])).loss / shape.accumulate
            loss.backward()
            losses += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(trained, float(clip) if isinstance(clip, (int, float)) and clip else 1.0)
        watch.look(built.model)
        optimizer.step()
        optimizer.zero_grad()
        measured.losses.append(losses)
        measured.seconds.append(time.perf_counter() - begun)
    return optimizer
