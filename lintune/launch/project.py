"""The files around a launch: one place that reads them, bounded, once, and never outside of the project."""

import os
from collections.abc import Iterable
from posixpath import dirname, isabs, join, normpath
from typing import TYPE_CHECKING

from lintune.launch.folders import walk_files
from lintune.source.read import decode_problem, read_source, unread
from lintune.source.text import Problem, Source

if TYPE_CHECKING:
    from lintune.launch.launchers import Launch
    from lintune.launch.pins import FilePin

MAX_ANCESTORS = 12
"""How far up a root is looked for."""
MAX_WALK = 20_000
"""How many files are looked through for a missing one."""
MAX_CONFIG = 4_000_000
"""Characters of a model's config.json; real ones have some thousand."""

MAX_ABOVE_MARK = 4
"""How far up a root without a repository is looked for, for files that are not below the working folder."""

_FAR = os.path.join("..", "..", "..", "..")
"""How a relative path starts that says less than the full one."""
_REPOSITORY = (".git", ".hg")
_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "environment.yml", "uv.lock", "poetry.lock")

_KINDS = frozenset((".py", ".ipynb", ".sh", ".bash", ".sbatch", ".slurm", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".md", ".txt"))
"""Endings of files that are not meant for one another: nobody writes `train.py` for `train.sh`."""


class Project:
    """Reads what launches refer to. Paths are relative to the working folder (or absolute), with forward slashes.

    Only the paths given by the user and what lies below their roots is read, links followed; the rest is only looked for.
    """

    def __init__(self, paths: Iterable[str] = (), cwd: str | None = None) -> None:
        self.cwd = os.path.realpath(cwd or os.getcwd())
        self._real_folders: dict[str, str] = {}
        self._given = {self._real(path) for path in paths}
        self._roots: dict[str, str] = {}
        self._sources: dict[str, Source | Problem] = {}
        self._exists: dict[str, bool] = {}
        self._files: dict[str, tuple[str, ...]] = {}
        self._by_name: dict[str, dict[str, list[str]]] = {}
        self._pins: dict[str, tuple[FilePin, ...]] = {}
        self._allowed = {self._real(self.root_of(path)) for path in self._given}

    def full(self, path: str) -> str:
        """The path for the operating system."""
        return os.path.join(self.cwd, path)

    def shown(self, full: str) -> str:
        """A full path as reports show it."""
        if full == self.cwd:
            return "."
        inside = full.startswith(self.cwd + os.sep)
        relative = full[len(self.cwd) + 1 :] if inside else os.path.relpath(full, self.cwd)
        return (full if relative.startswith(_FAR) else relative).replace(os.sep, "/")

    def read(self, path: str) -> Source | None:
        """The text of a file, or None where it cannot be read: `problem` says why."""
        found = self.load(path)
        return found if isinstance(found, Source) else None

    def problem(self, path: str) -> Problem | None:
        """Why a file cannot be read (`missing-file`, `outside-project` ...), or what is wrong with its bytes (`not-utf8`)."""
        found = self.load(path)
        return decode_problem(found) if isinstance(found, Source) else found

    def load(self, path: str) -> Source | Problem:
        """The text of a file, or why it cannot be read; read once."""
        path = normpath(path)
        found = self._sources.get(path)
        if "\0" in path:
            return unread("missing-file", "a path cannot hold a NUL byte", path.replace("\0", "\ufffd"))
        if found is None:
            real = self._real(path)
            if real in self._given or any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._allowed):
                found = read_source(real, path)
            else:
                found = unread("outside-project", f"`{path}` lies outside of the project and is not read", path)
            self._sources[path] = found
        return found

    def folder_config(self, folder: str) -> "Source | Problem | None":
        """The config.json of a folder that a launch names as its model, also outside of the project; None where there is none."""
        return model_config(self.full(folder), normpath(join(folder, "config.json")))

    def hub_config(self, name: str) -> "Source | Problem | None":
        """The config.json of a hub model (`NAME`, or `NAME@REVISION`) in the hub's cache of this machine; None where there is none."""
        from lintune.launch.hub_cache import cached_snapshot

        model, _, revision = name.partition("@")
        folder = cached_snapshot(model, revision or "main")
        return model_config(folder, f"{self.shown(folder)}/config.json") if folder else None

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        found = self._exists.get(path)
        if found is None:
            found = self._exists[path] = bool(path) and "\0" not in path and os.path.exists(self.full(path))
        return found

    def is_dir(self, path: str) -> bool:
        """Whether a folder is there."""
        return "\0" not in path and os.path.isdir(self.full(path))

    def root_of(self, path: str) -> str:
        """The root of the repository or project that holds a file.

        The nearest folder above with `.git`; else the outermost up to the working folder with a requirement or project
        file (a part of a project may have its own); else the working folder where the file is below it, else its own folder.
        """
        full = self._real(path)
        folder = full if os.path.isdir(full) else os.path.dirname(full)
        found = self._roots.get(folder)
        if found is None:
            found = self._roots[folder] = self.shown(self._find_root(folder))
        return found

    def folder_of(self, launch: "Launch | None", script_path: str) -> tuple[str, bool]:
        """The folder in which a launch runs, and whether a file that it names was found from there.

        Tried: the script's folder, its ancestors up to the root, the working folder; each with the script's own `cd`.
        """
        candidates = self.start_folders(script_path)
        if launch is None:
            return candidates[0], False
        moved = launch.command.cwd
        runs_in = list(dict.fromkeys(normpath(join(folder, moved)) if moved else folder for folder in candidates))
        for name in _named_files(launch):
            for folder in runs_in:
                if self.exists(normpath(join(folder, name))):
                    return folder, True
        for name in _module_files(launch):
            for folder in runs_in:
                if self.exists(normpath(join(folder, name))):
                    return folder, False  # it may as well be installed, and the launch started elsewhere
        return runs_in[0], False

    def start_folders(self, script_path: str) -> list[str]:
        """Where a script may have been started, the likeliest first."""
        folders = self.folders_above(script_path)
        return folders if "." in folders else [*folders, "."]

    def folders_above(self, path: str) -> list[str]:
        """The folder of a file and those above it up to its root."""
        folders, root = [normpath(dirname(path) or ".")], self.root_of(path)
        while len(folders) <= MAX_ANCESTORS:
            real = self._real(folders[-1])
            above = self.shown(os.path.dirname(real))
            if self.shown(real) == root or above == folders[-1]:
                break
            folders.append(above)
        return folders

    def near(self, path: str) -> str | None:
        """An existing file or folder that was probably meant by a path that is not there."""
        from lintune.launch.near_names import common_tail, nearest_name

        path = normpath(path)
        folder, name = dirname(path) or ".", path.rpartition("/")[2]
        ending = os.path.splitext(name)[1].lower()
        kin = [each for each in self.names_in(folder) if ending not in _KINDS or os.path.splitext(each)[1].lower() not in _KINDS - {ending}]
        same = nearest_name(name, kin)
        if same:
            return normpath(join(folder, same))
        root = self.root_of(folder if self.is_dir(folder) else ".")
        twins = self.namesakes(join(root, name))
        if twins:
            return max(twins, key=lambda file: (common_tail(file, path), -len(file), file))
        above = dirname(folder) or "."
        meant = nearest_name(folder.rpartition("/")[2], self.names_in(above)) if folder not in (".", "/") else None
        if meant and self.exists(normpath(join(above, meant, name))):
            return normpath(join(above, meant, name))
        return None

    def names_in(self, folder: str) -> list[str]:
        """The names in a folder; none where it cannot be listed."""
        try:
            return sorted(os.listdir(self.full(folder)))
        except (OSError, ValueError):
            return []

    def files_below(self, folder: str) -> tuple[str, ...]:
        """The files below a folder (at most some ten thousand), environments and hidden folders skipped."""
        found = self._files.get(folder)
        if found is None:
            found = tuple(self.shown(file) for file in walk_files(self._real(folder), MAX_WALK))
            self._files[folder] = found
        return found

    def namesakes(self, path: str) -> tuple[str, ...]:
        """The files with the name of a path anywhere below its folder (among at most some ten thousand)."""
        folder = dirname(path) or "."
        index = self._by_name.get(folder)
        if index is None:
            index = self._by_name[folder] = {}
            for file in walk_files(self._real(folder), MAX_WALK):
                index.setdefault(file.rpartition(os.sep)[2], []).append(file)
        return tuple(self.shown(file) for file in index.get(path.rpartition("/")[2], ()))

    def pins_near(self, path: str) -> "tuple[FilePin, ...]":
        """The requirements beside or above a file up to its root, nearest first."""
        folder = dirname(normpath(path))
        found = self._pins.get(folder)
        if found is None:
            from lintune.launch.pins import find_pins

            found = self._pins[folder] = find_pins(self.folders_above(path), self.names_in, self.read)
        return found

    def _real(self, path: str) -> str:
        """The path without links; those of a folder are followed once."""
        return self._real_path(os.path.join(self.cwd, path))

    def _real_path(self, full: str) -> str:
        folder, name = os.path.split(full)
        if name in ("", os.curdir, os.pardir):
            return os.path.realpath(full)
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = self._real_path(folder)
        joined = os.path.join(real, name)
        return os.path.realpath(joined) if os.path.islink(joined) else joined

    def _find_root(self, folder: str) -> str:
        above = [folder]
        while len(above) <= MAX_ANCESTORS and os.path.dirname(above[-1]) != above[-1]:
            above.append(os.path.dirname(above[-1]))
        for candidate in above:
            if _holds(candidate, _REPOSITORY):
                return candidate
        inside = [candidate for candidate in above if candidate == self.cwd or candidate.startswith(self.cwd.rstrip(os.sep) + os.sep)]
        marked = [candidate for candidate in inside or above[:MAX_ABOVE_MARK] if _holds(candidate, _MARKS)]
        if marked:
            return marked[-1]
        return self.cwd if inside else folder


