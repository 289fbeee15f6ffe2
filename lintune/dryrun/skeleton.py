"""A module of names and shapes only, for families whose model code is not in transformers: it can be counted and adapted, not run."""

from typing import Any

from lintune.dryrun.raw_config import RawConfig


def skeleton_of(raw: RawConfig) -> Any:
    """The skeleton of a config's model; None where its names and shapes are not known."""
    return None
