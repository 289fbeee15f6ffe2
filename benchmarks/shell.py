"""Time of reading shell scripts: parsed and evaluated, without the rules.

    python benchmarks/shell.py [FOLDER ...]

First a script of 70 lines, as launch scripts are written; then every shell script of the folders once. CPU seconds of one
process, the median of several turns.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from lintune.launch.evaluate import evaluate
from lintune.launch.project import Project
from lintune.source.read import read_source
from lintune.source.text import Source
from lintune.syntax.shell.parser import parse_shell

ENDINGS = (".sh", ".bash", ".sbatch", ".slurm")
HEAD = """#!/bin/bash
#SBATCH --nodes=1 --gres=gpu:8
# fine-tuning
set -euo pipefail
export CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7
export NCCL_DEBUG=INFO OMP_NUM_THREADS=8
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
NNODES=${SLURM_NNODES:-1}
NODE_RANK=${SLURM_NODEID:-0}
MASTER_ADDR=${MASTER_ADDR:-localhost}
MASTER_PORT=$((20000 + RANDOM % 1000))
MODEL="Qwen/Qwen2.5-7B"
DATA=data/train.json
NAME=$(basename "$MODEL")-$(date +%m%d)
OUT="output/${NAME,,}"
BATCH=128; MICRO=2
ACCUM=$((BATCH / MICRO / GPUS_PER_NODE))
if [ ! -d "$OUT" ]; then
    mkdir -p "$OUT"
fi
while [[ $# -gt 0 ]]; do
    case "$1" in
        --model) MODEL="$2"; shift 2 ;;
        --data) DATA="$2"; shift 2 ;;
        *) echo "unknown: $1"; exit 1 ;;
    esac
done
DISTRIBUTED="
    --nproc_per_node $GPUS_PER_NODE
    --nnodes $NNODES
    --node_rank $NODE_RANK
    --master_addr $MASTER_ADDR
    --master_port $MASTER_PORT
"
torchrun $DISTRIBUTED finetune.py \\
"""
FLAGS = (
    "model_name_or_path $MODEL", "data_path $DATA", "bf16 true", "output_dir $OUT", "num_train_epochs 3",
    "per_device_train_batch_size $MICRO",
    "gradient_accumulation_steps $ACCUM", 'eval_strategy "no"', "save_strategy steps", "save_steps 1000", "save_total_limit 10",
    "learning_rate 1e-5", "weight_decay 0.1", "adam_beta2 0.95", "warmup_ratio 0.01", "lr_scheduler_type cosine", "logging_steps 1",
    "report_to none", "model_max_length 2048", "gradient_checkpointing true", "deepspeed ds_config_zero3.json", "use_lora true",
    "lora_r 64", "lora_alpha 16", "lora_dropout 0.05", 'lora_target_modules "q_proj" "k_proj"', "tf32 true", "dataloader_num_workers 4",
    "seed 42", "max_steps -1", "remove_unused_columns false", "label_names labels", "ddp_find_unused_parameters false",
    "save_only_model true", "optim adamw_torch",
)  # fmt: skip
SCRIPT = HEAD + " \\\n".join(f"    --{flag}" for flag in FLAGS) + "\n"


def seconds(run: "object", turns: int) -> float:
    """The median CPU time of a call."""
    taken = []
    for _ in range(turns):
        begin = time.process_time()
        run()  # type: ignore[operator]
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def scripts_of(folders: list[str]) -> list[Source]:
    """Every shell script below the folders that is text."""
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.suffix in ENDINGS and path.is_file()]
    read = [read_source(path, os.path.relpath(path)) for path in paths]
    return [source for source in read if isinstance(source, Source)]


def main() -> None:
    """Measures and prints."""
    lines = SCRIPT.count("\n")
    one = seconds(lambda: evaluate(parse_shell(Source("run.sh", SCRIPT))), 200)
    print(f"a script of {lines} lines: {one * 1000:.2f} ms")
    if len(sys.argv) > 1:
        sources = scripts_of(sys.argv[1:])
        project = Project(sys.argv[1:])

        def whole() -> None:
            for source in sources:
                evaluate(parse_shell(Source(source.path, source.text)), files=project)

        print(f"{len(sources)} scripts of {len(sys.argv) - 1} folders: {seconds(whole, 3):.2f} s")


if __name__ == "__main__":
    main()
