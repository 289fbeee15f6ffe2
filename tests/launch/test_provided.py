"""Variables that come from outside of a script."""

import pytest

from lintune.launch.provided import PROVIDED, provided_by


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("SLURM_PROCID", "SLURM"),
        ("MASTER_ADDR", "the job launcher of the platform"),
        ("WORLD_SIZE", "torchrun"),
        ("HOME", "the login shell"),
        ("RANDOM", "bash"),
        ("CONDA_PREFIX", "conda or a virtual environment"),
        ("OMPI_COMM_WORLD_RANK", "Open MPI"),
        ("GITHUB_SHA", "a continuous integration service"),
        ("MLP_WORKER_NUM", "Volcengine ML platform"),
    ],
)
def test_provided(name: str, provider: str) -> None:
    assert provided_by(name) == provider
    assert name in PROVIDED


@pytest.mark.parametrize("name", ["MODEL", "DATA", "LLM_TYPE", "GPUS", "BATCH_SIZE", "OUTPUT_DIR", "MODEL_PATH", "", "PROJECT_NAME"])
def test_names_of_scripts_are_not_provided(name: str) -> None:
    assert provided_by(name) is None
    assert name not in PROVIDED


def test_other_types_are_not_in_it() -> None:
    assert 3 not in PROVIDED
    assert "SLURM_*" in list(PROVIDED)
