"""Checks of single files, kept from one run to the next.

One file of the cache for each set of paths and options that was asked for. The check of a file counts again when lintune, its rules
and Python are what they were, and every question that it asked of the project (texts, names in folders, files that are there or not)
has the answer it had.
"""

import marshal
import os
import sys
from collections.abc import Sequence
from typing import TypeAlias

from lintune import __version__
from lintune.engine.cache import digest, keep, read_kept
from lintune.engine.outcome import FileCheck, Task
from lintune.engine.plain import NotPlainError, Plain, from_plain, to_plain
from lintune.engine.questions import Answer, Question, WatchedProject
from lintune.engine.result import CheckOptions
from lintune.source.data import calibration_state, data_path

Answered: TypeAlias = tuple[dict[Question, Answer], Plain]
"""What the check of a file asked, and what it found."""
Key: TypeAlias = tuple[str, str, bool, bool]
"""A task: path, role, whether the file was named, whether it is checked on its own."""
_BESIDE = ("__pycache__", "cli", "report", "lsp", "dryrun")
"""Folders of code that do not decide what is found in a file."""
_NO_REFERENCES = 2
"""The version of marshal's format in which equal data have equal bytes."""
_INSTALLED = ("/site-packages/", "/dist-packages/", "\\site-packages\\")
"""Folders in which installers put packages: they replace files, and so change the folder, and nobody edits them in place."""
_DATA = ("rules", "schemas", "models")


class KeptChecks:
    """The checks kept for some paths and options, by file."""

    def __init__(self, project: WatchedProject, paths: Sequence[str], options: CheckOptions) -> None:
        self._project = project
        self._made_from = _lintune(options.house_rules)
        self._name = "checks-" + digest(repr((project.cwd, tuple(paths), options, calibration_state()))).hex()
        self._questions: list[tuple[Question, Answer]] = []
        """Every question with the answer it had; kept checks name theirs by number, since neighbours ask the same."""
        self._holds: dict[int, bool] = {}
        self._kept: dict[Key, tuple[list[int], Plain]] = {}
        self._added: dict[Key, Answered] = {}
        self._used: set[Key] = set()
        self.selected: frozenset[str] | None = None
        """The names of the rules that the options select; None where no check was kept."""
        self.page_notes: tuple[str, ...] = ()
        """What was wrong with pages."""
        found = read_kept(self._name)
        if isinstance(found, tuple) and len(found) == 5 and found[0] == self._made_from:
            _, self.selected, self.page_notes, self._questions, self._kept = found

    def find(self, task: Task) -> FileCheck | None:
        """The check of a file, if it still holds."""
        key = _key(task)
        numbers, plain = self._kept.get(key, (None, ()))
        if numbers is None or not all(map(self._question_holds, numbers)):
            return None
        try:
            found = from_plain(plain, self._project)
        except NotPlainError:
            return None
        self._used.add(key)
        return found

    def add(self, task: Task, answered: Answered) -> None:
        """Keep what a file's check asked and found."""
        self._added[_key(task)] = answered

    def keep(self, task: Task, found: FileCheck) -> None:
        """Keep the check of a file that was made just now, where it has a plain form."""
        made = answered(found, self._project)
        if made is not None:
            self.add(task, made)

    def write(self, selected: frozenset[str], page_notes: tuple[str, ...]) -> None:
        """Keep the checks of this run for the next one, if any is new; others are forgotten."""
        if not self._added:
            return
        table: dict[tuple[Question, Answer], int] = {}
        checks: dict[Key, tuple[list[int], Plain]] = {}
        for key in self._used:
            numbers, plain = self._kept[key]
            checks[key] = ([table.setdefault(self._questions[number], len(table)) for number in numbers], plain)
        for key, (asked, plain) in self._added.items():
            checks[key] = ([table.setdefault(each, len(table)) for each in asked.items()], plain)
        keep(self._name, (self._made_from, selected, page_notes, list(table), checks))

    def _question_holds(self, number: int) -> bool:
        found = self._holds.get(number)
        if found is None:
            question, answer = self._questions[number]
            found = self._holds[number] = self._project.still(question, answer)
        return found


def answered(found: FileCheck, project: WatchedProject) -> Answered | None:
    """The check of a file with all it asked; None where it is not to be kept: it failed, or it has no plain form."""
    if found.outcome.crashed:
        return None
    try:
        return project.asked, to_plain(found, project)
    except NotPlainError:
        return None


def _key(task: Task) -> Key:
    return (task.file.path, task.file.role, task.file.named, task.alone)


def _lintune(house_rules: str) -> bytes:
    """What the answer depends on beside the files: the release, Python, and the code, pages and data as they are on disk."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = os.path.abspath(house_rules) if house_rules else "\0"
    folders = [package, *(data_path(name) for name in _DATA), *([os.path.abspath(house_rules)] if house_rules else [])]
    each = not any(part in package for part in _INSTALLED)
    stamps = [stamp for folder in dict.fromkeys(folders) for stamp in _stamps(folder, each or folder.startswith(own))]
    return digest(marshal.dumps((__version__, sys.version, sorted(stamps)), _NO_REFERENCES))


def _stamps(folder: str, each: bool) -> list[tuple[str, int, int]]:
    """The files below a folder with their sizes and times of change; where not `each` counts, the folders with theirs."""
    found: list[tuple[str, int, int]] = []
    try:
        if not each:
            found.append((folder, 0, os.stat(folder).st_mtime_ns))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name in _BESIDE:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found += _stamps(entry.path, each)
                elif each:
                    status = entry.stat()
                    found.append((entry.path, status.st_size, status.st_mtime_ns))
    except OSError:
        pass
    return found
