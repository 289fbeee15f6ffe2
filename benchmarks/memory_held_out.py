"""Leave one source out: what was chosen on a source's rows is taken back before the estimate is tested on them.

For each source, `TAKEN_BACK` names the constants that were chosen with its rows in view and the value that reading code or other sources
alone would give; fragmentation and the allocator's constant are fitted on the rows of all other sources that state reserved bytes (two
numbers, one grid). The band keeps its width, which was fitted on all rows.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from memory import Outcome, outcome_of, run_of, source_of, summary

from lintune.memory.constants import constants
from lintune.memory.estimate import Estimate, estimate
from lintune.memory.reading import NotEstimated, setting_of
from lintune.memory.setting import Setting
from lintune.source.record import replace

TAKEN_BACK: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "Lightning-AI/litgpt": ({"nf4_inner": 0, "nf4_head": 0}, {}),
    "QwenLM/Qwen": ({}, {"gptq_unpacked": 8}),
    "QwenLM/Qwen-VL": ({}, {"gptq_unpacked": 8}),
    "pytorch/torchtune": ({"loss": 4.2}, {"compiled": 0.85}),
    "axolotl-ai-cloud/axolotl": ({"upcast": False}, {"unpacked_length": 1.0}),
    "AnswerDotAI/fsdp_qlora": ({"offload_units": 2}, {}),
    "fitcheck-llm 0.3.1 sdist": ({}, {"logits_fragmentation": 0, "eager_fragmentation": 0, "eager_backward": 6, "eager_backward_fp32": 8}),
    "modelscope/ms-swift": ({}, {"zero_bucket": 500_000_000, "zero_buckets": 2, "unpacked_length": 1.0}),
}
"""By source: fields of its profile, and constants."""


def held_out_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A line per source, and one for all."""
    everything: list[Outcome] = []
    for source in sorted({source_of(row) for row in rows}):
        profile, changed = TAKEN_BACK.get(source, ({}, {}))
        with _Constants(changed):
            others = [row for row in rows if source_of(row) != source and row["metric"] == "reserved"]
            fragmentation, constant = _fitted(others)
            fitted = {**profile, "fragmentation": fragmentation, "reserved_constant": constant}
            results = [found for row in rows if source_of(row) == source and (found := _tested(row, fitted)) is not None]
        everything += results
        yield summary(source, results) + f"  (fragmentation {fragmentation:.0%} and {constant / 2**30:.2f} GiB from the others)"
    yield summary("all, each from the others", everything)


class _Constants:
    """Other values of constants for a while."""

    def __init__(self, changed: dict[str, float]) -> None:
        self.changed = changed
        self.before: dict[str, float] = {}

    def __enter__(self) -> None:
        for name, value in self.changed.items():
            self.before[name] = constants()["constants"][name]["value"]
            constants()["constants"][name]["value"] = value

    def __exit__(self, *_: object) -> None:
        for name, value in self.before.items():
            constants()["constants"][name]["value"] = value


def _setting(row: dict[str, Any], profile: dict[str, Any]) -> Setting | None:
    try:
        setting = setting_of(run_of(row["run"]))
    except NotEstimated:
        return None
    return replace(setting, profile=replace(setting.profile, **profile))


def _tested(row: dict[str, Any], profile: dict[str, Any]) -> Outcome | None:
    setting = _setting(row, profile)
    return None if setting is None else outcome_of(estimate(setting), row["metric"], row["measured_bytes"])


def _fitted(rows: list[dict[str, Any]]) -> tuple[float, int]:
    """Fragmentation and constant with the least mean absolute error, each source counted alike."""
    by_source: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        setting = _setting(row, {})
        if setting is not None:
            found: Estimate = estimate(setting)
            by_source[source_of(row)].append((found.allocated, row["measured_bytes"]))
    grid = [(step / 100, size * 2**26) for step in range(0, 16) for size in range(0, 33)]

    def loss(choice: tuple[float, int]) -> float:
        share, constant = choice
        each = (statistics.fmean(abs((size * (1 + share) + constant) / real - 1) for size, real in pairs) for pairs in by_source.values())
        return statistics.fmean(each)

    return min(grid, key=loss)
