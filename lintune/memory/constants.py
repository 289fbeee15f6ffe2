"""The measured and read constants of the estimate, from `models/memory.json`, which says where each comes from."""

from functools import lru_cache
from typing import Any

from lintune.memory.setting import Profile
from lintune.source.data import data_text


@lru_cache(maxsize=1)
def constants() -> dict[str, Any]:
    """The whole file."""
    import json

    found: dict[str, Any] = json.loads(data_text("models", "memory.json"))
    return found


@lru_cache(maxsize=32)
def profile_of(framework: str) -> Profile:
    """How a framework trains where its settings do not say; the Hugging Face Trainer's way where it is not known."""
    profiles = constants()["profiles"]
    name = constants()["framework_profiles"].get(framework, "hf-trainer")
    values = {key: value for key, value in profiles[name].items() if key != "source"}
    return Profile(**values)


def value(name: str) -> float:
    """A constant by name."""
    return float(constants()["constants"][name]["value"])
