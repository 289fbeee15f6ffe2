"""Processes, nodes and cards of a launch."""

from pathlib import Path

import pytest

from lintune.frameworks.context import Context
from lintune.frameworks.hostfile import hosts_of
from lintune.frameworks.launcher_facts import mark_port_conflicts
from lintune.frameworks.registry import read_launch
from lintune.launch.evaluate import evaluate
from lintune.launch.launches import launches_in
from lintune.launch.project import Project
from lintune.run.assumptions import Assumptions
from lintune.run.gpu import parse_gpu
from lintune.run.known import data
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.syntax.shell import parse_shell
from lintune.values.value import Absent, Known, Unknown

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
        ("deepspeed --exclude localhost:0,3", "8xA100-40G", 6),
        ("accelerate launch --num_machines 2 --num_processes 16", None, 16),
        ("mpirun -np 4 python", None, 4),
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


@pytest.mark.parametrize(
    "head", ["deepspeed", "torchrun --nproc_per_node gpu", "torchrun --nproc_per_node $N", "torchrun --nnodes 1:4", "accelerate launch"]
)
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


def test_what_a_scheduler_is_asked_for(make_run) -> None:  # type: ignore[no-untyped-def]
    """`srun` and `#SBATCH` tell the cards; how many processes `srun` starts is not guessed."""
    run = make_run(f"srun --gres=gpu:4 --nodes=2 deepspeed {TAIL}")
    assert data(run.get("gpu.count")) == 4 and data(run.get("launch.nproc")) == 4
    assert data(run.get("launch.slurm.nodes")) == 2 and data(run.get("launch.slurm.tasks_per_node")) == 1
    assert data(run.get("derived.world_size")) == 4  # a launcher per node, each for itself
    assert data(make_run(f"srun --gres=gpu:a100:8 deepspeed {TAIL}").get("derived.world_size")) == 8
    assert isinstance(make_run(f"srun -n 8 python {TAIL}").get("derived.world_size"), Unknown)


@pytest.mark.parametrize(
    ("head", "tasks"),
    [
        ("srun", 1),
        ("srun --ntasks-per-node=8", 8),
        ("srun -N2 -n 16", 8),
        ("srun --ntasks=3 --nodes=2", None),
        ("srun --nodes=1-4 --ntasks=4", None),
    ],
)
def test_tasks_of_srun(make_run, head, tasks) -> None:  # type: ignore[no-untyped-def]
    """How often srun starts the command on each node."""
    found = make_run(f"{head} torchrun {TAIL}").get("launch.slurm.tasks_per_node")
    assert data(found) == tasks and isinstance(found, Known if tasks else Unknown)


def test_the_job_of_a_script(make_run) -> None:  # type: ignore[no-untyped-def]
    """`#SBATCH` lines count where `srun` says nothing else; without `srun` there are no tasks."""
    head = "#!/bin/bash\n#SBATCH --nodes=2 --ntasks-per-node=8 --gpus-per-node=8\n"
    run = make_run(f"{head}srun --ntasks-per-node=1 torchrun --nnodes 2 --nproc_per_node 8 {TAIL}")
    assert [data(run.get(f"launch.slurm.{name}")) for name in ("nodes", "tasks_per_node", "gpus")] == [2, 1, 8]
    alone = make_run(f"{head}torchrun {TAIL}")
    assert data(alone.get("launch.slurm.job_nodes")) == 2 and isinstance(alone.get("launch.slurm.tasks_per_node"), Absent)
    total = make_run(f"#SBATCH --nodes=2 --gpus=16\ntorchrun {TAIL}")
    assert isinstance(total.get("launch.slurm.gpus"), Unknown)
    assert data(make_run(f"#SBATCH --nodes=1 --gpus=4\ntorchrun {TAIL}").get("launch.slurm.gpus")) == 4


def test_mpirun(make_run) -> None:  # type: ignore[no-untyped-def]
    """What MPI starts knows its rank."""
    assert data(make_run(f"mpirun -np 8 --allow-run-as-root python {TAIL}").get("derived.world_size")) == 8
    assert isinstance(make_run(f"mpirun python {TAIL}").get("derived.world_size"), Unknown)


