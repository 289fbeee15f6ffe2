"""Plain scalars as each loader reads them: what the libraries answered, and PyYAML itself."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lintune.syntax.yaml_scalars import Loader, resolve

LOADERS: list[Loader] = ["pyyaml", "ruamel", "omegaconf", "jsonargparse"]

ANSWERS: dict[str, list[Any]] = {
    "1e-5": ["1e-5", 1e-5, 1e-5, 1e-5],
    "1.0e-5": [1e-5, 1e-5, 1e-5, 1e-5],
    "1e5": ["1e5", 1e5, 1e5, 1e5],
    "2.5e3": ["2.5e3", 2500.0, 2500.0, 2500.0],
    "no": [False, "no", False, False],
    "on": [True, "on", True, True],
    "True": [True, True, True, True],
    "y": ["y", "y", "y", "y"],
    "null": [None, None, None, None],
    "~": [None, None, None, None],
    "None": ["None", "None", "None", "None"],
    "017": [15, 17, 15, 15],
    "0o17": ["0o17", 15, "0o17", "0o17"],
    "08": ["08", 8, "08", "08"],
    "1_000": [1000, 1000, 1000, 1000],
    "_1": ["_1", "_1", "_1", "_1"],
    "0x1F": [31, 31, 31, 31],
    "-0b11": [-3, -3, -3, -3],
    "1:30": [90, "1:30", 90, 90],
    "1:30.5": [90.5, "1:30.5", 90.5, 90.5],
    ".5": [0.5, 0.5, 0.5, 0.5],
    "-.5": ["-.5", -0.5, "-.5", "-.5"],
    ".5e3": [".5e3", ".5e3", ".5e3", ".5e3"],
    "5.": [5.0, 5.0, 5.0, 5.0],
    "-.inf": [-math.inf, -math.inf, -math.inf, -math.inf],
    "nan": ["nan", "nan", "nan", "nan"],
    "2021-01-01": ["2021-01-01"] * 4,
    "4.51.2": ["4.51.2"] * 4,
}
"""By scalar: PyYAML 6.0.4, ruamel.yaml 0.19.1, OmegaConf 2.4.0, jsonargparse 4.53.0 (dates as text)."""


@pytest.mark.parametrize("raw", ANSWERS)
def test_as_the_libraries_answered(raw: str) -> None:
    read = [resolve(raw, loader) for loader in LOADERS]
    assert list(map(repr, read)) == list(map(repr, ANSWERS[raw]))


@given(st.text(st.sampled_from("0123456789+-._eExob:F"), min_size=1, max_size=7))
def test_as_pyyaml_reads(raw: str) -> None:
    try:
        events = list(yaml.parse(f"k: {raw}\n", Loader=yaml.SafeLoader))
        wanted = yaml.safe_load(f"k: {raw}\n")["k"]
    except (yaml.YAMLError, ValueError):
        return
    if len(events) == 8 and getattr(events[4], "value", None) == raw:
        assert repr(resolve(raw, "pyyaml")) == repr(wanted)


def test_more_digits_than_python_converts() -> None:
    assert resolve("1" * 5000, "pyyaml") == "1" * 5000
