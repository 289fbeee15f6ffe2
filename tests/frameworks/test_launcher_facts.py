"""Processes, nodes and cards of a launch."""

import pytest

from lintune.run.assumptions import Assumptions
from lintune.run.gpu import parse_gpu
from lintune.run.known import data
from lintune.values.value import Unknown

TAIL = "finetune.py --llm_type qwen --tune_llm false --per_device_train_batch_size 2 --gradient_accumulation_steps 4"


@pytest.mark.parametrize(
    ("head", "gpu", "world"),
    [
        ("torchrun --nproc_per_node 8", None, 8),
        ("torchrun --nproc_per_node=8 --nnodes=2", None, 16),
        ("torchrun", None, 1),
        ("torchrun --nproc_per_node gpu", "4xA100-80G", 4),
        ("python -m torch.distributed.run --nproc-per-node 2", None, 2),
        ("deepspeed --num_gpus 4", None, 4),
        ("deepspeed --include localhost:0,2", None, 2),
        ("deepspeed --include host1:0,1@host2:0,1", None, 4),
        ("deepspeed", "8xA100-40G", 8),
        ("deepspeed --num_nodes 2 --num_gpus 8", None, 16),
        ("accelerate launch --num_processes 6", None, 6),
        ("python", None, 1),
    ],
)
def test_world_size(make_run, head, gpu, world) -> None:  # type: ignore[no-untyped-def]
    """Nodes x processes per node, or what the launcher picks."""
    run = make_run(f"{head} {TAIL}", assumptions=Assumptions(gpu=parse_gpu(gpu) if gpu else None))
    assert data(run.get("derived.world_size")) == world
    assert data(run.get("derived.global_batch")) == world * 8


@pytest.mark.parametrize("head", ["deepspeed", "torchrun --nproc_per_node gpu", "torchrun --nproc_per_node $N", "torchrun --nnodes 1:4", "accelerate launch"])
def test_unknown_world_size(make_run, head) -> None:  # type: ignore[no-untyped-def]
    """As many as there are cards, and nobody said how many."""
    run = make_run(f"{head} {TAIL}")
    assert isinstance(run.get("derived.world_size"), Unknown)
    assert isinstance(run.get("derived.global_batch"), Unknown)


def test_gpu_values(make_run) -> None:  # type: ignore[no-untyped-def]
    """What the specification says, and what it leaves open."""
    run = make_run(f"torchrun {TAIL}", assumptions=Assumptions(gpu=parse_gpu("8xV100-32G")))
    assert data(run.get("gpu.name")) == "V100" and data(run.get("gpu.bf16")) is False
    assert data(run.get("gpu.memory_bytes")) == 32 * 2**30
    open_size = make_run(f"torchrun {TAIL}", assumptions=Assumptions(gpu=parse_gpu("V100"))).get("gpu.memory_bytes")
    assert isinstance(open_size, Unknown) and open_size.settle
    unsaid = make_run(f"torchrun {TAIL}").get("gpu.bf16")
    assert isinstance(unsaid, Unknown) and "--gpu" in unsaid.settle
