"""Stacked bars as an SVG picture inside a page: one bar per estimate, its band, and the card's capacity."""

from collections.abc import Iterator, Sequence

from lintune.report.chart import GIB, GROUPS, Bar, group_bytes, scale
from lintune.report.html_page import escaped

_WIDTH, _ROW, _BAR, _TOP = 960, 30, 18, 8
_RIGHT = 70
_LETTER = 7.2
"""Pixels that a letter of a name takes, a little more than most."""
COLOURS = tuple((group.name.replace(" ", "-"), group.light, group.dark) for group in GROUPS)
"""Names of the bars' colours with their values on a light and on a dark page."""


def bars_svg(title: str, bars: Sequence[Bar], capacity: int | None) -> str:
    """The picture; a table with the same figures belongs beside it."""
    left = int(max(len(bar.name) for bar in bars) * _LETTER) + 20
    whole = scale(bars, capacity)
    wide = _WIDTH - left - _RIGHT
    foot = _TOP + _ROW * len(bars)
    height = foot + 52
    spoken = "; ".join(f"{bar.name} {bar.estimate.device / GIB:.1f} GiB{f', {bar.verdict}' if bar.verdict else ''}" for bar in bars)
    name = _name(title)
    lines = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t-{name} d-{name}">',
        f'<title id="t-{name}">{escaped(title)}</title>',
        f'<desc id="d-{name}">{escaped(spoken)}</desc>',
        *_axis(whole, left, wide, foot),
    ]
    for index, bar in enumerate(bars):
        lines.extend(_bar(bar, whole, left, wide, _TOP + _ROW * index))
    if capacity:
        at = left + wide * capacity / whole
        lines.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP - 4}" y2="{foot}"/>')
    lines.extend(_legend(left, height - 8))
    return "\n".join([*lines, "</svg>"])


def _name(title: str) -> str:
    """A title as an identifier within the page."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in title)


def _bar(bar: Bar, whole: int, left: int, wide: int, top: int) -> Iterator[str]:
    middle = top + _ROW / 2
    yield f'<text x="{left - 10}" y="{middle + 4:.0f}" text-anchor="end">{escaped(bar.name)}</text>'
    at = float(left)
    for group, size in zip(GROUPS, group_bytes(bar.estimate), strict=True):
        width = wide * size / whole
        if width > 0:
            note = f"{bar.name}: {group.name} {size / GIB:.1f} GiB"
            fill = group.name.replace(" ", "-")
            yield (
                f'<rect x="{at:.1f}" y="{top + (_ROW - _BAR) / 2:.0f}" width="{width:.1f}" height="{_BAR}" '
                f'fill="var(--{fill})"><title>{escaped(note)}</title></rect>'
            )
        at += width
    low, high = (left + wide * size / whole for size in (bar.estimate.low, bar.estimate.high))
    shape = f"M{low:.1f} {middle - 4:.0f}v8M{low:.1f} {middle:.0f}H{high:.1f}M{high:.1f} {middle - 4:.0f}v8"
    yield f'<path class="band" fill="none" d="{shape}"/>'
    label = max(at, high) + 6
    yield f'<text x="{label:.1f}" y="{middle + 4:.0f}">{bar.estimate.device / GIB:.1f}</text>'


def _axis(whole: int, left: int, wide: int, foot: int) -> Iterator[str]:
    """Upright lines at round numbers of GiB."""
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10**6) if whole / GIB / size <= 10)
    for mark in range(0, int(whole / GIB) + 1, step):
        at = left + wide * mark * GIB / whole
        yield f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{foot}"/>'
        yield f'<text class="soft" x="{at:.1f}" y="{foot + 16}" text-anchor="middle">{mark}{" GiB" if mark == 0 else ""}</text>'


def _legend(left: int, y: int) -> Iterator[str]:
    at = left
    for group in GROUPS:
        yield f'<rect x="{at}" y="{y - 10}" width="12" height="12" fill="var(--{group.name.replace(" ", "-")})"/>'
        yield f'<text x="{at + 17}" y="{y}">{escaped(group.name)}</text>'
        at += 34 + int(len(group.name) * _LETTER)
