"""The config: `lintune.toml`, or `[tool.lintune]` in `pyproject.toml`, nearest to what is checked.

Looked for from the checked file's folder up to the root of its repository; never in the home folder. The nearest one
counts alone, configs are not merged. Its keys are in `schemas/lintune-config.schema.json`.
"""

import os
from collections.abc import Mapping

from lintune.source.record import dataclass, field
from lintune.values.version import Pin

OWN, SHARED = "lintune.toml", "pyproject.toml"
"""The names of a config of lintune's own and of one shared with other tools."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a config says; the defaults are those without one."""

    path: str = ""
    """The file it was read from, as given or relative to the working folder; empty without one."""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str = ""
    gpu: str = ""
    pins: tuple[Pin, ...] = ()
    """Assumed package versions."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Assumed environment variables."""
    env: str = ""
    """The interpreter whose installed packages count, relative to the working folder."""
    house_rules: str = ""
    """The folder of further rule pages, relative to the working folder."""
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Globs relative to the config's folder, each with the rules that are not reported there."""
    exclude: tuple[str, ...] = ()
    """Globs of files that are not checked."""

    @property
    def folder(self) -> str:
        """The folder that its globs are relative to."""
        return os.path.dirname(self.path) or "."


def find_config(path: str) -> str:
    """The config file for a checked file or folder; empty where there is none."""
    folder = os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path) or ".")
    here = os.getcwd()
    first = folder
    outside: list[str] = []
    while True:
        found = _config_in(folder)
        if found and (folder == first or (folder + os.sep).startswith(here.rstrip(os.sep) + os.sep)):
            return found
        if found:
            outside.append(found)
        if os.path.exists(os.path.join(folder, ".git")):
            return outside[0] if outside else ""
        parent = os.path.dirname(folder)
        if parent == folder:
            # Without a repository, folders above the working one belong to nobody in particular.
            return ""
        folder = parent


def _config_in(folder: str) -> str:
    own = os.path.join(folder, OWN)
    if os.path.isfile(own):
        return own
    shared = os.path.join(folder, SHARED)
    if os.path.isfile(shared) and "tool.lintune" in config_text(shared):
        return shared
    return ""


def config_text(path: str) -> str:
    """The text of a config file; raises `UsageError` where it cannot be read."""
    from lintune.cli.usage import UsageError

    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{shown_path(path)}: cannot be read: {problem}") from None


def shown_path(path: str) -> str:
    """A path as messages show it: relative to the working folder where it lies below it."""
    near = os.path.relpath(path)
    return path if near.startswith("..") else near.replace(os.sep, "/")
