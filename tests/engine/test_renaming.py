"""Ways that put another name in the place of a flag, and settings that show values."""

import pytest

from lintune.engine.rule import Rule
from lintune.engine.scope import Scope
from lintune.engine.template import parse_template
from lintune.engine.ways import ways_out
from lintune.run.run import Item, Run
from lintune.source.edits import apply_edits
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known, Step


def scope_of(text: str, flag: str, flag_value: Data, whole: str, **fields: Data) -> Scope:
    """A run whose command line is `text`; `whole` is the flag with its value."""
    source = Source("train.sh", text)
    start = text.index(whole)
    site = Site(source, Span(start, start + len(whole)))
    named = {"flag": flag, "name": flag.lstrip("-"), **fields}
    item = Item({name: Known(value) for name, value in named.items()}, Site(source, Span(start, start + len(flag))))
    run = Run("hf-trainer", "train.sh", Site(source, Span(0, 8)))
    run.values[f"flag.{flag.lstrip('-')}"] = Known(flag_value, (Step("flag", site),))
    return Scope(run, item)


def rule_with(**way: object) -> Rule:
    """A rule of one way; only its ways matter here."""
    row = (parse_template("t"), way.get("settings", ()), (), way.get("applicability", "safe"), parse_template(str(way.get("rename", ""))))
    rule = object.__new__(Rule)
    rule.ways = (row,)  # type: ignore[assignment]
    return rule


@pytest.mark.parametrize(
    ("text", "value", "whole", "new", "expected"),
    [
        ("run --old no -x", "no", "--old no", "--new", "run --new no -x"),
        ("run --old --bf16", True, "--old", "--optim adafactor", "run --optim adafactor --bf16"),
        ("run --old true", True, "--old true", "--optim adafactor", "run --optim adafactor"),
        ("run --old 0.03", 0.03, "--old 0.03", "--new with the same number", "run --new 0.03"),
        ("run --old true -x", True, "--old true", "no flag: it had no effect", "run -x"),
        ("run --old -x", None, "--old", "--old True", "run --old True -x"),
    ],
)
def test_flag_is_renamed(text: str, value: Data, whole: str, new: str, expected: str) -> None:
    """The value of the flag stays; a switch that is on gives way to a flag with a value."""
    scope = scope_of(text, "--old", value, whole, replacement=new)
    (way,) = ways_out(rule_with(rename="{item.replacement}"), scope)
    assert way.edits and apply_edits(way.edits[0].site.source, way.edits) == expected


@pytest.mark.parametrize(
    ("value", "new"), [(False, "--optim adafactor"), (True, "min_num_params in --fsdp_config"), (True, "--new with the same number")]
)
def test_what_is_no_renaming_is_no_way(value: bool, new: str) -> None:
    """A switch that is off, advice in words, and a number that is none."""
    scope = scope_of("torchrun --adafactor false", "--adafactor", value, "--adafactor false", replacement=new)
    assert ways_out(rule_with(rename="{item.replacement}"), scope) == ()


def test_no_way_without_a_new_name() -> None:
    """What has no replacement offers none."""
    assert ways_out(rule_with(rename="{item.replacement}"), scope_of("torchrun --x 1", "--x", 1, "--x 1")) == ()


def test_uncertain_version_makes_no_way_safe() -> None:
    """The new name may not exist in the release that is installed."""
    scope = scope_of("torchrun --x 1", "--x", 1, "--x 1", replacement="--y")
    assert ways_out(rule_with(rename="{item.replacement}"), scope, certain=False)[0].applicability == "unsafe"


def test_setting_shows_values() -> None:
    """A setting's text is a template."""
    scope = scope_of("torchrun --fsdp full_shard", "--fsdp", "full_shard", "--fsdp full_shard")
    (way,) = ways_out(rule_with(settings=(("flag.fsdp", "{flag.fsdp} auto_wrap"),)), scope)
    assert way.settings == (("fsdp", "full_shard auto_wrap"),)
    assert apply_edits(way.edits[0].site.source, way.edits) == "torchrun --fsdp 'full_shard auto_wrap'"
