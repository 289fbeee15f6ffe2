"""Reads the options of a class out of a released package, from its archive, by syntax only."""

import ast
from dataclasses import dataclass, replace

from surface_archive import Archive as Archive  # type: ignore[import-not-found,unused-ignore]
from surface_archive import open_archive as open_archive
from surface_entry import Entry, Found  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.fields import ScriptDataclass, read_dataclass
from lintune.scripts.modules import Definition, External, Import, Module, Modules
from lintune.values.option import Option

LEVEL_OPTIONS = frozenset({"log_level", "log_level_replica"})


@dataclass(frozen=True, slots=True)
class Place:
    """A class of a release, where it is defined."""

    definition: Definition
    modules: Modules
    module: Module


def find_class(archive: Archive, package: str, class_name: str, file_name: str = "") -> Place | None:
    """The class of that name, in a file of that name where one is given; None where this release has none."""
    wanted = f"/{file_name}" if file_name else ""
    for path in archive.classes(package).get(class_name, ()):
        if not path.endswith(wanted):
            continue
        opened = archive.module(path)
        found = opened[0].lookup(opened[1], class_name) if opened else None
        if opened and isinstance(found, Definition):
            return Place(found, *opened)
    return None


def read_class(archive: Archive, package: str, file_name: str, class_name: str) -> ScriptDataclass | None:
    """The class with its fields, or None where this release has none of that name."""
    place = find_class(archive, package, class_name, file_name)
    if place is None:
        return None
    found = read_dataclass(place.definition, place.modules)
    _add_level_choices(found, place.modules, place.module)
    return found


def read_flags_of_class(archive: Archive, package: str, class_name: str, file_name: str = "") -> Found | None:
    """A dataclass as a parser of command lines sees it."""
    surface = read_class(archive, package, file_name, class_name)
    if surface is None:
        return None
    place = find_class(archive, package, class_name, file_name)
    renamed = _renamed_bases(place) if place is not None else ()
    found = Found(bases=(*surface.bases, *renamed), source=_source(surface, class_name))
    for option in surface.options.values():
        found.add(option.name, Entry(option))
    return found


def _renamed_bases(place: Place) -> tuple[str, ...]:
    """Library classes that a base is another name of: `BaseTrainingArguments = Seq2SeqTrainingArguments`."""
    found: list[str] = []
    for base in getattr(place.definition.node, "bases", ()):
        match place.modules.resolve(place.definition.module, base):
            case Definition(module=home, node=ast.Assign(value=ast.Name() as value)):
                meaning = place.modules.resolve(home, value)
                found += [meaning.dotted] if isinstance(meaning, External) else []
    return tuple(found)


def _source(surface: ScriptDataclass, class_name: str) -> str:
    path = surface.definitions[-1].module.source.path if surface.definitions else ""
    return f"{path} {class_name}"


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
