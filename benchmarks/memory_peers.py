"""`lintune memory` beside other estimators on the same measured rows: `python benchmarks/memory_peers.py --python PEERS/bin/python`.

The rows are those of one GPU that the others can be told: language models, all weights or LoRA, 16 bits or NF4. PEERS is an environment of
its own with `pip install fitcheck-llm canifinetune fitscout tinyforge`; without `--python` only published formulas are compared.
Writes `benchmarks/results/memory_peers.md`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

from memory import CARDS, GIB, ROOT, rows_of, run_of
from memory_formulas import FORMULAS

from lintune.memory.estimate import estimate
from lintune.memory.reading import setting_of
from lintune.memory.setting import Setting
from lintune.memory.weights import total_params, trained
from lintune.models.catalogue import find_model

PEERS = ("fitcheck-llm", "canifinetune", "fitscout", "tinyforge")
_SIZES = {"A10G": 24, "T4": 16, "L40S": 48, "V100": 16, "3090": 24, "4090": 24}


@dataclass
class Case:
    """A row, what a tool can be told of it, and lintune's figures."""

    row: dict[str, Any]
    job: dict[str, Any]
    ours: int
    inside: bool


def cases() -> list[Case]:
    """The rows that every tool can be told."""
    configs = _configs()
    found = []
    for row in rows_of("A"):
        run = row["run"]
        plain = (
            not run.get("adapter.modules_to_save") and run.get("model.quant.method") in (None, "bnb") and run.get("model.quant.bits") != 8
        )
        if run["launch.nproc"] != 1 or not plain:
            continue
        setting = setting_of(run_of(run))
        known = find_model(run["model.id"])
        if setting.model.vision is not None or known is None or known.id not in configs or setting.model.type == "bert":
            continue
        metric = "reserved" if row["metric"] == "unstated" else row["metric"]
        ours = estimate(setting)
        inside = ours.low <= row["measured_bytes"] <= ours.high
        found.append(Case(row, _job(setting, run, configs[known.id], metric, row["gpu"]), getattr(ours, metric), inside))
    return found


def _configs() -> dict[str, dict[str, Any]]:
    document = json.loads((ROOT / "models" / "known.json").read_text(encoding="utf-8"))
    return {entry["ids"][0]: entry["config"] for entry in document["models"]}


def _job(setting: Setting, run: dict[str, Any], config: dict[str, Any], metric: str, gpu: str) -> dict[str, Any]:
    what, model = trained(setting), setting.model
    names = {target.linear.name.rpartition(".")[2] for target in setting.targets}
    card = next((size for name, size in _SIZES.items() if name in gpu), 80)
    sums = [linear.fan_in + linear.fan_out for layer in model.llm.layers for linear in layer.linears for _ in range(layer.count)]
    return {
        "config": config, "params": total_params(setting, what) - what.adapters, "trained": what.total, "mode": run["tune.llm.mode"],
        "quant": bool(setting.quant), "double": setting.quant == "nf4-dq", "rank": setting.rank, "targets": ",".join(sorted(names)),
        "all": any("down" in name or "fc2" in name or "4h_to_h" in name for name in names), "micro": setting.micro, "metric": metric,
        "length": setting.length, "checkpoint": setting.checkpoint, "attention": setting.attention, "optimizer": setting.optimizer,
        "card": card, "hidden": model.llm.hidden, "layers": model.llm.depth, "heads": model.llm.heads, "vocab": model.vocab,
        "largest_layer": model.llm.largest_layer, "linear_dims": sums,
    }  # fmt: skip


def line(name: str, pairs: list[tuple[float, int]], matched: list[float], seconds: float | None) -> str:
    """A row of the table: headline errors, under-estimates, matched median, card sizes."""
    errors = [size / real - 1 for size, real in pairs]
    sizes = sorted(map(abs, errors))
    agree = sum((size <= card * GIB) == (real <= card * GIB) for size, real in pairs for card in CARDS) / (len(pairs) * len(CARDS))
    low = sum(error < -0.10 for error in errors) / len(errors)
    p90 = sizes[int(0.9 * (len(sizes) - 1))]
    took = "" if seconds is None else f"{1000 * seconds / len(pairs):.0f} ms"
    return (
        f"| {name} | {len(pairs)} | {statistics.median(sizes):.1%} / {statistics.fmean(sizes):.1%} / {p90:.1%} | {low:.0%} | "
        f"{statistics.median(sorted(map(abs, matched))):.1%} | {agree:.1%} | {took} |"
    )


def peer_line(name: str, python: str, chosen: list[Case]) -> str:
    """A peer's row; what it gave no figure for is left out of it."""
    started = time.perf_counter()
    driver = str(ROOT / "benchmarks" / "peer_drivers.py")
    done = subprocess.run(
        [python, driver, name], input=json.dumps([case.job for case in chosen]), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    answers = json.loads(done.stdout) if done.returncode == 0 else [done.stderr[-80:]] * len(chosen)
    told = [(case, answer) for case, answer in zip(chosen, answers, strict=True) if isinstance(answer, list)]
    if not told:
        return f"| {name} | 0 | {answers[0] if answers else ''} | | | | |"
    pairs = [(answer[0], case.row["measured_bytes"]) for case, answer in told]
    return line(name, pairs, [answer[1] / case.row["measured_bytes"] - 1 for case, answer in told], seconds)


def versions(python: str) -> str:
    """Names and versions of the peers."""
    code = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in " + repr(PEERS) + "))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    """Prints the table and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="", help="the Python in which the peers are installed")
    asked = parser.parse_args()
    chosen = cases()
    groups = {"all": chosen}
    groups["full tuning"] = [case for case in chosen if case.job["mode"] == "full"]
    groups["LoRA"] = [case for case in chosen if case.job["mode"] != "full" and not case.job["quant"]]
    groups["QLoRA (NF4)"] = [case for case in chosen if case.job["quant"]]
    groups["without the T4 rows"] = [case for case in chosen if not case.row["id"].startswith("fitcheckt4")]
    text = [f"# Estimators on the same rows, {date.today().isoformat()}", ""]
    text += [f"Peers: {versions(asked.python)}. " if asked.python else "", ""]
    text += [
        "Rows of one GPU of `benchmarks/memory_rows.jsonl` that every tool can be told. lintune's constants were chosen with most of these"
    ]
    text += [
        "sources in view (`memory.py --held-out` says what is left without that); fitcheck-llm's were on the T4 rows. Headline: the figure"
    ]
    text += ["that a tool prints; matched: less its own margin, and its overhead where allocated bytes were measured.", ""]
    for title, members in groups.items():
        text += [f"## {title}", "", "| tool | rows | headline median / mean / p90 | under by > 10 % | matched median | cards | each |"]
        text += ["| --- | --- | --- | --- | --- | --- | --- |"]
        pairs = [(float(case.ours), case.row["measured_bytes"]) for case in members]
        text.append(line("**lintune**", pairs, [size / real - 1 for size, real in pairs], None))
        text += [peer_line(name, asked.python, members) for name in PEERS if asked.python]
        for name, formula in FORMULAS.items():
            told = [(formula(case.job), case.row["measured_bytes"]) for case in members]
            text.append(line(name, told, [size / real - 1 for size, real in told], None))
        text.append("")
    print("\n".join(text))
    (ROOT / "benchmarks" / "results" / "memory_peers.md").write_text("\n".join(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
