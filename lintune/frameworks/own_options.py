"""How a framework whose launches are config files or its own command line reads its options."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.config_files import read_mapping
from lintune.frameworks.config_keys import ReaderName, merged, read_keys
from lintune.frameworks.context import Reading
from lintune.frameworks.option_table import OptionTable, Pinned, TableOption, admitted, bare_pins, fill_spellings, library_table, pinned
from lintune.launch.word import Word
from lintune.source.record import replace
from lintune.surfaces.surface import Surface, surface_of
from lintune.syntax.tree import Mapping as Tree
from lintune.values.option import Option
from lintune.values.value import Known, Step, Unknown, Value
from lintune.values.version import Pin

Read: TypeAlias = Callable[[Reading], Parsed]
"""An adapter's reading of a launch: its options with their defaults, and what is wrong with them."""


def table_of(reading: Reading, classes: Sequence[str], unread: str = "") -> OptionTable:
    """The options of library classes that lintune knows; incomplete where it knows none of the framework's own.

    Without a pin the newest release of the framework is the likely one: an option that it has is not taken for too new.
    """
    return _table_of(tuple(classes), pinned(reading.versions), unread).copy(reading.versions)


@lru_cache(maxsize=32)
def _table_of(classes: tuple[str, ...], pinned: Pinned, unread: str) -> OptionTable:
    pins = bare_pins(pinned)
    surfaces = {dotted: found for dotted in classes if (found := surface_of(dotted)) is not None}
    known = [dotted for dotted, surface in surfaces.items() if _in_force(surface, pins)]
    own = [surfaces[dotted] for dotted in known if surfaces[dotted].package not in ("transformers", "trl")]
    missing = "" if own or any(dotted.startswith("trl.") for dotted in known) else "the framework's options are not known"
    table = library_table(*known, pins=pins, unread=unread or missing)
    for surface in own:
        last = len(surface.releases) - 1
        for name in surface.names if surface.package not in pins else ():
            option = table.options[name]
            if option.presence != "all" and surface.at(name, last):
                table.options[name] = replace(option, presence="all", works="", broken="")
    table.spellings.clear()
    fill_spellings(table)
    return table


def _in_force(surface: Surface, pins: Mapping[str, Pin]) -> bool:
    """Whether one of the releases that may be in force has the class."""
    inside = admitted(surface.package, surface, pins.get(surface.package))
    return any(first <= index <= last for index in inside for first, last in surface.class_windows)


def add_checkout(table: OptionTable, reading: Reading, folder: str) -> None:
    """The options of a checkout of the framework itself, which may be ahead of every release: by name, their types unread."""
    project = reading.context.project
    for above in project.folders_above(reading.context.script):
        base = folder if above == "." else f"{above}/{folder}"
        if not project.is_dir(base):
            continue
        for name in project.names_in(base):
            source = project.read(f"{base}/{name}") if name.endswith(".py") else None
            for found in re.findall(r"^    (\w+): ", source.text, re.MULTILINE) if source is not None else ():
                table.options.setdefault(found, TableOption(Option(found, "unknown", has_default=False)))
        fill_spellings(table)
        return


def config_of(reading: Reading, word: Word | None) -> Tree | None:
    """The config file of a launch: the YAML that was named itself, else the one that a word names; None where it cannot be read."""
    if reading.config is not None:
        return reading.config
    if word is None or not word.known:
        return None
    root = read_mapping(reading, word.text)
    return root if isinstance(root, Tree) else None


def read_config(
    reading: Reading, word: Word | None, table: OptionTable, reader: ReaderName, given: Mapping[str, Value] | None = None
) -> Parsed:
    """The options of a config file with what the command line overrides; all unknown where the file cannot be read."""
    root = config_of(reading, word)
    if root is not None:
        return read_keys(root, table, reader, given)
    parsed = Parsed()
    name = word.text if word is not None and word.known else "the config file"
    why = Unknown(f"`{name}` was not read", settle=f"the file `{name}`")
    parsed.values = {**dict.fromkeys(table.options, why), **(given or {})}
    return parsed


def read_flags(reading: Reading, words: Sequence[Word], table: OptionTable, config: Tree | None, reader: ReaderName) -> Parsed:
    """The options of a command line over those of a config file."""
    if config is None:
        return parse_command_line(words, table)
    below = read_keys(config, table, reader)
    written = {name: value for name, value in below.values.items() if value.origin and value.origin[0].kind == "config"}
    parsed = parse_command_line(words, table, written)
    parsed.items = merged(parsed.items, below.items)
    return parsed


def config_value(word: Word | None) -> Value | None:
    """A word that names a config file as a value, for the list of files."""
    if word is None:
        return None
    origin = (Step("flag", word.site),)
    return Known(word.text, origin) if word.known else Unknown(word.reason, origin)
