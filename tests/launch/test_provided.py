"""Variables that come from outside of a script."""

import pytest

from lintune.launch.provided import PROVIDED, overrides_default, provided_by


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


def test_secrets_are_never_written_into_a_script() -> None:
    """A name that ends like a key is the user's, and may still have a default."""
    assert provided_by("HUB_TOKEN") == provided_by("MY_API_KEY") == "the user's keys"
    assert provided_by("TOKENS") is provided_by("PAD_TOKEN_ID") is None
    assert not overrides_default("HUB_TOKEN")
