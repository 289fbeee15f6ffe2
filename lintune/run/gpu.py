"""The graphics cards of a run: `8xA100-80G`, `A100-40G`, `2x8xH100` (nodes x cards), `RTX4090`; facts from `models/gpus.json`."""

import re
from functools import lru_cache

from lintune.source.data import data_text
from lintune.source.record import dataclass

GIB = 2**30
_SPEC = re.compile(r"(?:(?:(\d+)\s*[xX*]\s*)?(\d+)\s*[xX*]\s*)?([A-Za-z0-9][A-Za-z0-9 _-]*?)(?:[-_ ]?(\d+)\s*Gi?B?)?", re.I)
_NOISE = re.compile(r"nvidia|geforce|tesla|sxm\d?|pcie|nvl|[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Card:
    """A card model: facts from data sheets."""

    name: str
    memory_gib: tuple[int, ...]
    """The sizes it is sold with; without a size in the specification, one is taken only where there is one."""
    also_gib: tuple[int, ...]
    """Rarer sizes (later revisions, modified cards) that may be asked for."""
    compute_capability: str
    bf16: bool
    tf32: bool
    tflops: float | None = None
    """Peak of dense 16-bit matrix products, in 1e12 operations a second; None where no figure is published."""
    usable_gib: tuple[float, ...] = ()
    """What a process sees of each size in `memory_gib`; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """What is known of the cards that a run gets."""

    name: str
    """The card's name, as known or as written."""
    count: int | None = None
    """Cards per node; None where it was not said."""
    nodes: int | None = None
    memory_bytes: int | None = None
    """An upper bound of one card's memory in bytes: the marketed size in GiB. None where several sizes are sold."""
    compute_capability: str | None = None
    bf16: bool | None = None
    tf32: bool | None = None
    known: bool = True
    """Whether the card is in the table."""


def parse_gpu(spec: str) -> Gpu:
    """A card specification; raises `ValueError` with a sentence for people where it is none.

    The card's memory may follow it (`A100-40G`); where a card is sold in one size only, that one is taken.
    """
    card = find_card(spec)
    if card is not None and not re.match(r"\d+\s*[xX*]", spec.strip()):
        return _gpu(card, None, None, None)
    found = _SPEC.fullmatch(spec.strip())
    if not found or not (re.search(r"[A-Za-z]", found[3]) or find_card(found[3])):
        raise ValueError(f"not a GPU: `{spec}` (write it as 8xA100-80G, A100-40G or 2x8xH100)")
    nodes, count, name, size = found.groups()
    card = find_card(name)
    memory = int(size) if size else None
    if (count and int(count) < 1) or (nodes and int(nodes) < 1):
        raise ValueError(f"`{spec}` counts no GPU")
    if card is None:
        if len(name) < 2 or re.fullmatch(r"\d+\s*[xX*]?", name):
            raise ValueError(f"not a GPU: `{spec}` (write it as 8xA100-80G, A100-40G or 2x8xH100)")
        return Gpu(name, _int(count), _int(nodes), memory * GIB if memory else None, known=False)
    if memory is not None and memory not in (*card.memory_gib, *card.also_gib):
        sizes = " or ".join(f"{gib}G" for gib in card.memory_gib)
        raise ValueError(f"`{spec}`: {card.name} has {sizes}, not {memory}G")
    return _gpu(card, _int(count), _int(nodes), memory)


def usable_bytes(name: str, memory_bytes: int) -> int:
    """What a process can have of a card of this marketed size: the driver and error correction keep the rest."""
    card = find_card(name)
    sizes = dict(zip(card.memory_gib, card.usable_gib, strict=False)) if card is not None else {}
    return int(sizes.get(memory_bytes // GIB, _USABLE * memory_bytes / GIB) * GIB)


_USABLE = 0.96
"""Of the marketed size, where nothing more is known: between cards with error correction (0.92) and without (0.985)."""


def all_cards() -> tuple[Card, ...]:
    """Every card of the table, once, in its order."""
    return tuple(dict.fromkeys(_cards().values()))


def find_card(name: str) -> Card | None:
    """The card of that name; vendor words, spaces and dashes do not matter."""
    return _cards().get(_NOISE.sub("", name.lower()))


def _int(text: str | None) -> int | None:
    return int(text) if text else None


def _gpu(card: Card, count: int | None, nodes: int | None, memory: int | None) -> Gpu:
    if memory is None and len(card.memory_gib) == 1:
        memory = card.memory_gib[0]
    size = memory * GIB if memory else None
    return Gpu(card.name, count, nodes, size, card.compute_capability, card.bf16, card.tf32)


@lru_cache(maxsize=1)
def _cards() -> dict[str, Card]:
    import json

    cards: dict[str, Card] = {}
    for entry in json.loads(data_text("models", "gpus.json"))["gpus"]:
        sizes, also = tuple(entry["memory_gib"]), tuple(entry.get("also_gib", ()))
        card = Card(
            entry["name"],
            sizes,
            also,
            entry["compute_capability"],
            entry["bf16"],
            entry["tf32"],
            entry.get("tflops"),
            tuple(entry.get("usable_gib", ())),
        )
        for name in (entry["name"], *entry["aliases"]):
            cards[_NOISE.sub("", name.lower())] = card
    return cards
