"""How far `lintune memory` is from published measurements: `python benchmarks/memory.py [--class A] [--rows]`.

`memory_rows.jsonl` holds runs in the common vocabulary with the figure that a public source states for them; `source` names it, `metric`
says which figure it is (`unstated` is compared with `reserved`), `completeness` A means that the source gives every setting that matters.
The rows of `fitcheck-llm` are measurements on one T4 that state allocated, reserved and process bytes of the same run.

FITTED are the sources whose rows were in view when a constant of `models/memory.json` was chosen; the band was fitted on all rows. What is
left beside them is three rows, so that the figures are in sample: new measurements are needed to say how far the estimate is off elsewhere.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.memory.estimate import Estimate, estimate  # noqa: E402
from lintune.memory.reading import NotEstimated, setting_of  # noqa: E402
from lintune.run.run import Run  # noqa: E402
from lintune.source.text import Site, Source, Span  # noqa: E402
from lintune.values.value import Data, Known  # noqa: E402

GIB = 2**30
CARDS = (8, 12, 16, 24, 32, 40, 48, 80)
FITTED = {
    "AnswerDotAI/fsdp_qlora": "fragmentation of its script, FSDP units with offload",
    "QwenLM/Qwen": "context, DeepSpeed's step, GPTQ's unpacking",
    "QwenLM/Qwen-VL": "shares the recipe of Qwen, whose constant was raised with these rows in view",
    "Lightning-AI/litgpt": "4-bit terms, on its config hub",
    "fitcheck-llm 0.3.1 sdist": "eager attention, loss of a plain loop; its holdout rows were in view too",
    "OpenBMB/MiniCPM-V": "slices and checkpointing of the tower",
    "pytorch/torchtune": "loss of its recipes, fragmentation",
    "axolotl-ai-cloud/axolotl": "whether embedding and head are cast to fp32",
    "huggingface/peft": "fragmentation of a plain loop",
    "modelscope/ms-swift": "default size and number of DeepSpeed's buckets",
}


def run_of(values: dict[str, Any]) -> Run:
    """The run of a row."""
    run = Run(str(values.get("launch.framework", "")), "row", Site(Source("row", ""), Span(0, 0)))
    run.values = {name: Known(_data(value)) for name, value in values.items()}
    return run


def _data(value: Any) -> Data:
    return tuple(_data(each) for each in value) if isinstance(value, list) else value


def fits_agree(found: Estimate, predicted: int, measured: int) -> int:
    """Of eight card sizes, on how many the estimate and the measurement say the same."""
    return sum((predicted <= card * GIB) == (measured <= card * GIB) for card in CARDS)


def compare(row: dict[str, Any]) -> tuple[float, bool, int] | str:
    """The relative error, whether the measurement is inside the band, and agreeing cards; or why there is no figure."""
    try:
        found = estimate(setting_of(run_of(row["run"])))
    except NotEstimated as error:
        return str(error)
    metric = "reserved" if row["metric"] == "unstated" else row["metric"]
    predicted, measured = getattr(found, metric), row["measured_bytes"]
    return predicted / measured - 1, found.low <= measured <= found.high, fits_agree(found, predicted, measured)


def summary(name: str, results: list[tuple[float, bool, int]]) -> str:
    """One line of figures."""
    sizes = sorted(abs(error) for error, _, _ in results)
    cards = sum(each for _, _, each in results) / (len(CARDS) * len(results))
    under, inside = sum(error < -0.1 for error, _, _ in results), sum(each for _, each, _ in results)
    return (
        f"{name[:40]:<40} rows {len(results):>3}  median {statistics.median(sizes):6.1%}  p90 {sizes[int(0.9 * (len(sizes) - 1))]:6.1%}  "
        f"under by >10 % {under:>3}  in band {inside:>3}  cards {cards:.1%}"
    )


def main() -> int:
    """Print errors by source, then of fitted and held-out sources."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class", dest="completeness", default="A")
    parser.add_argument("--rows", action="store_true", help="a line per row")
    asked = parser.parse_args()
    by_source: dict[str, list[tuple[float, bool, int]]] = defaultdict(list)
    groups: dict[str, list[tuple[float, bool, int]]] = defaultdict(list)
    for line in (ROOT / "benchmarks" / "memory_rows.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["completeness"] not in asked.completeness:
            continue
        outcome = compare(row)
        source = row["source"].split(":")[0]
        if isinstance(outcome, str):
            print(f"no figure for {row['id']}: {outcome}")
            continue
        if asked.rows:
            print(f"{row['id']:<20} {outcome[0]:+7.1%}{'' if outcome[1] else '  outside the band'}")
        by_source[source].append(outcome)
        fitted = source in FITTED
        groups["rows in view of a constant" if fitted else "rows in view of none"].append(outcome)
        groups["full tuning" if row["run"].get("tune.llm.mode") == "full" else "LoRA and QLoRA"].append(outcome)
        groups["all"].append(outcome)
    for name, results in (*sorted(by_source.items()), *sorted(groups.items())):
        print(summary(name, results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
