"""The replay of what a script switches: order, three-valued conditions, adapters."""

import itertools

import pytest

from lintune.frameworks.gradients import LANGUAGE, Gradients

VALUES = (True, False, None)


def test_everything_is_trained_at_first() -> None:
    """Until a script says otherwise."""
    assert {Gradients().mode(part) for part in Gradients().full} == {"full"}


def test_adapters_freeze_what_they_wrap() -> None:
    """What was unfrozen before is undone, what comes after holds."""
    state = Gradients()
    state.adapt(("llm",), True)
    assert (state.mode("llm"), state.mode("projector")) == ("lora", "frozen")
    state.switch(("projector",), True)
    assert state.mode("projector") == "full"
    state.switch(("llm",), True)
    assert state.mode("llm") == "lora+full"


def test_freezing_everything_takes_the_adapter_too() -> None:
    """And switching it on again restores it."""
    state = Gradients()
    state.adapt(("llm",), True, within=LANGUAGE)
    state.freeze_everything(True)
    assert state.mode("llm") == "frozen"
    state.restore_adapters(("llm",), True)
    assert state.mode("llm") == "lora"


def test_some_layers_count_only_on_a_frozen_part() -> None:
    """On a part that is trained anyway nothing changes."""
    state = Gradients()
    state.some_layers("vision", "topk:4")
    assert state.mode("vision") == "full"
    state.switch(("vision",), False)
    state.some_layers("vision", "topk:4")
    assert state.mode("vision") == "topk:4"


@pytest.mark.parametrize(("frozen", "lora", "opened"), list(itertools.product(VALUES, repeat=3)))
def test_unknown_covers_both(frozen: bool | None, lora: bool | None, opened: bool | None) -> None:
    """With a flag unknown, the mode is known exactly where both values of it give the same."""

    def mode(frozen: bool | None, lora: bool | None, opened: bool | None) -> str | None:
        state = Gradients()
        state.switch(("llm",), False, when=frozen)
        state.adapt(("llm",), lora)
        state.switch(("llm",), True, when=opened)
        return state.mode("llm")

    found = mode(frozen, lora, opened)
    cases = {mode(*case) for case in itertools.product(*((True, False) if flag is None else (flag,) for flag in (frozen, lora, opened)))}
    assert found is None or cases == {found}
    if None not in (frozen, lora, opened):
        assert found is not None
