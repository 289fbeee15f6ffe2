"""How far `lintune memory` is from published measurements: `python benchmarks/memory.py [--class A] [--rows] [--held-out]`.

`memory_rows.jsonl` holds runs in the common vocabulary with the figure that a public source states for them; `source` names it, `metric`
says which figure it is (`unstated` is compared with `reserved`), `completeness` A means that the source gives every setting that matters.
The rows of `fitcheck-llm` are measurements on one T4 that state allocated, reserved and process bytes, and the peak of each phase.

Constants of `models/memory.json` were chosen with rows of most sources in view, so that the plain figures are in sample. `--held-out` says
what is left without that: `memory_held_out.py` takes back what was chosen on a source before it is tested on that source.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.memory.estimate import Estimate, estimate  # noqa: E402
from lintune.memory.reading import NotEstimated, setting_of  # noqa: E402
from lintune.memory.weights import added_bytes, base_bytes, trained  # noqa: E402
from lintune.run.run import Run  # noqa: E402
from lintune.source.text import Site, Source, Span  # noqa: E402
from lintune.values.value import Data, Known  # noqa: E402

GIB = 2**30
CARDS = (8, 12, 16, 24, 40, 48, 80, 141)
"""GiB of the cards on which the estimate and the measurement should say the same."""
PHASES = {"peak_backward": ("loss", "layer"), "peak_optimizer": ("step",)}
"""Measured phases of the T4 rows, and the phases of an estimate that they are."""


@dataclass(frozen=True)
class Outcome:
    """One row beside its estimate."""

    error: float
    """Relative error of the row's metric."""
    inside: bool
    """Whether the measurement lies in the band."""
    below: bool
    """Whether even the upper edge is more than 10 % below the measurement."""
    cards: int
    """Card sizes on which estimate and measurement agree."""


def run_of(values: dict[str, Any]) -> Run:
    """The run of a row."""
    run = Run(str(values.get("launch.framework", "")), "row", Site(Source("row", ""), Span(0, 0)))
    run.values = {name: Known(_data(value)) for name, value in values.items()}
    return run


def _data(value: Any) -> Data:
    return tuple(_data(each) for each in value) if isinstance(value, list) else value


def rows_of(classes: str) -> Iterable[dict[str, Any]]:
    """The rows of these classes of completeness."""
    for line in (ROOT / "benchmarks" / "memory_rows.jsonl").read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        if row["completeness"] in classes:
            yield row


def source_of(row: dict[str, Any]) -> str:
    """The source of a row, without the file in it."""
    return str(row["source"]).split(":")[0]


def outcome_of(found: Estimate, metric: str, measured: int) -> Outcome:
    """An estimate beside a measurement."""
    predicted = getattr(found, "reserved" if metric == "unstated" else metric)
    agreeing = sum((predicted <= card * GIB) == (measured <= card * GIB) for card in CARDS)
    return Outcome(predicted / measured - 1, found.low <= measured <= found.high, found.high < 0.9 * measured, agreeing)


def summary(name: str, results: list[Outcome]) -> str:
    """One line of figures."""
    sizes = sorted(abs(each.error) for each in results)
    cards = sum(each.cards for each in results) / (len(CARDS) * len(results))
    return (
        f"{name[:38]:<38} rows {len(results):>3}  median {statistics.median(sizes):6.1%}  p90 {sizes[int(0.9 * (len(sizes) - 1))]:6.1%}  "
        f"under by >10 % {sum(each.error < -0.1 for each in results):>3} (upper edge {sum(each.below for each in results)})  "
        f"in band {sum(each.inside for each in results):>3}  cards {cards:.1%}"
    )


def phase_lines(pairs: list[tuple[dict[str, Any], Estimate]]) -> Iterable[str]:
    """Errors of each figure and phase that the T4 rows state."""
    errors: dict[str, list[float]] = defaultdict(list)
    for row, found in pairs:
        also, sizes = row["also"], {part.name: part.bytes for part in found.phases}
        for name in ("allocated", "device"):
            errors[name].append(abs(getattr(found, name) / also[name] - 1))
        setting = setting_of(run_of(row["run"]))
        loaded = base_bytes(setting).bytes + added_bytes(setting, trained(setting)).bytes
        errors["after_load"].append(abs(loaded / also["after_load"] - 1))
        errors["reserved"].append(abs(found.reserved / row["measured_bytes"] - 1))
        for name, phases in PHASES.items():
            errors[name].append(abs(max(sizes[phase] for phase in phases) / also[name] - 1))
    for name, each in errors.items():
        each.sort()
        p90 = each[int(0.9 * (len(each) - 1))]
        yield f"  T4, {name:<15} median {statistics.median(each):5.1%}  p90 {p90:5.1%}  largest {each[-1]:5.1%}"


def main() -> int:
    """Prints errors by source and by what is tuned."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class", dest="completeness", default="A")
    parser.add_argument("--rows", action="store_true", help="a line per row")
    parser.add_argument("--held-out", action="store_true", help="leave one source out")
    asked = parser.parse_args()
    if asked.held_out:
        from memory_held_out import held_out_lines

        print(*held_out_lines(list(rows_of(asked.completeness))), sep="\n")
        return 0
    by_source: dict[str, list[Outcome]] = defaultdict(list)
    groups: dict[str, list[Outcome]] = defaultdict(list)
    pairs: list[tuple[dict[str, Any], Estimate]] = []
    for row in rows_of(asked.completeness):
        try:
            found = estimate(setting_of(run_of(row["run"])))
        except NotEstimated as error:
            print(f"no figure for {row['id']}: {error}")
            continue
        outcome = outcome_of(found, row["metric"], row["measured_bytes"])
        if asked.rows:
            print(f"{row['id']:<20} {outcome.error:+7.1%}{'' if outcome.inside else '  outside the band'}")
        if "also" in row:
            pairs.append((row, found))
        by_source[source_of(row)].append(outcome)
        groups["full tuning" if row["run"].get("tune.llm.mode") == "full" else "LoRA and QLoRA"].append(outcome)
        groups["all"].append(outcome)
    for name, results in (*sorted(by_source.items()), *sorted(groups.items())):
        print(summary(name, results))
    print(*phase_lines(pairs), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
