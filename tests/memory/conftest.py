"""Runs by their values."""

import pytest

from lintune.memory.estimate import Estimate, estimate
from lintune.memory.reading import setting_of
from lintune.memory.setting import Setting
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known


class Runs:
    """Llama-3.2-3B in bf16 on one card, one sample of 1024 tokens, and what a test says beside that."""

    def run(self, values: dict[str, Data] | None = None, /, **more: Data) -> Run:
        """The run; `batch__micro=2` stands for `batch.micro`."""
        made: dict[str, Data] = {
            "model.id": "meta-llama/Llama-3.2-3B", "launch.nproc": 1, "tune.llm.mode": "full", "model.load_dtype": "bf16",
            "precision.compute": "bf16", "batch.micro": 1, "seq.max_len": 1024, "optim.name": "adamw_torch_fused",
        }  # fmt: skip
        made |= values or {}
        made |= {name.replace("__", "."): value for name, value in more.items()}
        run = Run(str(made.get("launch.framework", "")), "run.json", Site(Source("run.json", ""), Span(0, 0)))
        run.values = {name: Known(value) for name, value in made.items() if value is not None}
        return run

    def setting(self, values: dict[str, Data] | None = None, /, **more: Data) -> Setting:
        """Its setting."""
        return setting_of(self.run(values, **more))

    def estimate(self, values: dict[str, Data] | None = None, /, **more: Data) -> Estimate:
        """Its estimate."""
        return estimate(self.setting(values, **more))


@pytest.fixture(scope="session")
def runs() -> Runs:
    """Makes runs, settings and estimates."""
    return Runs()


def part(found: Estimate, name: str) -> int:
    """Bytes of a component; 0 where it does not stand at the peak."""
    return sum(each.bytes for each in found.components if each.name == name)


def phase(found: Estimate, name: str) -> int:
    """What is allocated at the peak of a phase."""
    return next(each.bytes for each in found.phases if each.name == name)
