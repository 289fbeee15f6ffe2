"""The text of a notebook cell and where each character of it stands in the notebook's JSON."""

import re
from bisect import bisect_right

from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span
from lintune.syntax.tree import Node, Scalar, Sequence

_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that stand in the file one for one, or one character that an escape stands for."""

    offset: int
    """Where it starts in the cell's text."""
    start: int
    """Where it starts in the notebook's text."""
    size: int
    """How many characters of the cell's text."""
    width: int
    """How many characters of the notebook's text: `size`, or the length of the escape."""


@dataclass(frozen=True, slots=True)
class CellText:
    """A text taken from the strings of a notebook."""

    source: Source
    """The text, as if it were a file of its own; its path is the notebook's with `#cell` and the number."""
    notebook: Source
    runs: tuple[Run, ...]

    def site_of(self, span: Span) -> Site:
        """Where a stretch of the text stands in the notebook; over several lines it includes the JSON between them."""
        start = self._place(span.start, False)
        end = self._place(span.end, True) if span.end > span.start else start
        return Site(self.notebook, Span(start, max(start, end)))

    def cut(self, start: int, end: int, text: str | None = None) -> "CellText":
        """A part of the text; `text` replaces it character for character."""
        kept = self.source.text[start:end] if text is None else text
        source = Source(self.source.path, kept, self.source.encoding, self.source.newline)
        if start == 0 and end == len(self.source.text):
            return CellText(source, self.notebook, self.runs)
        runs = []
        for run in self.runs[self._run_at(start) : self._run_at(end) + 1]:
            first, last = max(run.offset, start), min(run.offset + run.size, end)
            if first < last:
                inside = 0 if run.size != run.width else first - run.offset
                runs.append(Run(first - start, run.start + inside, last - first, run.width - (run.size - (last - first))))
        if not runs:
            runs.append(Run(0, self._place(start, False), 0, 0))
        return CellText(source, self.notebook, tuple(runs))

    def _run_at(self, offset: int) -> int:
        """The index of the run that holds an offset."""
        return max(bisect_right(self.runs, offset, key=lambda run: run.offset) - 1, 0)

    def _place(self, offset: int, is_end: bool) -> int:
        """The notebook's offset of a character, or of the end of the character before."""
        run = self.runs[self._run_at(offset - is_end)]
        inside = offset - run.offset
        if run.size == run.width:
            return run.start + min(inside, run.size)
        return run.start + (run.width if inside else 0)


def text_of(notebook: Source, written: Node, path: str) -> CellText | None:
    """The text of a `source` entry: a string, or a list of strings that are joined; None for anything else."""
    strings = written.items if isinstance(written, Sequence) else (written,)
    runs: list[Run] = []
    texts: list[str] = []
    offset = 0
    for string in strings:
        if not isinstance(string, Scalar) or not isinstance(string.value, str):
            return None
        _add_runs(runs, string.raw, string.site.span.start, offset)
        texts.append(string.value)
        offset += len(string.value)
    if not runs:  # nothing is written there; the place is behind the opening quote or bracket
        runs.append(Run(0, written.site.span.start + 1, 0, 0))
    return CellText(Source(path, "".join(texts)), notebook, tuple(runs))


def _add_runs(runs: list[Run], raw: str, start: int, offset: int) -> None:
    """Add the runs of a JSON string that is written at `start` and whose value starts at `offset` of the cell."""
    at, last = 1, len(raw) - 1
    for escape in _ESCAPE.finditer(raw, 1, last):
        if escape.start() > at:
            size = escape.start() - at
            runs.append(Run(offset, start + at, size, size))
            offset += size
        runs.append(Run(offset, start + escape.start(), 1, escape.end() - escape.start()))
        offset += 1
        at = escape.end()
    if at < last:
        runs.append(Run(offset, start + at, last - at, last - at))
