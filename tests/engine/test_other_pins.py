"""Flags that another requirement file's release does not have."""

from lintune.engine.other_pins import flags_missing_elsewhere
from lintune.run.run import Item, Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known, Step
from lintune.values.version import Pin, Specifiers

SOURCE = Source("train.sh", "torchrun train.py --eval_strategy no --bf16")
SITE = Site(SOURCE, Span(18, 33))


def run_with(force: str, other: str) -> Run:
    """A run that gives `--eval_strategy` and `--bf16`."""
    run = Run("hf-trainer", "train.sh", SITE)
    run.versions["transformers"] = Pin("transformers", Specifiers.parse(force))
    fields = {"package": Known("transformers"), "specifier": Known(other), "path": Known("requirements.txt")}
    run.items["pins.other"] = (Item({**fields}, SITE),)
    for name in ("eval_strategy", "bf16"):
        run.values[f"flag.{name}"] = Known("no", (Step("flag", SITE),))
    run.values["flag.save_steps"] = Known(500, (Step("default"),))
    return run


def found(force: str, other: str) -> list[str]:
    """The flags reported."""
    return [str(item.fields["flag"].value) for item in flags_missing_elsewhere(run_with(force, other))]  # type: ignore[union-attr]


def test_flag_too_new_for_the_other_file() -> None:
    """Only the flag that does not exist there."""
    assert found("==4.51.3", "==4.40.0") == ["--eval_strategy"]


def test_agreement_and_doubt_are_silent() -> None:
    """Both have it; the pin in force lacks it (another rule's matter); the other file admits releases that have it."""
    assert found("==4.51.3", "==4.44.2") == []
    assert found("==4.40.0", "==4.38.0") == []
    assert found("==4.51.3", ">=4.40") == []
    assert found(">=4.41", "<4.41") == ["--eval_strategy"]