@pytest.mark.parametrize(
    ("options", "world"),
    [
        ("", 12),
        ("--num_nodes 1", 4),
        ("--num_gpus 2", 4),
        ("--include worker-1@worker-2:0,2", 6),
        ("--exclude worker-2", 4),
        ("--exclude worker-2:0", 11),
    ],
)
def test_world_size_of_a_hostfile(make_run, options, world) -> None:  # type: ignore[no-untyped-def]
    """The slots of the hosts that the launcher's options leave."""
    files = {"hosts": "worker-1 slots=4\nworker-2 slots=8\n", "finetune.py": "import transformers\n"}
    run = make_run(f"deepspeed --hostfile hosts {options} {TAIL}", files)
    assert data(run.get("derived.world_size")) == world and data(run.get("launch.hostfile_found")) is True
    missing = make_run(f"deepspeed --hostfile no {options} {TAIL}", files)
    assert isinstance(missing.get("derived.world_size"), Unknown) and data(missing.get("launch.hostfile_found")) is False


def test_hosts_of_a_file() -> None:
    """As deepspeed reads them."""
    assert hosts_of("# nodes\nworker-1 slots=4\n\nworker-2 slots=8\n") == {"worker-1": 4, "worker-2": 8}
    assert hosts_of("worker-1\n") is None and hosts_of("a slots=1\na slots=2\n") is None and hosts_of("") is None


def test_a_port_that_is_still_held() -> None:
    """Only an earlier launch in the background, on the same port, with no wait between."""
    import re

    def conflicts(text: str, background: bool = True) -> list[bool]:
        source, runs = Source("run.sh", text), []
        for found in re.finditer(r"torchrun (\d+)", text):
            run = Run("unknown", "run.sh", Site(source, Span(*found.span())))
            run.values.update({"launch.port": Known(int(found[1])), "launch.nnodes": Known(1), "launch.certain": Known(True)})
            run.values["launch.background"] = Known(background)
            runs.append(run)
        mark_port_conflicts(runs)
        return ["launch.port_taken_by" in run.values for run in runs]

    assert conflicts("torchrun 1 & torchrun 1 &") == [False, True]
    assert conflicts("torchrun 1 & torchrun 2 &") == [False, False]
    assert conflicts("torchrun 1 & wait; torchrun 1 &") == [False, False]
    assert conflicts("torchrun 0 & torchrun 0 &") == [False, False]
    assert conflicts("torchrun 1; torchrun 1", background=False) == [False, False]


def test_what_trl_hands_to_accelerate(make_run) -> None:  # type: ignore[no-untyped-def]
    """A configuration by its path counts as with `accelerate launch`; one of TRL's own names is not a file."""
    config = "distributed_type: DEEPSPEED\ndeepspeed_config:\n  zero_stage: 3\nnum_processes: 4\n"
    run = make_run("trl sft --model_name_or_path x --output_dir o --accelerate_config z3.yaml", {"z3.yaml": config})
    assert data(run.get("derived.world_size")) == 4 and data(run.get("par.ds.stage")) == 3
    run = make_run("trl sft --model_name_or_path x --output_dir o --accelerate_config=zero3 --num_processes 2")
    assert data(run.get("derived.world_size")) == 2
    assert [data(item.fields["role"]) for item in run.items["files"]] == ["model"]
    assert isinstance(make_run("trl sft --model_name_or_path x --output_dir o").get("derived.world_size"), Unknown)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("FORCE_TORCHRUN=1 NPROC_PER_NODE=4 llamafactory-cli train c.yaml", 4),
        ("FORCE_TORCHRUN=1 NPROC_PER_NODE=4 NNODES=2 llamafactory-cli train c.yaml", 8),
        ("CUDA_VISIBLE_DEVICES=0 llamafactory-cli train c.yaml", 1),
        ("CUDA_VISIBLE_DEVICES=0,1 llamafactory-cli train c.yaml", 2),
        ("NPROC_PER_NODE=8 swift sft --model x --dataset y", 8),
        ("llamafactory-cli train c.yaml", None),
    ],
)
def test_processes_that_the_environment_tells(text: str, count: int | None, tmp_path: Path) -> None:
    """One node unless the launch says otherwise, as with torchrun."""
    source = Source("run.sh", f"{text}\n")
    (tmp_path / "c.yaml").write_text(
        "model_name_or_path: x\nstage: sft\nfinetuning_type: lora\ntemplate: qwen\ndataset: a\noutput_dir: o\n"
    )
    (launch,) = launches_in(evaluate(parse_shell(source)).commands)
    run = read_launch(launch, Context(Project(["run.sh"], str(tmp_path)), "run.sh"))
    assert run is not None and data(run.get("derived.world_size")) == count
