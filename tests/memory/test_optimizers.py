"""Optimizer states by shape, by hand."""

import pytest

from lintune.memory.optimizers import find_optimizer, is_layerwise, largest_parameter, state_bytes
from lintune.memory.states import states_of
from lintune.memory.weights import trained

P = 3_212_749_824
EMBED = 128_256 * 3072
LINEAR = P - EMBED - 57 * 3072


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("adamw_torch", 4),
        ("adamw_bnb_8bit", 2.03125),
        ("lion_32bit", 4),
        ("lion", 2),
        ("sgd", 0),
        ("ademamix", 6),
        ("adamw_torch_4bit", 1.0625),
        ("PagedAdamW8bit", 2.03125),
        ("torch.optim.AdamW", 4),
    ],
)
def test_element_wise(runs, name: str, each: float) -> None:  # type: ignore[no-untyped-def]
    """Bytes per parameter in bf16."""
    setting = runs.setting(optim__name=name)
    assert state_bytes(setting, trained(setting), 4, 2) == each * P


def test_adafactor_keeps_rows_and_columns(runs) -> None:  # type: ignore[no-untyped-def]
    """4 (m + n) for each of seven matrices in 28 layers."""
    setting = runs.setting(optim__name="adafactor")
    fans = 2 * (3072 + 3072) + 2 * (3072 + 1024) + 3 * (3072 + 8192)
    assert state_bytes(setting, trained(setting), 4, 2) == 4 * 28 * fans


def test_galore_by_hand(runs) -> None:  # type: ignore[no-untyped-def]
    """Rank 128: two states of 128 x the longer side and a projector of 128 x the shorter one; AdamW for the rest."""
    setting = runs.setting(optim__name="galore_adamw", optim__lowrank_rank=128)
    sides = 2 * (4 * 3072 + 2 * 3072) + 2 * (4 * 3072 + 2 * 1024) + 3 * (4 * 8192 + 2 * 3072)
    assert state_bytes(setting, trained(setting), 4, 2) == 128 * 28 * sides + 4 * (P - LINEAR)


def test_apollo_needs_no_projector_and_muon_one_state(runs) -> None:  # type: ignore[no-untyped-def]
    """Below GaLore; 2 B for matrices of layers, 4 B for the rest."""
    galore, apollo, muon = (runs.setting(optim__name=name) for name in ("galore_adamw", "apollo_adamw", "muon"))
    what = trained(muon)
    assert state_bytes(apollo, what, 4, 2) < state_bytes(galore, what, 4, 2)
    assert state_bytes(muon, what, 4, 2) == 2 * LINEAR + 4 * (P - LINEAR)


@pytest.mark.parametrize("name", ["lomo", "galore_adamw_layerwise"])
def test_gradients_used_as_they_come(runs, name: str) -> None:  # type: ignore[no-untyped-def]
    """The embedding's alone is alive: 2 B x vocabulary x hidden width."""
    setting = runs.setting(optim__name=name)
    assert is_layerwise(setting) and largest_parameter(setting) == EMBED
    assert states_of(setting, trained(setting)).gradients.bytes == 2 * EMBED


def test_badam_trains_a_block(runs) -> None:  # type: ignore[no-untyped-def]
    """12 B of masters and states and 4 B of gradients for a 28th of the parameters, as its authors count: 2 M + 16 M / D."""
    states = states_of(runs.setting(optim__name="badam"), trained(runs.setting()))
    assert states.optimizer.bytes == 12 * P // 28 and states.gradients.bytes == 4 * P // 28


def test_paged_states_are_on_the_host(runs) -> None:  # type: ignore[no-untyped-def]
    """Unified memory is not in torch's counters."""
    states = states_of(runs.setting(optim__name="paged_adamw_8bit"), trained(runs.setting()))
    assert states.optimizer.bytes == 0 and states.host == int(2.03125 * P)


def test_low_rank_options(runs) -> None:  # type: ignore[no-untyped-def]
    """`optim.lowrank` wins over the optimizer's name; an unknown name is said."""
    assert runs.setting(optim__lowrank="galore", optim__name="adamw_8bit").optimizer == "galore_adamw_8bit"
    assert runs.setting(optim__lowrank="apollo", optim__lowrank_layerwise=True).optimizer == "apollo_adamw_layerwise"
    assert find_optimizer("superopt") is None
    assert any("superopt" in note for note in runs.estimate(optim__name="superopt").notes)