def model_config(folder: str, shown: str) -> Source | Problem | None:
    """The text of a folder's config.json, or why it cannot be read; None where there is no such file."""
    path = os.path.join(folder, "config.json")
    if "\0" in path or not os.path.isfile(path):
        return None
    found = read_source(path, shown)
    if isinstance(found, Source) and len(found.text) > MAX_CONFIG:
        return unread("too-large", f"`{shown}` is larger than {MAX_CONFIG // 1_000_000} MB", shown)
    return found


def _holds(folder: str, names: Iterable[str]) -> bool:
    return any(os.path.exists(os.path.join(folder, name)) for name in names)


def _named_files(launch: "Launch") -> list[str]:
    """Relative paths that a launch names: its entry first, then arguments that look like files."""
    names = [launch.entry.text] if launch.entry is not None and launch.entry.known and not launch.module else []
    for word in (*launch.options.values(), *launch.args):
        text = word.text.rpartition("=")[2]
        if word.known and text.endswith((".py", ".json", ".yaml", ".yml", ".toml", ".jsonl")):
            names.append(text)
    return [name for name in names if not isabs(name)]


def _module_files(launch: "Launch") -> list[str]:
    """The files that the module of a `-m` launch may be."""
    if launch.entry is None or not launch.module or not launch.entry.known:
        return []
    path = launch.entry.text.replace(".", "/")
    return [f"{path}.py", f"{path}/__main__.py"]
