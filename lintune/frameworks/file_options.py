"""The options of a script whose dataclasses are filled from a file alone: its command line only names the file."""

from collections.abc import Sequence

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.config_files import read_mapping
from lintune.frameworks.config_keys import merged, read_keys
from lintune.frameworks.context import Reading
from lintune.frameworks.option_table import OptionTable, command_table, option_table
from lintune.launch.word import Word
from lintune.scripts.config_source import ConfigSource
from lintune.scripts.entry import EntryScript
from lintune.syntax.tree import Mapping
from lintune.values.value import Absent, Known, Step, Unknown, Value


def read_file_options(reading: Reading, words: Sequence[Word], script: EntryScript, source: ConfigSource) -> Parsed:
    """The keys of the file as options, beside the options of the command line."""
    line = parse_command_line(words, command_table(script, reading.versions))
    path = config_path(source, words, line.values)
    below = _from_file(reading, path, option_table(script, reading.versions))
    return Parsed({**below.values, **line.values}, merged(line.items, below.items), given=line.given)


def config_path(source: ConfigSource, words: Sequence[Word], options: "dict[str, Value]") -> Value:
    """The path of the file as the launch gives it; `options` are those of the command line."""
    if source.path:
        return Known(source.path, (Step("default", note="the script names it"),))
    if source.first_word and words and not words[0].many:
        word = words[0]
        return Known(word.text, (Step("flag", word.site),)) if word.known else Unknown(word.reason, (Step("flag", word.site),))
    found = options.get(source.option) if source.option else None
    if isinstance(found, Known | Unknown):
        return found
    return Unknown("the script takes its options from a file that it chooses itself")


def _from_file(reading: Reading, path: Value, table: OptionTable) -> Parsed:
    root: Mapping | Unknown
    match path:
        case Known(value=str(text)):
            root = read_mapping(reading, text)
        case Unknown():
            root = path
        case Known() | Absent():
            root = Unknown("the script takes its options from a file that it chooses itself")
    if isinstance(root, Mapping):
        return read_keys(root, table, "hf-parse-yaml")
    return Parsed(dict.fromkeys(table.options, root))
