"""The real runs of the scripts here, made once; the comparison of walks with real runs lies with the tools."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from tests.scripts.oracle.real import Case, Outcome, Runner, cases


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """The process that runs scripts."""
    with Runner() as started:
        yield started


@pytest.fixture(scope="session")
def outcomes(runner: Runner) -> list[tuple[Case, Outcome]]:
    """Every run that the scripts carry and the parser does not refuse."""
    found = [(case, runner.run(case)) for case in cases()]
    return [(case, outcome) for case, outcome in found if outcome.outcome != "refused"]
