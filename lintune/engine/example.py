"""The examples of a rule page: small folders of files, with marks at the lines where findings are expected."""

import re

from lintune.engine.page import Page, PageError
from lintune.source.record import dataclass, field

SHARED = "files"
"""Named blocks below a heading of this name belong to every example of the page."""
STANDS_FOR = str.maketrans({"\u2420": " ", "\u2400": "\0", "\u240d": "\r", "\u2426": "\udcff"})
"""Control pictures for what a page cannot hold: a blank at the end of a line, NUL, a carriage return, a byte that is no UTF-8."""

_FENCE = re.compile(r"^(`{3,})[ \t]*([\w+-]*)[ \t]*([^`\s]*)[ \t]*$")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_MARK = re.compile(r"\s*(?:#|//)\s*(error|warning|info):\s*([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\s*$")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A finding that an example expects."""

    path: str
    line: int
    severity: str
    name: str


@dataclass(slots=True)
class Example:
    """The named blocks below one heading."""

    heading: str
    files: dict[str, str] = field(default_factory=dict)
    """Texts by path, marks removed."""
    marks: list[Mark] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    """Extra options of `check`, from a block ```` ```args ````."""

    @property
    def silent(self) -> bool:
        """Whether no error or warning is expected."""
        return not self.marks

    def targets(self) -> list[str]:
        """The files that a user would name: the launch scripts, else configs, else the JSON files, else scripts."""
        for endings in ((".sh", ".bash", ".sbatch", ".slurm"), (".yaml", ".yml", ".toml"), (".json",), (".py", ".ipynb")):
            found = [path for path in self.files if path.endswith(endings)]
            if found:
                return found
        return list(self.files)


def read_examples(page: Page) -> list[Example]:
    """The examples of a page, in order; raises `PageError` for a block that is not closed or a name used twice."""
    shared = Example(SHARED)
    examples: list[Example] = []
    current = Example("")
    lines = page.body.split("\n")
    at = 0
    while at < len(lines):
        heading, fence = _HEADING.match(lines[at]), _FENCE.match(lines[at])
        if heading:
            current = shared if heading[1].lower() == SHARED else Example(heading[1])
            examples.append(current)
        elif fence:
            end = _closing(lines, at, fence[1], page)
            _take(current, fence[2], fence[3], lines[at + 1 : end], page, page.body_line + at)
            at = end
        at += 1
    return [_with_shared(example, shared) for example in examples if example.files and example is not shared]


def _closing(lines: list[str], at: int, ticks: str, page: Page) -> int:
    for index in range(at + 1, len(lines)):
        if lines[index].rstrip() == ticks:
            return index
    raise PageError(page.path, page.body_line + at, "the block is not closed")


def _take(example: Example, language: str, path: str, lines: list[str], page: Page, line: int) -> None:
    if language == "args":
        import shlex

        example.arguments.extend(shlex.split("\n".join(lines), comments=True))
        return
    if not path:
        return
    if path in example.files:
        raise PageError(page.path, line, f"`{path}` is written twice below one heading")
    if path.startswith("/") or ".." in path.split("/"):
        raise PageError(page.path, line, f"`{path}` leaves the example's folder")
    text: list[str] = []
    for number, each in enumerate(lines, 1):
        mark = _MARK.search(each)
        while mark:
            example.marks.extend(Mark(path, number, mark[1], name.strip()) for name in mark[2].split(","))
            each = each[: mark.start()]
            mark = _MARK.search(each)
        text.append(each.translate(STANDS_FOR))
    example.files[path] = "\n".join(text) + "\n"


def _with_shared(example: Example, shared: Example) -> Example:
    example.files = {**shared.files, **example.files}
    example.arguments = [*shared.arguments, *example.arguments]
    return example
