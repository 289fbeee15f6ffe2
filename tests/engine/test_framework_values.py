"""Names of presets that only some releases of a framework know."""

import json

import pytest

from lintune.engine.framework_values import complement, renamed_values
from lintune.run.run import Run
from lintune.source.data import data_folder
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known, Step, Value
from lintune.values.version import Pin, Specifiers

SOURCE = Source("train.sh", "swift sft --sft_type lora --deepspeed default-zero2 --lora_rank 8")


def run_of(framework: str) -> Run:
    """The line above, as a framework's."""
    run = Run(framework, "train.sh", Site(SOURCE, Span(0, 9)))
    for flag, value in (("sft_type", "lora"), ("deepspeed", "default-zero2"), ("lora_rank", 8)):
        start = SOURCE.text.index(f"--{flag}")
        site = Site(SOURCE, Span(start, start + len(f"--{flag} {value}")))
        found: Value = Known(value, (Step("flag", site),))
        run.values[f"flag.{flag}"] = found
    return run


def test_renamed_value() -> None:
    """What ms-swift 2 took."""
    (value,) = renamed_values(run_of("ms-swift"))
    assert value.site is not None and value.site.text == "--deepspeed default-zero2"
    assert (value.fields["works"], value.fields["broken"], value.fields["replacement"]) == (Known("<3"), Known(">=3"), Known("zero2"))


def test_other_frameworks_are_left_alone() -> None:
    """The same words mean other things elsewhere."""
    assert list(renamed_values(run_of("hf-trainer"))) == []


@pytest.mark.parametrize(("window", "outside"), [("<3", ">=3"), (">=3.8", "<3.8"), (">=0.8,<0.9.2", "<0.8||>=0.9.2")])
def test_complement(window: str, outside: str) -> None:
    """What is outside of a window."""
    assert complement(window) == outside


def test_every_entry_has_a_window_and_evidence() -> None:
    """The file is written by hand."""
    data = json.loads((data_folder("schemas") / "framework_values.json").read_text(encoding="utf-8"))
    for framework in data["frameworks"].values():
        for entry in (entry for values in framework["values"].values() for entry in values.values()):
            assert complement(entry["works"]) and len(entry["evidence"]) > 8


@pytest.mark.parametrize(
    ("pin", "window", "inside"),
    [("==3.*", ">=3", True), ("==2.*", ">=3", False), (">=2.5", "<3", None), ("~=3.1", ">=3", True), ("", "<3", None), ("<3", "<3", True)],
)
def test_pins_of_packages_whose_releases_are_not_known(pin: str, window: str, inside: bool | None) -> None:
    """Bounds alone decide where they can."""
    assert Pin("ms-swift", Specifiers.parse(pin)).inside(Specifiers.parse(window), ()) is inside
