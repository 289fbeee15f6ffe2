"""Card specifications as people write them."""

import pytest

from lintune.run.gpu import GIB, Gpu, parse_gpu


@pytest.mark.parametrize(
    ("spec", "name", "nodes", "count", "gib"),
    [
        ("8xA100-80G", "A100", None, 8, 80),
        ("A100-40G", "A100", None, None, 40),
        ("2x8xH100", "H100", 2, 8, 80),
        ("RTX4090", "RTX4090", None, None, 24),
        ("8x4090", "RTX4090", None, 8, 24),
        ("8xV100-32G", "V100", None, 8, 32),
        ("A100-SXM4-80GB", "A100", None, None, 80),
        ("NVIDIA A100-SXM4-40GB", "A100", None, None, 40),
        ("4 x L40S", "L40S", None, 4, 48),
        ("A100", "A100", None, None, None),
        ("4xT4", "T4", None, 4, 16),
    ],
)
def test_specifications(spec: str, name: str, nodes: int | None, count: int | None, gib: int | None) -> None:
    """Name, nodes, count and memory; a card of several sizes has none unless it is said."""
    found = parse_gpu(spec)
    assert (found.name, found.nodes, found.count) == (name, nodes, count)
    assert found.memory_bytes == (gib * GIB if gib else None)
    assert found.known


def test_facts_of_generations() -> None:
    """bf16 and TF32 come with compute capability 8.0."""
    assert (parse_gpu("V100-32G").bf16, parse_gpu("T4").tf32, parse_gpu("A100-40G").bf16) == (False, False, True)


def test_a_card_that_is_not_in_the_table() -> None:
    """It is taken as written; only its memory is known."""
    assert parse_gpu("2xMI300X-192G") == Gpu("MI300X", 2, None, 192 * GIB, known=False)


@pytest.mark.parametrize("spec", ["", "8", "x", "0xA100", "A100-41G", "8x", "--gpu", "8xA100-80G extra;"])
def test_what_is_no_card(spec: str) -> None:
    """The error says what is wrong, in a sentence."""
    with pytest.raises(ValueError, match="`"):
        parse_gpu(spec)
