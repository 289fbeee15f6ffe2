"""Reads the options of a class out of a released package, from its archive, by syntax only."""

import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lintune.scripts.fields import ScriptDataclass, read_dataclass
from lintune.scripts.modules import Definition, Import, Module, Modules
from lintune.source.text import Source
from lintune.values.option import Option
from lintune.values.value import Data

LEVEL_OPTIONS = frozenset({"log_level", "log_level_replica"})


@dataclass(frozen=True, slots=True)
class Archive:
    """The Python files of a wheel or source archive, by path inside the package's own folder."""

    names: frozenset[str]
    read: Callable[[str], str | None]


def open_archive(path: Path) -> Archive:
    """Opens a downloaded archive; nothing is unpacked to disk."""
    if path.suffix == ".whl":
        wheel = zipfile.ZipFile(path)
        names = frozenset(name for name in wheel.namelist() if name.endswith(".py"))
        return Archive(names, lambda name: wheel.read(name).decode("utf-8", "replace") if name in names else None)
    archive = tarfile.open(path)  # noqa: SIM115 -- read lazily by the closure below
    members = {member.name.partition("/")[2].removeprefix("src/"): member for member in archive if member.name.endswith(".py")}

    def read(name: str) -> str | None:
        handle = archive.extractfile(members[name]) if name in members else None
        return handle.read().decode("utf-8", "replace") if handle else None

    return Archive(frozenset(members), read)


def read_class(archive: Archive, package: str, file_name: str, class_name: str) -> ScriptDataclass | None:
    """The class with its fields, or None where this release has none of that name."""
    suffix = f"/{file_name}"
    for path in sorted(name for name in archive.names if name.startswith(f"{package}/") and name.endswith(suffix)):
        text = archive.read(path)
        if text is None or f"class {class_name}" not in text:
            continue

        def read(name: str) -> Source | None:
            found = archive.read(name)
            return Source(name, found) if found is not None else None

        modules = Modules(Source(path, text), read)
        if modules.entry is None:
            continue
        definition = modules.lookup(modules.entry, class_name)
        if isinstance(definition, Definition):
            found = read_dataclass(definition, modules)
            _add_level_choices(found, modules, modules.entry)
            return found
    return None


def _add_level_choices(found: ScriptDataclass, modules: Modules, module: Module) -> None:
    """`log_level` takes the names of `utils.logging.log_levels` and `passive` (`trainer_log_levels`, a computed dict)."""
    if not LEVEL_OPTIONS & found.options.keys():
        return
    logging = modules.load(Import("utils.logging", "", 1), module)
    if logging is None or "log_levels" not in logging.definitions:
        return
    node = logging.definitions["log_levels"]
    names = [key.value for key in getattr(getattr(node, "value", None), "keys", [])]
    for name in LEVEL_OPTIONS & found.options.keys():
        found.options[name] = _with_choices(found.options[name], (*names, "passive"))


def _with_choices(option: Option, choices: tuple[str, ...]) -> Option:
    return replace(option, choices=choices)


def encode(option: Option, choices: list[list[str]]) -> list[Data | dict[str, object]]:
    """An option as `[type, default]` or `[type, default, {more}]`; choice lists are shared by index."""
    more: dict[str, object] = {}
    if option.choices:
        wanted = list(option.choices)
        if wanted not in choices:
            choices.append(wanted)
        more["choices"] = choices.index(wanted)
    if option.nargs == "many":
        more["many"] = 1
    if option.nargs == "optional" and option.type != "bool":
        more["optional"] = 1
    if option.required:
        more["required"] = 1
    if not option.default_known:
        more["unread"] = 1
    if option.spellings:
        more["aliases"] = list(option.spellings[1:])
    default = json.loads(json.dumps(option.default))
    return [option.type, default, more] if more else [option.type, default]
