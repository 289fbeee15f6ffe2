"""Jupyter notebooks: the text of each cell, with a way back to where it stands in the file.

Follows nbformat 3 and 4, and IPython's input transformer for magics: `!command` and `%%bash` are shell text, other `%` magics
are no Python.
"""

from functools import lru_cache
from typing import Literal

from lintune.source.record import dataclass
from lintune.source.text import Problem, Source
from lintune.syntax.cell_text import CellText, text_of
from lintune.syntax.magics import Part, split_code
from lintune.syntax.tree import Mapping, Node, Scalar, Sequence

CellKind = Literal["python", "shell", "markdown", "other"]


@dataclass(frozen=True, slots=True)
class Cell(CellText):
    """A cell, or the shell command in one.

    Offsets in its `source` are turned into places in the notebook by `site_of`.
    """

    kind: CellKind
    """`python`: magics are blanked out, offsets kept; `shell`: a `%%bash` cell, or one `!` command, each with a shell of its own;
    `other`: another language, or a file's text."""
    number: int
    """The cell's place in the notebook, from 1; several cells may share it, since `!` commands stand apart."""
    interpolated: bool = False
    """Whether IPython replaces `{name}` and `$name` by values of Python variables before the shell sees the text."""
    lasting: bool = False
    """Whether what the shell text sets (`%cd`, `%env`) holds for later cells."""
    target: str = ""
    """The file that a `%%writefile` cell writes."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells of a notebook in order, and what could not be read."""

    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...]


@lru_cache(maxsize=2)
def parse_notebook(source: Source) -> Notebook:
    """Read a notebook; problems are those of its JSON, and `notebook-format` where it has no cells."""
    from lintune.syntax.json import parse_json

    document = parse_json(source)
    problems = list(document.problems)
    nodes = _cell_nodes(document.root)
    if nodes is None:
        site = document.root.site if document.root is not None else None
        if site is not None and not problems:
            problems.append(Problem("notebook-format", "not a notebook: it has no list `cells`", site, (("line", str(site.line)),)))
        return Notebook((), tuple(problems))
    language = _language(document.root)
    cells: list[Cell] = []
    for number, node in enumerate(nodes, 1):
        if isinstance(node, Mapping):
            cells += _cells(source, node, number, language)
    return Notebook(tuple(cells), tuple(problems))


def _cell_nodes(root: Node | None) -> tuple[Node, ...] | None:
    """The cells of the notebook (nbformat 4), or of its worksheets (3)."""
    if not isinstance(root, Mapping):
        return None
    cells, sheets = root.get("cells"), root.get("worksheets")
    if isinstance(cells, Sequence):
        return cells.items
    if not isinstance(sheets, Sequence):
        return None
    found = [sheet.get("cells") for sheet in sheets.items if isinstance(sheet, Mapping)]
    return tuple(cell for each in found if isinstance(each, Sequence) for cell in each.items)


def _language(root: Node | None) -> str:
    """The language of the code cells; Python where the notebook does not say."""
    for way in (("metadata", "kernelspec", "language"), ("metadata", "language_info", "name")):
        node = root
        for key in way:
            node = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
            return node.value.lower()
    return "python"


def _cells(source: Source, node: Mapping, number: int, language: str) -> list[Cell]:
    kind = node.get("cell_type")
    written = node.get("source") or node.get("input")
    name = f"{source.path}#cell{number}"
    text = text_of(source, written, name) if written is not None else None
    if text is None or not isinstance(kind, Scalar):
        return []
    if kind.value != "code":
        return [_cell(text, Part("markdown" if kind.value == "markdown" else "other", 0, len(text.source.text)), number)]
    if language in ("bash", "sh"):
        return [_cell(text, Part("shell", 0, len(text.source.text)), number)]
    if not language.startswith(("python", "ipython")):
        return [_cell(text, Part("other", 0, len(text.source.text)), number)]
    return [_cell(text, part, number) for part in split_code(text.source.text)]


def _cell(whole: CellText, part: Part, number: int) -> Cell:
    cut = whole.cut(part.start, part.end, part.text)
    return Cell(cut.source, cut.notebook, cut.runs, part.kind, number, part.interpolated, part.lasting, part.target)
