"""The Python files of a downloaded release, and the modules in them; nothing is unpacked or imported."""

import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import lintune.scripts.modules as script_modules
from lintune.scripts.modules import Module, Modules
from lintune.source.text import Source

# A launch script may pull in a few dozen files; a whole released package may be read here.
script_modules._MOST_MODULES = 2000
script_modules._MOST_READS = 20000

_CLASS = re.compile(r"^class[ \t]+(\w+)", re.MULTILINE)
_DATA_FOLDER = re.compile(r"^[^/]+\.data/(?:purelib|platlib)/")


@dataclass(frozen=True, slots=True)
class Archive:
    """The Python files of a wheel or source archive, by path inside the package's own folder."""

    names: frozenset[str]
    read: Callable[[str], str | None]
    _classes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _modules: dict[str, Modules] = field(default_factory=dict)

    def source(self, path: str) -> Source | None:
        """A file as a source; none where a package of the same name is what gets imported instead."""
        text = None if f"{path.removesuffix('.py')}/__init__.py" in self.names else self.read(path)
        return Source(path, text) if text is not None else None

    def module(self, path: str) -> tuple[Modules, Module] | None:
        """A file parsed, with the reader that follows its imports; None where it is not there or does not parse."""
        source = self.source(path)
        if source is None:
            return None
        package = path.partition("/")[0]
        if package not in self._modules:
            self._modules[package] = Modules(source, self.source)
        modules = self._modules[package]
        module = modules.parse(source)
        return (modules, module) if module is not None else None

    def files(self, package: str, suffix: str = "") -> list[str]:
        """The files of a package, by the end of their path."""
        return sorted(name for name in self.names if name.startswith(f"{package}/") and name.endswith(suffix))

    def classes(self, package: str) -> Mapping[str, list[str]]:
        """Every top-level class of a package, with the files that define one of that name."""
        if package not in self._classes:
            found: dict[str, list[str]] = {}
            for path in self.files(package):
                source = self.source(path)
                for name in _CLASS.findall(source.text if source is not None else ""):
                    found.setdefault(name, []).append(path)
            self._classes[package] = found
        return self._classes[package]


def open_archive(path: Path) -> Archive:
    """Opens a downloaded archive; nothing is unpacked to disk."""
    if path.suffix in (".whl", ".zip"):
        wheel = zipfile.ZipFile(path)
        inside = {_DATA_FOLDER.sub("", name): name for name in wheel.namelist() if name.endswith(".py")}
        return Archive(frozenset(inside), lambda name: wheel.read(inside[name]).decode("utf-8", "replace") if name in inside else None)
    archive = tarfile.open(path)  # noqa: SIM115 -- read lazily by the closure below
    members = {member.name.partition("/")[2].removeprefix("src/"): member for member in archive if member.name.endswith(".py")}

    def read(name: str) -> str | None:
        handle = archive.extractfile(members[name]) if name in members else None
        return handle.read().decode("utf-8", "replace") if handle else None

    return Archive(frozenset(members), read)
