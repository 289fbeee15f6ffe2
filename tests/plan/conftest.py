"""Launches to plan: as run files' runs, and as settings."""

from collections.abc import Callable

import pytest

from lintune.memory.reading import setting_of
from lintune.memory.setting import Setting
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known

GIB = 2**30
FULL: dict[str, Data] = {
    "model.id": "Qwen/Qwen2.5-7B",
    "launch.nproc": 2,
    "tune.llm.mode": "full",
    "model.load_dtype": "bf16",
    "precision.compute": "bf16",
    "batch.micro": 4,
    "batch.accum": 4,
    "seq.max_len": 4096,
}


def run_with(**values: Data) -> Run:
    """Full tuning of Qwen2.5-7B on two cards, four samples of 4,096 tokens each, with other values."""
    run = Run("run-file", "run.json", Site(Source("run.json", ""), Span(0, 0)))
    named = {**FULL, **{name.replace("__", "."): value for name, value in values.items()}}
    run.values = {name: Known(value) for name, value in named.items() if value is not None}
    return run


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Makes such a run."""
    return run_with


@pytest.fixture
def make_setting() -> Callable[..., Setting]:
    """Makes the setting of such a run, on A100."""
    return lambda **values: replace(setting_of(run_with(**values)), gpu_name="A100")
