"""Bounded walks through a folder that skip what is never part of a launch."""

import os
from collections.abc import Iterator
from operator import attrgetter

MAX_FILES = 50_000
"""A walk ends after this many files."""
_SKIPPED = (
    ".git .hg .svn .venv venv env node_modules __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache site-packages wandb "
    ".ipynb_checkpoints .eggs build dist"
)
SKIPPED = frozenset(_SKIPPED.split())
"""Folders that hold no launches of one's own: environments, caches, build results."""
_ENVIRONMENT = frozenset(("pyvenv.cfg", "conda-meta"))
"""Names that are found in the folder of an environment, whatever it is called."""
_NAME = attrgetter("name")


def walk_files(folder: str, limit: int = MAX_FILES) -> Iterator[str]:
    """The files below a folder, in order of their names, files of a folder before its subfolders.

    Hidden folders, environments (any folder with a `pyvenv.cfg` or `conda-meta`) and links to folders are skipped.
    """
    seen = 0
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=_NAME)
        except OSError:
            continue
        if here != folder and not _ENVIRONMENT.isdisjoint(map(_NAME, found)):
            continue
        folders = []
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED and not entry.name.startswith("."):
                    folders.append(entry.path)
            elif entry.is_file():
                seen += 1
                if seen > limit:
                    return
                yield entry.path
        pending += reversed(folders)
