"""Real steps on the GPU at hand beside the traced ones: allocated within 3 %, reserved within 8 % is the aim.

Models of random weights, full tuning, LoRA and QLoRA, with and without checkpointing. Each figure is a process of its own, since what an
earlier one left in the allocator would count. Rows are written as they are measured, with the card and the versions, so that a run that
was cut off goes on where it was (`--again` forgets them). Without a GPU nothing is measured, and the table says so; `--cpu` goes the whole
way with shrunken models, which shows that it works and measures nothing.

    python benchmarks/gpu/measure.py [--models Qwen/Qwen2.5-0.5B ...] [--only LoRA] [--folder benchmarks/gpu]
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lintune.dryrun.protocol import Action, Json, Options, Request, Result, result_from_json, to_json
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
NEAR = {"allocated": 0.03, "reserved": 0.08}
"""The aim: how far the trace may be off."""


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


def compared(name: str, values: dict[str, Json], device: str, config: dict[str, Json] | None = None) -> Compared:
    """Trace and step one setting, each in a process of its own."""

    def ask(action: Action) -> Result:
        return run_child(Request(action, values, model_config=config, options=Options(device=device, time_limit_s=900)))

    return Compared(name, ask("trace"), ask("step"))


class Rows:
    """The measured rows of one card, in a file that is written after each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Compared] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            found = _row_of(line)
            if found is not None:
                self._found[found.name] = found

    def find(self, name: str) -> Compared | None:
        """A row that was measured; one that failed is tried again."""
        found = self._found.get(name)
        return found if found is not None and found.measured.problem is None and found.traced.problem is None else None

    def add(self, row: Compared) -> None:
        """Keep a row at once."""
        self._found[row.name] = row
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"name": row.name, "traced": json.loads(to_json(row.traced)), "measured": json.loads(to_json(row.measured))}
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write("\n" + json.dumps(kept))  # a line that was cut off stays alone


def _row_of(line: str) -> Compared | None:
    """A row of the file; None for one that was cut off, or is of another version: it is measured again."""
    try:
        row = json.loads(line)
        traced, measured = (result_from_json(json.dumps(row[each])) for each in ("traced", "measured"))
    except (ValueError, KeyError, TypeError):
        return None
    return Compared(row["name"], traced, measured)


def row(found: Compared) -> str:
    """A line of the table."""
    cells = [found.name]
    for figure in NEAR:
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
    if not any(each.ratio("allocated") for each in rows):
        return "not measured on a GPU"
    counts = []
    for figure, most in NEAR.items():
        ratios = [ratio for each in rows if (ratio := each.ratio(figure))]
        furthest = max((abs(ratio - 1) for ratio in ratios), default=0.0)
        near = sum(abs(ratio - 1) <= most for ratio in ratios)
        counts.append(f"{figure}: {near} of {len(ratios)} within {most:.0%} (the furthest is {furthest:.1%} off)")
    return ", ".join(counts)


def table(rows: list[Compared]) -> str:
    """The figures as Markdown, with the card and the versions."""
    first = next((each.measured for each in rows if each.measured.facts), Result())
    versions = ", ".join(f"{name} {number}" for name, number in first.versions.items())
    lines = [f"{date.today()}, {card_of(rows) or 'no GPU'}; {versions}", "", verdict(rows), ""]
    lines += ["| run | traced GiB | allocated GiB | off | traced GiB | reserved GiB | off | s per step | tokens/s | remark |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    return "\n".join([*lines, *(row(each) for each in rows)]) + "\n"


def card_of(rows: list[Compared]) -> str:
    """The card as the driver calls it; empty where nothing was measured on one."""
    return next((str(card) for each in rows if (card := each.measured.facts.get("dry_run.step.gpu"))), "")


def gpu_here() -> str:
    """The card that is here, asked of a process that ends again; empty for none."""
    import subprocess

    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def missing_packages(tunings: tuple[str, ...]) -> list[str]:
    """What a whole run needs and is not installed."""
    from importlib.util import find_spec

    needed = ["torch", "transformers", "peft", "accelerate", *(["bitsandbytes"] if "QLoRA" in tunings else [])]
    return [name for name in needed if find_spec(name) is None]


def main(words: list[str] | None = None) -> int:
    """Measure what is not yet measured, and write the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--only", default="", help="only the rows whose name holds this")
    parser.add_argument("--cpu", action="store_true", help="go the whole way on the CPU; measures nothing")
    parser.add_argument("--config", type=Path, help="a config.json in the place of the models' own, to try with tiny shapes")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where CARD.jsonl and CARD.md are written")
    parser.add_argument("--again", action="store_true", help="forget the rows that were measured")
    asked = parser.parse_args(words)
    missing, card = missing_packages(tuple(TUNINGS)), "" if asked.cpu else gpu_here()
    if missing and not asked.cpu:
        parser.exit(2, f"not installed: {' '.join(missing)}\n")
    if not card and not asked.cpu:
        parser.exit(2, "no GPU here: nothing is measured (`--cpu` shows that the way works)\n")
    path = asked.folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', card or 'cpu').strip('-')}.jsonl"
    if asked.again:
        path.unlink(missing_ok=True)
    config = json.loads(asked.config.read_text(encoding="utf-8")) if asked.config else None
    kept, rows = Rows(path), list[Compared]()
    for name, values in settings(tuple(asked.models)):
        if asked.only not in name:
            continue
        found = kept.find(name)
        rows.append(found or compared(name, values, "cpu" if asked.cpu else "cuda", config))
        if found is None:
            kept.add(rows[-1])
        print(row(rows[-1]), flush=True)
    text = table(rows)
    print("\n" + text, end="")
    path.with_suffix(".md").write_text("# Real steps beside traced ones\n\n" + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
