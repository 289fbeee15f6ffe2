"""The floor of memory per GPU: arithmetic that can be checked by hand, and never more than is certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.memory.fit import out_of_memory
from lintune.memory.floor import CONTEXT_BYTES, Setup, add_floor, floor_components
from lintune.run.known import data
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Unknown, Value

B = 10**9


def run_of(**changes: Value) -> Run:
    """Full tuning of a model of 8 billion parameters on 8 cards of 32 GiB with ZeRO-2 in fp16."""
    run = Run("minicpmv", "finetune.sh", Site(Source("finetune.sh", ""), Span(0, 0)))
    run.values.update(
        {
            "derived.total_params": Known(8 * B),
            "derived.trainable_params": Known(8 * B),
            "derived.trainable_matrices": Known(8 * B),
            "derived.world_size": Known(8),
            "derived.effective_optim": Known("adamw_torch"),
            "precision.weights": Known("fp16"),
            "precision.compute": Known("fp16"),
            "par.ds.file": Known("ds.json"),
            "par.ds.stage": Known(2),
            "par.ds.offload_opt": Known("none"),
            "par.ds.offload_param": Known("none"),
            "gpu.memory_bytes": Known(32 * 2**30),
        }
    )
    run.values.update({name.replace("__", "."): value for name, value in changes.items()})
    add_floor(run)
    return run


def test_zero_2_by_hand() -> None:
    """16 GB of weights, 12 B x 1 G of states, 2 GB of gradients and their fp32 copy of 4 GB for the step."""
    run = run_of()
    assert data(run.get("memory.floor_bytes")) == (16 + 12 + 2 + 4) * B + CONTEXT_BYTES
    assert data(run.get("memory.weights_bytes")) == 16 * B
    assert data(run.get("memory.floor_exceeds_gpu")) is False
    assert not list(out_of_memory(run))


def test_one_card_is_too_small() -> None:
    """The same on 4 cards: one match, with what a message needs."""
    run = run_of(derived__world_size=Known(4))
    (match,) = out_of_memory(run)
    assert data(match["over"]) == data(run.get("memory.floor_bytes")) - 32 * 2**30
    assert data(match["largest"]) == "weights" and "8000000000" in str(data(match["largest_formula"]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"par__ds__stage": Known(3)}, (2 + 12 + 2) * B),
        ({"par__ds__stage": Known(1)}, (16 + 12 + 16 + 1) * B),
        ({"par__ds__stage": Known(0)}, (16 + 32 + 64 + 16) * B),
        ({"par__ds__offload_opt": Known("cpu")}, 16 * B),
        ({"par__ds__stage": Known(3), "par__ds__offload_opt": Known("cpu"), "par__ds__offload_param": Known("cpu")}, 0),
        ({"par__ds__file": Absent()}, (16 + 32 + 32) * B),
        ({"par__ds__file": Absent(), "derived__world_size": Known(1)}, (16 + 32 + 16) * B),
        ({"derived__effective_optim": Known("adafactor")}, (16 + 4 + 2 + 4) * B),
        ({"derived__trainable_params": Known(0), "derived__trainable_matrices": Known(0)}, 16 * B),
    ],
)
def test_other_settings(changes: dict[str, Value], expected: int) -> None:
    """Stages, offload, no DeepSpeed, another optimizer, nothing trained."""
    assert data(run_of(**changes).get("memory.floor_bytes")) == expected + CONTEXT_BYTES


@pytest.mark.parametrize(
    "name", ["derived__total_params", "derived__world_size", "par__ds__stage", "precision__compute", "par__fsdp__mode"]
)
def test_unknown_stays_unknown(name: str) -> None:
    """No number without its sources, and no out-of-memory."""
    run = run_of(**{name: Unknown("not said")})
    assert isinstance(run.get("memory.floor_bytes"), Unknown)
    assert not list(out_of_memory(run))


def test_an_unknown_offload_counts_as_offload() -> None:
    """What may lie on the host is not counted."""
    assert data(run_of(par__ds__offload_opt=Unknown("?")).get("memory.floor_bytes")) == 16 * B + CONTEXT_BYTES


@given(
    st.integers(0, 10**11),
    st.floats(0, 1),
    st.integers(1, 512),
    st.sampled_from([None, 0, 1, 2, 3]),
    st.booleans(),
    st.booleans(),
)
def test_bounds(params: int, share: float, world: int, stage: int | None, offload: bool, mixed: bool) -> None:
    """No part is negative, more cards never need more each, and everything is at most 24 B per parameter."""
    trainable = int(params * share)

    def total(cards: int) -> int:
        element = 2 if mixed else 4
        setup = Setup(
            params, trainable, trainable, element, cards, stage, mixed and stage is not None, "adamw_torch", offload, offload, 5 * 10**8
        )
        parts = floor_components(setup)
        assert all(part.bytes >= 0 and part.formula for part in parts)
        return sum(part.bytes for part in parts)

    one = total(1)
    assert one <= 24 * params + CONTEXT_BYTES
    if stage is not None:
        assert total(world) <= one
