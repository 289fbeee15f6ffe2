"""Training configurations that a Python file or a notebook's cells make, as runs."""

import ast
import re
from bisect import bisect_right

from lintune.engine.shell_file import Scripts
from lintune.frameworks.code_launch import configs_in
from lintune.frameworks.context import Context
from lintune.frameworks.registry import read_code
from lintune.launch.project import Project
from lintune.memory.floor import add_floor
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.syntax.notebook import Cell, parse_notebook

MAX_RUNS = 20
"""So many configurations of one file are checked."""
_TESTS = re.compile(r"(?:^|/)tests?/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")


def is_test(path: str) -> bool:
    """Whether a file of a folder is a test, whose configurations train nothing."""
    return _TESTS.search(path) is not None


def read_python(source: Source, project: Project, assumptions: Assumptions, scripts: Scripts) -> list[Run]:
    """The runs of a Python file: one for each training configuration that it makes."""
    context = Context(project, source.path, assumptions, assumptions.environment, scripts)
    return _runs(source, context, None)


def read_cells(source: Source, project: Project, assumptions: Assumptions, scripts: Scripts) -> list[Run]:
    """The runs of a notebook's Python cells, in order as one program; places are the notebook's."""
    cells = [cell for cell in parse_notebook(source).cells if cell.kind == "python" and _parses(cell.source.text)]
    if not cells:
        return []
    joined = _Joined(cells)
    context = Context(project, source.path, assumptions, assumptions.environment, scripts)
    return _runs(joined.source, context, joined)


class _Joined:
    """Cells as one text, and where its characters stand in the notebook."""

    def __init__(self, cells: list[Cell]) -> None:
        self.cells = cells
        self.starts: list[int] = []
        texts: list[str] = []
        offset = 0
        for cell in cells:
            self.starts.append(offset)
            texts.append(cell.source.text + "\n")
            offset += len(texts[-1])
        self.source = Source(cells[0].notebook.path, "".join(texts))

    def place(self, site: Site) -> Site:
        """Where a stretch of the joined text stands in the notebook."""
        at = max(bisect_right(self.starts, site.span.start) - 1, 0)
        start, size = self.starts[at], len(self.cells[at].source.text)
        return self.cells[at].site_of(Span(min(site.span.start - start, size), min(site.span.end - start, size)))


def _runs(source: Source, context: Context, joined: _Joined | None) -> list[Run]:
    runs = [read_code(code, context) for code in configs_in(source, joined.place if joined is not None else None)[:MAX_RUNS]]
    for run in runs:
        add_floor(run)
    return runs


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
