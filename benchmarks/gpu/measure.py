"""Real steps on the GPU at hand beside the traced ones: allocated within 3 %, reserved within 8 % is the aim.

Models of random weights, full tuning, LoRA and QLoRA, with and without checkpointing. Each figure is a process of its own. Without a
GPU nothing is measured, and the table says so; `--cpu` runs the whole way with shrunken models, which shows that it works and
measures nothing.

    python benchmarks/gpu/measure.py [--models Qwen/Qwen2.5-0.5B ...] [--markdown benchmarks/gpu/CARD.md]
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lintune.dryrun.protocol import Action, Json, Options, Request, Result
from lintune.engine.child_process import run_child

MODELS = ("Qwen/Qwen2.5-0.5B", "meta-llama/Llama-3.2-1B", "Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen2.5-7B")
COMMON: dict[str, Json] = {
    "launch.framework": "hf-trainer",
    "batch.micro": 1,
    "batch.accum": 1,
    "seq.max_len": 2048,
    "precision.compute": "bf16",
    "model.load_dtype": "bf16",
    "optim.name": "adamw_torch",
    "model.attn": "sdpa",
    "launch.nproc": 1,
}
LORA: dict[str, Json] = {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 16, "adapter.alpha": 32, "adapter.dropout": 0.0,
                         "adapter.targets": "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"}  # fmt: skip
TUNINGS: dict[str, dict[str, Json]] = {
    "full": {"tune.llm.mode": "full"},
    "LoRA": LORA,
    "QLoRA": {**LORA, "model.quant.method": "bnb", "model.quant.bits": 4, "model.quant.type": "nf4", "model.quant.double": True},
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One row: what was traced, what was measured, or why not; bytes."""

    name: str
    traced: Result
    measured: Result

    def ratio(self, figure: str) -> float | None:
        """Traced over measured; None where one of them is missing."""
        traced, measured = self.traced.facts.get(f"dry_run.{figure}_bytes"), self.measured.facts.get(f"dry_run.step.{figure}_bytes")
        usable = isinstance(traced, (int, float)) and isinstance(measured, (int, float)) and measured
        return traced / measured if usable else None  # type: ignore[operator]


def settings(models: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Json]]]:
    """The matrix: a name and the run's values."""
    for model in models:
        for tuning, values in TUNINGS.items():
            for checkpointed in (True, False):
                name = f"{model} {tuning}{' checkpointed' if checkpointed else ''}"
                yield name, {**COMMON, **values, "model.id": model, "mem.ckpt": checkpointed, "mem.ckpt_llm": checkpointed}


def compared(name: str, values: dict[str, Json], device: str) -> Compared:
    """Trace and step one setting, each in a process of its own."""

    def ask(action: Action) -> Result:
        return run_child(Request(action, values, options=Options(device=device, time_limit_s=600)))

    return Compared(name, ask("trace"), ask("step"))


def row(found: Compared) -> str:
    """A line of the table."""
    cells = [found.name]
    for figure in ("allocated", "reserved"):
        traced = found.traced.facts.get(f"dry_run.{figure}_bytes")
        measured, ratio = found.measured.facts.get(f"dry_run.step.{figure}_bytes"), found.ratio(figure)
        cells += [f"{each / 2**30:.2f}" if isinstance(each, (int, float)) else "" for each in (traced, measured)]
        cells.append(f"{ratio - 1:+.1%}" if ratio else "")
    seconds, speed = (found.measured.facts.get(f"dry_run.step.{each}") for each in ("seconds", "tokens_per_second"))
    cells += [f"{each:.2f}" if isinstance(each, (int, float)) else "" for each in (seconds, speed)]
    problem = found.measured.problem or found.traced.problem
    cells.append(problem.message if problem else "does not fit" if found.measured.facts.get("dry_run.step.fits") is False else "")
    return "| " + " | ".join(cells) + " |"


def verdict(rows: list[Compared]) -> str:
    """How many rows are as near as is aimed at."""
    near = {"allocated": 0.03, "reserved": 0.08}
    if not any(each.ratio("allocated") for each in rows):
        return "not measured on a GPU"
    counts = []
    for figure, most in near.items():
        ratios = [ratio for each in rows if (ratio := each.ratio(figure))]
        counts.append(f"{figure}: {sum(abs(ratio - 1) <= most for ratio in ratios)} of {len(ratios)} within {most:.0%}")
    return ", ".join(counts)


def table(rows: list[Compared]) -> str:
    """The figures as Markdown, with the card and the versions."""
    first = next((each.measured for each in rows if each.measured.facts), Result())
    versions = ", ".join(f"{name} {number}" for name, number in first.versions.items())
    lines = [f"{date.today()}, {first.facts.get('dry_run.step.gpu', 'no GPU')}; {versions}", "", verdict(rows), ""]
    lines += ["| run | traced GiB | allocated GiB | off | traced GiB | reserved GiB | off | s per step | tokens/s | remark |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    return "\n".join([*lines, *(row(each) for each in rows)]) + "\n"


def main() -> None:
    """Run the matrix and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--cpu", action="store_true", help="go the whole way on the CPU; measures nothing")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    asked = parser.parse_args()
    rows = []
    for name, values in settings(tuple(asked.models)):
        rows.append(compared(name, values, "cpu" if asked.cpu else "cuda"))
        print(row(rows[-1]), flush=True)
    text = table(rows)
    print("\n" + text, end="")
    if asked.markdown:
        asked.markdown.parent.mkdir(parents=True, exist_ok=True)
        asked.markdown.write_text("# Real steps beside traced ones\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
