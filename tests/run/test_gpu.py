"""Card specifications as people write them."""

import pytest

from lintune.run.gpu import GIB, Gpu, all_cards, parse_gpu, usable_bytes


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


def test_usable_memory() -> None:
    """What a process sees: listed for common cards, a share of the marketed size otherwise; never more than that."""
    assert usable_bytes("A100", 40 * GIB) == int(39.4 * GIB) and usable_bytes("A100", 80 * GIB) == int(79.1 * GIB)
    assert usable_bytes("No such card", 24 * GIB) == int(0.96 * 24 * GIB)
    for card in all_cards():
        assert len(card.usable_gib) in (0, len(card.memory_gib))
        for size in (*card.memory_gib, *card.also_gib):
            assert 0.88 * size * GIB < usable_bytes(card.name, size * GIB) <= size * GIB, card.name


def test_peaks_are_those_of_their_kind() -> None:
    """Every card but the few without a published figure has one, and newer server cards are faster."""
    peaks = {card.name: card.tflops for card in all_cards()}
    assert [name for name, peak in peaks.items() if peak is None] == ["RTX5090D"]
    order = [peaks[name] or 0 for name in ("P40", "T4", "V100", "A100", "H100", "B200")]
    assert order == sorted(order)
