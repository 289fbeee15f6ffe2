"""A config file as a framework's loader reads it: its keys are options, with types as the file's format gives them.

Values lie between the defaults and the command line. Keys that no release has are `raw.unknown`, or `raw.dropped` where
the loader keeps silent about them.
"""

import re
from collections.abc import Mapping as Values
from typing import TYPE_CHECKING, Literal, TypeAlias

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.config_files import flat_values, plain_data
from lintune.frameworks.flag_items import FlagItems, Given
from lintune.frameworks.option_table import OptionTable, Spelling
from lintune.launch.word import Piece, Word
from lintune.run.run import Item
from lintune.syntax.tree import Entry, Mapping, Node, Scalar
from lintune.values.conversion import Refusal
from lintune.values.value import Absent, Data, Known, Step, Value

if TYPE_CHECKING:
    from lintune.values.config_readers import ConfigReader

ReaderName: TypeAlias = Literal["hf-parse-yaml", "llamafactory", "ms-swift", "trl"]
"""A reader of `schemas/loaders.json`, which says how values become settings."""

_EXPONENT = re.compile(r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$")
"""Numbers to YAML 1.2 and people; texts to YAML 1.1 unless they have a dot and a sign of the exponent."""


def read_keys(root: Mapping, table: OptionTable, reader: ReaderName, given: Values[str, Value] | None = None) -> Parsed:
    """The keys of a config file as options of a table; `given` holds what the command line overrides.

    Besides values and `raw.*` items, `raw.text_number` has an item per number that YAML 1.1 reads as a text and nobody converts.
    """
    from lintune.values.config_readers import config_readers

    items, parsed, how = FlagItems(table), Parsed(), config_readers()[reader]
    texts: list[Item] = []
    for entry in _last_of_each(root):
        name = str(entry.key.value)
        found = table.options.get(name)
        if found is None and table.complete:
            items.unknown(key_word(entry), name, ())
        elif found is not None and found.presence != "all":
            items.windowed(Given(key_word(entry), name, False, Spelling(name)), found)
        if how.conversion == "none" and (found is None or found.option.type in ("float", "unknown")) and is_text_number(entry.value):
            texts.append(text_number(name, entry.value))
        parsed.values[name] = _value(entry, how, table)
        if isinstance(entry.value, Mapping):
            parsed.values.update(flat_values(entry.value, "config", f"{name}."))
    for name, value in (given or {}).items():
        parsed.values[name] = value
    for name in table.options:
        if name not in parsed.values:
            parsed.values[name] = table.default(name)
    parsed.items = items.done()
    if texts:
        parsed.items["raw.text_number"] = tuple(texts)
    return parsed


def key_word(entry: Entry) -> Word:
    """A key as a word, for items that point at it."""
    return Word(entry.key.site, (Piece(str(entry.key.value), entry.key.site),))


def is_text_number(node: Node) -> bool:
    """Whether SafeLoader makes a text of what looks like a number: `1e-5`."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and not node.quoted and _EXPONENT.match(node.raw) is not None


def text_number(name: str, node: Node) -> Item:
    """The item of `raw.text_number`."""
    raw = node.raw if isinstance(node, Scalar) else ""
    head, _, tail = raw.lower().partition("e")
    dotted = f"{head if '.' in head else head + '.0'}e{tail if tail[:1] in '+-' else '+' + tail}"
    return Item({"name": Known(name), "value": Known(raw), "number": Known(dotted)}, node.site)


def _last_of_each(root: Mapping) -> list[Entry]:
    return list({entry.key.value: entry for entry in root.entries}.values())


def _value(entry: Entry, reader: "ConfigReader", table: OptionTable) -> Value:
    node = entry.value
    if not isinstance(node, Scalar):
        return Known(plain_data(node), (Step("config", entry.key.site),))
    origin = (Step("config", node.site),)
    data: Data = _loaded(node, reader)
    if data is None:
        return Absent(origin)
    found = table.options.get(str(entry.key.value))
    if found is not None and found.option.nargs != "many":
        from lintune.values.config_readers import convert_loaded

        converted = convert_loaded(_loaded(node, reader), reader.conversion, found.option)
        data = data if isinstance(converted, Refusal) else converted
    elif found is None and reader.conversion != "none" and isinstance(data, str) and is_text_number(node):
        data = float(data.replace("_", ""))  # the class that has it most likely declares a number
    return Known(data, origin)


def _loaded(node: Scalar, reader: "ConfigReader") -> str | int | float | bool | None:
    """What the reader's loader makes of a scalar; JSON means the same to all of them."""
    if node.site.source.name.endswith(".json"):
        return node.value
    from lintune.values.config_readers import loaded

    return loaded(node, reader.loader)


def merged(over: Values[str, tuple[Item, ...]], under: Values[str, tuple[Item, ...]]) -> dict[str, tuple[Item, ...]]:
    """The items of two readings together."""
    return {name: (*over.get(name, ()), *under.get(name, ())) for name in {**over, **under}}
