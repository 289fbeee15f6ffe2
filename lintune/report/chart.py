"""Memory as stacked bars: the components of an estimate in a few groups, and the bars on a terminal."""

from collections.abc import Iterator, Sequence

from lintune.memory.estimate import Estimate
from lintune.report.paint import Paint
from lintune.source.record import dataclass

GIB = 2**30
_CELLS = 56


@dataclass(frozen=True, slots=True)
class Group:
    """Components that are shown as one."""

    name: str
    letter: str
    """What fills its part of a bar where there is no colour."""
    style: str
    """Of the terminal's paint."""
    light: str
    """Colour on a light page; the palette of Okabe and Ito, which colour-blind readers tell apart."""
    dark: str
    members: tuple[str, ...]
    """Names of components."""


GROUPS = (
    Group("weights", "w", "second", "#0072b2", "#56a9e0", ("weights", "adapters", "gathered", "dequantised", "autocast copies")),
    Group("optimizer", "o", "warning", "#d99400", "#e8b13c", ("master", "optimizer", "step")),
    Group("gradients", "g", "error", "#c4500f", "#f08350", ("gradients", "buckets")),
    Group("activations", "a", "good", "#00825f", "#33b88f", ()),
    Group("logits", "l", "info", "#a24a83", "#d38bb9", ("logits",)),
    Group("allocator and context", "c", "dim", "#7a7f87", "#9aa0a8", ()),
)
"""In the order of a bar; what no group names are activations of some kind."""
_ACTIVATIONS, _OVERHEAD = 3, 5
_GROUP_OF = {name: index for index, group in enumerate(GROUPS) for name in group.members}


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart."""

    name: str
    estimate: Estimate
    verdict: str = ""


def group_bytes(found: Estimate) -> tuple[int, ...]:
    """Bytes of each of `GROUPS`; together they are what `nvidia-smi` would show."""
    sizes = [0] * len(GROUPS)
    for part in found.components:
        sizes[_GROUP_OF.get(part.name, _ACTIVATIONS)] += part.bytes
    sizes[_OVERHEAD] += max(0, found.device - found.allocated)
    return tuple(sizes)


def scale(bars: Sequence[Bar], capacity: int | None) -> int:
    """Bytes that the whole width of a chart stands for."""
    return max(max(bar.estimate.high for bar in bars), capacity or 0, 1)


def terminal_bars(bars: Sequence[Bar], capacity: int | None, paint: Paint) -> Iterator[str]:
    """One line per bar, and the legend; the card's capacity is drawn as an upright line."""
    whole, width = scale(bars, capacity), max(len(bar.name) for bar in bars)
    limit = round(_CELLS * capacity / whole) if capacity else None
    for bar in bars:
        yield f"  {bar.name:<{width}}  {_cells(group_bytes(bar.estimate), whole, limit, paint)} {bar.estimate.device / GIB:,.1f}"
    names = "  ".join(f"{paint(group.style, '█' if paint.colour else group.letter)} {group.name}" for group in GROUPS)
    mark = f"  │ {capacity / GIB:,.1f} GiB" if capacity else ""
    yield f"  {'':<{width}}  {names}{mark}"


def _cells(sizes: Sequence[int], whole: int, limit: int | None, paint: Paint) -> str:
    """A bar; where it ends before the limit, blanks and the limit follow."""
    ends = _ends(sizes, whole)
    text, at = "", 0
    for group, end in zip(GROUPS, ends, strict=True):
        while at < end:
            stop = limit if limit is not None and at < limit < end else end
            text += paint(group.style, ("█" if paint.colour else group.letter) * (stop - at))
            at = stop
            if at == limit and at < ends[-1]:
                text += "│"
    if limit is not None and ends[-1] <= limit:
        text += " " * (limit - ends[-1]) + "│"
        at = limit
    return text + " " * (_CELLS - at) + ("" if limit is not None else " ")


def _ends(sizes: Sequence[int], whole: int) -> list[int]:
    """The cell at which each group ends: rounded sums, so that the bar's length is right."""
    ends, total = [], 0
    for size in sizes:
        total += size
        ends.append(round(_CELLS * total / whole))
    return ends
