"""Target expressions: full matches, counts, and hostile ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintune.frameworks.inventory import inventory
from lintune.frameworks.known_models import recognise
from lintune.frameworks.lora_targets import NotDecided, find_targets

DEFAULT = r"llm\..*layers\.\d+\.self_attn\.(q_proj|k_proj|v_proj)"


def modules_of(name: str):  # type: ignore[no-untyped-def]
    """The inventory of a model."""
    found = recognise(name)
    assert found is not None
    return inventory(found.model)


def test_the_default_target_of_minicpm_v_2_6() -> None:
    """28 layers x 3 projections; rank x (in + out) each: q 3584 to 3584, k and v 3584 to 512."""
    found = find_targets(DEFAULT, modules_of("MiniCPM-V-2_6"))
    assert len(found.modules) == 84 and found.unsupported == 0
    assert found.params(64) == 28 * 64 * ((3584 + 3584) + 2 * (3584 + 512))
    assert found.parts() == {"llm"}


def test_a_match_is_of_the_whole_name() -> None:
    """`q_proj` alone matches nothing, since PEFT wants the whole name."""
    assert find_targets("q_proj", modules_of("MiniCPM-V-2_6")).modules == ()
    assert find_targets(r".*norm\d?", modules_of("MiniCPM-V-2_6")).unsupported > 0


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(.*)*x", r"(\w+\s?)*$", "(a|b*)*", ".*.*.*.*.*.*x", r"(.)\1", "(", "a" * 501, "all-linear", r"(?:(?:.*a){2,9})x"],
)
def test_what_is_wrong_or_too_costly_is_not_tried(pattern: str) -> None:
    """No expression of a repository under check can take long."""
    with pytest.raises(NotDecided):
        find_targets(pattern, modules_of("MiniCPM-V-2_6"))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=r"ab.*+?|()[]{}\d0,_^$", max_size=14))
def test_any_text_is_matched_or_refused(pattern: str) -> None:
    """Nothing but `NotDecided` comes out."""
    try:
        find_targets(pattern, modules_of("MiniCPM-V-2_6")[:40])
    except NotDecided as why:
        assert str(why)
