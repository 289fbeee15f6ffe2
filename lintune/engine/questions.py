"""What a check of a file asked of its project, kept with the answers, so that a later run can tell whether they still hold."""

from collections.abc import Iterable
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, TypeAlias

from lintune.engine.cache import digest
from lintune.launch.project import Project
from lintune.source.text import Problem, Source

if TYPE_CHECKING:
    from lintune.launch.pins import FilePin

Question: TypeAlias = tuple[str, str]
"""What was asked (a method of `Project`) and of which path."""
Answer: TypeAlias = bytes | str | bool
"""The answer itself, or a digest of it."""

_KINDS = ("load", "exists", "is_dir", "names_in", "files_below", "namesakes", "root_of", "folders_above", "folder_config", "hub_config")


class WatchedProject(Project):
    """A project that notes in `asked` every question about files, with its answer, also where it was answered before."""

    def __init__(self, paths: Iterable[str] = (), cwd: str | None = None) -> None:
        self.asked: dict[Question, Answer] = {}
        self._loaded: dict[str, tuple[Source | Problem, bytes]] = {}
        self._pins_asked: dict[str, dict[Question, Answer]] = {}
        super().__init__(paths, cwd)

    def still(self, question: Question, answer: Answer) -> bool:
        """Whether a question has the answer that it had."""
        kind, path = question
        if kind not in _KINDS:
            return False
        if question not in self.asked:
            getattr(self, kind)(path)
        return self.asked.get(question) == answer

    def load(self, path: str) -> Source | Problem:
        """The text of a file, or why it cannot be read."""
        known = self._loaded.get(path)
        if known is None:
            found = super().load(path)
            known = self._loaded[path] = (found, _answer(found))
        self.asked["load", path] = known[1]
        return known[0]

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        found = self.asked["exists", path] = super().exists(path)
        return found

    def is_dir(self, path: str) -> bool:
        """Whether a folder is there."""
        found = self.asked["is_dir", path] = super().is_dir(path)
        return found

    def names_in(self, folder: str) -> list[str]:
        """The names in a folder."""
        found = super().names_in(folder)
        self.asked["names_in", folder] = digest("\0".join(found))
        return found

    def files_below(self, folder: str) -> tuple[str, ...]:
        """The files below a folder."""
        found = super().files_below(folder)
        self.asked["files_below", folder] = digest("\0".join(found))
        return found

    def namesakes(self, path: str) -> tuple[str, ...]:
        """The files with the name of a path anywhere below its folder."""
        found = super().namesakes(path)
        self.asked["namesakes", path] = "\0".join(found)
        return found

    def root_of(self, path: str) -> str:
        """The root of the project that holds a file."""
        found = self.asked["root_of", path] = super().root_of(path)
        return found

    def folders_above(self, path: str) -> list[str]:
        """The folder of a file and those above it."""
        found = super().folders_above(path)
        self.asked["folders_above", path] = "\0".join(found)
        return found

    def folder_config(self, folder: str) -> Source | Problem | None:
        """The config.json of a model's folder."""
        found = super().folder_config(folder)
        self.asked["folder_config", folder] = _answer(found)
        return found

    def hub_config(self, name: str) -> Source | Problem | None:
        """The config.json of a hub model in the cache of this machine."""
        found = super().hub_config(name)
        self.asked["hub_config", name] = _answer(found)
        return found

    def pins_near(self, path: str) -> "tuple[FilePin, ...]":
        """The requirements beside or above a file; what was read for them the first time counts every time."""
        folder, before = dirname(normpath(path)), self.asked
        self.asked = {}
        found = super().pins_near(path)
        asked = self._pins_asked.setdefault(folder, self.asked)
        self.asked = before
        self.asked.update(asked)
        return found


def _answer(found: Source | Problem | None) -> bytes:
    """A digest of what was read, or of why nothing was."""
    if isinstance(found, Source):
        return digest(f"{found.path}\0{found.encoding}\0{found.text}")
    return digest(f"{found.kind}: {found.message}" if found is not None else "")
