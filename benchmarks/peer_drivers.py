"""Asks another estimator about runs: `PYTHON benchmarks/peer_drivers.py NAME < jobs.json`, with the Python in which it is installed.

A job holds `config` (values of config.json), `params`, and the run as plain values; the answers are [headline, matched] in bytes, or texts
that say why there is none. Headline: the figure that the tool prints; matched: less what it names as margin, and as overhead where
the measurement is of allocated bytes. Nothing is fetched: configs are given to each tool as local files or values.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

GIB, MIB = 2**30, 2**20
Job = dict[str, Any]
Answer = list[float] | str


def fitcheck(job: Job, folder: Path) -> Answer:
    """fitcheck-llm, by its command in this process."""
    import fitcheck.cli
    import fitcheck.config_parser
    from click.testing import CliRunner

    path = folder / "config.json"
    path.write_text(json.dumps(job["config"]))
    fitcheck.config_parser.hf_hub_download = lambda *_args, **_options: str(path)
    words = ["peers/model", "--json", "--gpu", "h200", "--batch-size", str(job["micro"]), "--seq-len", str(job["length"])]
    words += ["--quant", "nf4"] if job["quant"] else []
    words += ["--double-quant"] if job["double"] else []
    words += ["--no-lora"] if job["mode"] == "full" else ["--lora-r", str(job["rank"]), "--lora-targets", job["targets"]]
    words += ["--grad-checkpoint"] if job["checkpoint"] else []
    words += ["--flash-attn"] if job["attention"] != "eager" else []
    words += ["--optimizer", "adam8bit" if "8bit" in job["optimizer"] else "adamw"]
    words += ["--optimizer-dtype", "bf16" if job["mode"] == "full" else "fp32"]
    done = CliRunner().invoke(fitcheck.cli.main, words)
    try:
        memory = json.loads(done.output[done.output.index("{") : done.output.rindex("}") + 1])["memory_mib"]
    except (ValueError, KeyError):
        return done.output.strip()[:80] or str(done.exception)[:80]
    overhead = memory["overhead"] if job["metric"] == "allocated" else 0
    return [memory["total"] * MIB, (memory["total"] - overhead) * MIB]


def canifinetune(job: Job, folder: Path) -> Answer:
    """canifinetune, by its command in this process."""
    from canifinetune.cli import app
    from typer.testing import CliRunner

    (folder / "config.json").write_text(json.dumps(job["config"]))
    method = "full" if job["mode"] == "full" else "qlora" if job["quant"] else "lora"
    words = ["estimate", "--model", str(folder), "--offline", "--json", "--gpu-vram-gb", str(job["card"]), "--method", method]
    words += ["--seq-len", str(job["length"]), "--micro-batch-size", str(job["micro"]), "--lora-rank", str(max(1, job["rank"]))]
    words += ["--target-scope", "all_linear" if job["all"] else "attention", "--attn", "eager" if job["attention"] == "eager" else "sdpa"]
    words += ["--gradient-checkpointing" if job["checkpoint"] else "--no-gradient-checkpointing"]
    words += ["--optimizer", "paged_adamw_8bit" if "8bit" in job["optimizer"] else "adamw_torch"]
    words += ["--quantization", "nf4_double_quant" if job["double"] else "nf4"] if job["quant"] else ["--quantization", "none"]
    done = CliRunner().invoke(app, words)
    try:
        memory = json.loads(done.output[done.output.index("{") : done.output.rindex("}") + 1])["memory"]
    except (ValueError, KeyError):
        return done.output.strip()[:80] or str(done.exception)[:80]
    total, margin = memory["total_estimated_gb"], memory["safety_margin_gb"]
    overhead = memory["cuda_overhead_gb"] if job["metric"] == "allocated" else 0
    return [total * GIB, (total - margin - overhead) * GIB]


def fitscout(job: Job, folder: Path) -> Answer:
    """fitscout, by its functions."""
    from fitscout.memory.estimator import estimate_memory
    from fitscout.model.introspect import extract_arch_fields
    from fitscout.model.profile import ModelProfile

    profile = ModelProfile(params=job["params"], **extract_arch_fields(job["config"]))
    method = "full" if job["mode"] == "full" else "qlora" if job["quant"] else "lora"
    found = estimate_memory(
        profile, method=method, micro_batch=job["micro"], seq_len=job["length"], grad_ckpt=job["checkpoint"],
        opt_8bit="8bit" in job["optimizer"], lora_rank=max(1, job["rank"]),
    )  # fmt: skip
    overhead = found.overhead_gb if job["metric"] == "allocated" else 0
    return [found.total_gb * GIB, (found.total_gb - overhead) * GIB]


def tinyforge(job: Job, folder: Path) -> Answer:
    """tinyforge, by its function for LoRA; torch, which it imports, is not needed for the arithmetic."""
    from unittest.mock import MagicMock

    for name in ("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.checkpoint", "torch.utils.data", "torch.cuda"):
        sys.modules.setdefault(name, MagicMock())
    from tinyforge.finetune import FTConfig, estimate_vram_gb

    if job["mode"] == "full":
        return "LoRA only"
    shape = {key: job[key] for key in ("params", "hidden", "layers", "vocab", "linear_dims")}
    settings = FTConfig(lora_r=job["rank"], max_len=job["length"], chunked_ce=False)
    size = estimate_vram_gb(shape, settings, "4bit" if job["quant"] else "none", job["checkpoint"], job["micro"]) * GIB
    return [size, size - 0.6 * GIB if job["metric"] == "allocated" else size]


PEERS: dict[str, Callable[[Job, Path], Answer]] = {
    "fitcheck-llm": fitcheck, "canifinetune": canifinetune, "fitscout": fitscout, "tinyforge": tinyforge,
}  # fmt: skip


def main() -> int:
    """Reads jobs, prints answers."""
    ask = PEERS[sys.argv[1]]
    answers: list[Answer] = []
    for job in json.load(sys.stdin):
        with tempfile.TemporaryDirectory() as folder:
            try:
                answers.append(ask(job, Path(folder)))
            except (KeyError, ValueError, TypeError, ZeroDivisionError, AttributeError) as problem:
                answers.append(f"{type(problem).__name__}: {problem}"[:80])
    print(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
