"""The check of a file as plain data, to keep it for a later run or to hand it from one process to another.

Records become tuples that start with the number of their class, sites name a source by its place in a list of sources.
"""

from typing import Any, TypeAlias

from lintune.engine.finding import Finding, Location, Wait, Way
from lintune.engine.outcome import FileCheck, Outcome
from lintune.engine.result import CheckedFile
from lintune.launch.project import Project
from lintune.run.run import Run
from lintune.source.edits import Edit
from lintune.source.text import Site, Source, Span
from lintune.syntax.suppression import Suppression

Plain: TypeAlias = tuple[Any, ...]
"""Strings, numbers, None, and tuples and lists of them."""

_RECORDS: tuple[type[Any], ...] = (Finding, Location, Way, Edit, CheckedFile, Suppression)
_NUMBERS = {record: number for number, record in enumerate(_RECORDS)}
_SITE = -1


class NotPlainError(TypeError):
    """A value that has no plain form."""


def to_plain(check: FileCheck, project: Project) -> Plain:
    """The plain form. Of launches only what reports tell is kept: framework, path and place. Raises `NotPlainError`."""
    writer, outcome = _Writer(project), check.outcome
    parts = (
        writer.plain(tuple(check.files.values())),
        writer.plain(tuple(outcome.findings)),
        [(wait.rule, wait.name, wait.reason, wait.settle, wait.path) for wait in outcome.waits],
        sorted(outcome.decided),
        sorted(outcome.undecided),
        list(outcome.crashed),
        [(run.framework, run.path, writer.plain(run.site), run.subject) for run in check.launches],
        [(path, writer.plain(found)) for path, found in check.suppressions.items()],
        list(check.notes),
        list(check.uses),
    )
    return (tuple(writer.sources), *parts)


def from_plain(data: Plain, project: Project) -> FileCheck:
    """The check again; the files it is about are read from the project. Raises `NotPlainError` where they cannot be."""
    sources, files, findings, waits, decided, undecided, crashed, launches, suppressions, notes, uses = data
    reader = _Reader([_source(each, project) for each in sources])
    return FileCheck(
        files={file.path: file for file in reader.value(files)},
        outcome=Outcome(list(reader.value(findings)), [Wait(*each) for each in waits], set(decided), set(undecided), crashed),
        launches=[Run(framework, path, reader.value(site), subject) for framework, path, site, subject in launches],
        suppressions={path: reader.value(found) for path, found in suppressions},
        notes=notes,
        uses=uses,
    )


class _Writer:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._numbers: dict[int, int] = {}
        self.sources: list[tuple[str, ...]] = []

    def plain(self, value: object) -> Any:
        """A value's plain form."""
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, tuple):
            return [self.plain(each) for each in value]
        if isinstance(value, Site):
            return (_SITE, self._source(value.source), value.span.start, value.span.end)
        number = _NUMBERS.get(type(value))
        if number is None:
            raise NotPlainError(type(value).__name__)
        return (number, *(self.plain(getattr(value, name)) for name in _RECORDS[number].__match_args__))

    def _source(self, source: Source) -> int:
        number = self._numbers.get(id(source))
        if number is None:
            number = self._numbers[id(source)] = len(self.sources)
            of_project = self._project.read(source.path) is source
            self.sources.append((source.path,) if of_project else (source.path, source.text, source.encoding, source.newline))
        return number


class _Reader:
    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources

    def value(self, data: Any) -> Any:
        """The value of a plain form."""
        if isinstance(data, list):
            return tuple([self.value(each) for each in data])
        if not isinstance(data, tuple):
            return data
        if data[0] == _SITE:
            return Site(self._sources[data[1]], Span(data[2], data[3]))
        return _RECORDS[data[0]](*[self.value(each) for each in data[1:]])


def _source(parts: tuple[str, ...], project: Project) -> Source:
    if len(parts) > 1:
        path, text, encoding, newline = parts
        return Source(path, text, encoding, newline)
    found = project.read(parts[0])
    if found is None:
        raise NotPlainError(f"`{parts[0]}` cannot be read")
    return found
