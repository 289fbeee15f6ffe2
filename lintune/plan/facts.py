"""The figures and spellings of `models/plan.json`, which says where each comes from."""

from functools import lru_cache
from typing import Any

from lintune.source.data import data_text


@lru_cache(maxsize=1)
def facts() -> dict[str, Any]:
    """The whole file."""
    import json

    found: dict[str, Any] = json.loads(data_text("models", "plan.json"))
    return found


def figure(name: str) -> float:
    """A figure of the model of speed."""
    return float(facts()["speed"][name]["value"])
