"""These tests need the extra `dry-run`; without it they are skipped, unless they are required (as in `make test`)."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REQUIRED = os.environ.get("LINTUNE_DRY_RUN_TESTS") == "required"
WITHOUT = {"test_protocol.py", "test_child_process.py"}
"""Tests of the parent's side, which need no torch."""

try:
    import peft  # noqa: F401
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    missing = ""
except ImportError as error:
    missing = f"needs the extra `dry-run`: {error}"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what cannot be imported; a run that requires it fails instead."""
    if not missing or collection_path.suffix != ".py" or collection_path.name in WITHOUT or collection_path.name == "conftest.py":
        return None
    if REQUIRED:
        raise pytest.UsageError(missing)
    return True


def pytest_report_header() -> str:
    """Say why tests are missing."""
    return f"dry-run tests: {missing or 'all'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The libraries' own warnings are not ours to fix."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))
