"""Source excerpts: the lines that a finding is about, with each place underlined and labelled."""

from collections.abc import Iterable, Sequence

from lintune.report.cells import CellLine, harmless, lay_out
from lintune.report.paint import Paint
from lintune.source.record import dataclass
from lintune.source.text import Site, Source

LINE_CELLS = 110
"""A source line is cut to this many cells around what is marked in it."""
_CONTEXT = 12
"""Cells kept before a mark where a line is cut."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to show, and what it is there."""

    site: Site
    label: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class _Stroke:
    """A mark on one line, in cells."""

    first: int
    last: int
    label: str
    primary: bool

    def style(self, severity: str) -> str:
        """The paint of its underline and label."""
        return severity if self.primary else "second"


def excerpts(marks: Sequence[Mark], severity: str, paint: Paint) -> list[str]:
    """The lines of all excerpts of a finding: the first mark's file after `-->`, other files after `:::`."""
    if not marks:
        return []
    by_source: dict[int, list[Mark]] = {}
    for mark in marks:
        by_source.setdefault(id(mark.site.source), []).append(mark)
    gutter = max(len(str(mark.site.line)) for mark in marks)
    bar = paint("gutter", " " * gutter + " |")
    out: list[str] = []
    for group in by_source.values():
        lead = group[0]
        start = lead.site.source.position(lead.site.span.start)
        arrow = ":::" if out else "-->"
        if out:
            out.append(bar)
        place = harmless(f"{lead.site.source.path}:{start.line}:{start.column}")
        out.append(" " * gutter + paint("gutter", arrow) + " " + place)
        body = _source_lines(group[0].site.source, group, gutter, severity, paint)
        if body:
            out.append(bar)
            out.extend(body)
    return out


def _source_lines(source: Source, marks: Iterable[Mark], gutter: int, severity: str, paint: Paint) -> list[str]:
    by_line: dict[int, list[Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.site.line, []).append(mark)
    if not source.text.strip():
        return []
    bar = paint("gutter", " " * gutter + " |")
    out: list[str] = []
    previous = 0
    for line in sorted(by_line):
        if previous and line == previous + 2:
            out.append(_numbered(previous + 1, _plain(source.line_text(previous + 1)), gutter, paint))
        elif previous and line > previous + 1:
            out.append(paint("gutter", "..."))
        shown = lay_out(source.line_text(line))
        strokes = _strokes(source, line, shown, by_line[line])
        text, strokes = _window(shown, strokes)
        out.append(_numbered(line, text, gutter, paint))
        out.extend(f"{bar} {row}" for row in _underlines(strokes, severity, paint))
        previous = line
    return out


def _numbered(line: int, text: str, gutter: int, paint: Paint) -> str:
    return (paint("gutter", f"{line:>{gutter}} |") + " " + text).rstrip()


def _plain(line: str) -> str:
    shown = lay_out(line)
    return shown.cut(0, shown.starts[-1]) if shown.starts[-1] <= LINE_CELLS else shown.cut(0, LINE_CELLS - 1) + "…"


def _strokes(source: Source, line: int, shown: CellLine, marks: Iterable[Mark]) -> list[_Stroke]:
    """The marks of a line in cells; one that goes on below ends with the line's text and says `…`."""
    bounds = source.line_span(line)
    written = len(source.slice(bounds).rstrip(" \t\\"))
    strokes: dict[tuple[int, int], _Stroke] = {}
    for mark in marks:
        start = mark.site.span.start - bounds.start
        end = mark.site.span.end - bounds.start
        label = harmless(mark.label)
        if mark.site.span.end > bounds.end:
            end = max(written, start + 1)
            label = f"… {label}".rstrip()
        first = shown.cell(start)
        last = max(shown.cell(end), first + 1)
        same = strokes.get((first, last))
        if same:
            label = "; ".join(dict.fromkeys(part for part in (same.label, label) if part))
        strokes[first, last] = _Stroke(first, last, label, mark.primary or bool(same and same.primary))
    return sorted(strokes.values(), key=lambda stroke: (stroke.first, -stroke.last))


def _window(shown: CellLine, strokes: list[_Stroke]) -> tuple[str, list[_Stroke]]:
    """The part of a line to show, and the strokes within it."""
    total = shown.starts[-1]
    if total <= LINE_CELLS:
        return shown.cut(0, total), strokes
    lead = next((stroke for stroke in strokes if stroke.primary), strokes[0])
    first = min(stroke.first for stroke in strokes)
    if max(stroke.last for stroke in strokes) - first > LINE_CELLS - 2 * _CONTEXT:
        first = lead.first
    begin = max(0, min(first - _CONTEXT, total - LINE_CELLS))
    end = min(total, begin + LINE_CELLS)
    head, tail = ("…" if begin else ""), ("…" if end < total else "")
    last = end - len(tail)
    inside = [
        _Stroke(stroke.first - begin, min(stroke.last, last) - begin, stroke.label, stroke.primary)
        for stroke in strokes
        if begin <= stroke.first < last
    ]
    return head + shown.cut(begin + len(head), last) + tail, inside


def _underlines(strokes: list[_Stroke], severity: str, paint: Paint) -> list[str]:
    """The rows below a source line: carets of marks that do not overlap share a row, labels hang below, rightmost first."""
    rows: list[str] = []
    waiting = strokes
    while waiting:
        row: list[_Stroke] = []
        later: list[_Stroke] = []
        for stroke in waiting:
            (later if row and stroke.first < row[-1].last + 1 else row).append(stroke)
        rows.extend(_row(row, severity, paint))
        waiting = later
    return rows


def _row(strokes: list[_Stroke], severity: str, paint: Paint) -> list[str]:
    text, at = "", 0
    for stroke in strokes:
        char = "^" if stroke.primary else "-"
        text += " " * (stroke.first - at) + paint(stroke.style(severity), char * (stroke.last - stroke.first))
        at = stroke.last
    last = strokes[-1]
    if last.label:
        gap = "" if last.label.startswith("…") else " "
        text += gap + paint(last.style(severity), last.label)
    rows = [text]
    hanging = [stroke for stroke in strokes[:-1] if stroke.label]
    if hanging:
        rows.append(_posts(hanging, severity, paint))
    while hanging:
        lowest = hanging.pop()
        posts = _posts(hanging, severity, paint)
        pad = lowest.first - (hanging[-1].first + 1 if hanging else 0)
        rows.append(posts + " " * pad + paint(lowest.style(severity), lowest.label))
    return rows


def _posts(strokes: list[_Stroke], severity: str, paint: Paint) -> str:
    text, at = "", 0
    for stroke in strokes:
        text += " " * (stroke.first - at) + paint(stroke.style(severity), "|")
        at = stroke.first + 1
    return text
