"""Values of config files as each framework's loader hands them over."""

from typing import Any

import pytest

from lintune.frameworks.config_keys import ReaderName, read_keys
from lintune.frameworks.option_table import OptionTable, TableOption
from lintune.source.text import Source
from lintune.syntax.json import parse_json
from lintune.syntax.tree import Mapping
from lintune.syntax.yaml import parse_yaml
from lintune.values.option import Option
from lintune.values.value import Absent, Known


def table() -> OptionTable:
    options = (Option("lr", "float"), Option("steps", "int"), Option("name", "str"), Option("bf16", "bool"))
    return OptionTable(options={option.name: TableOption(option) for option in options})


def read(text: str, reader: ReaderName, name: str = "x.yaml") -> Any:
    source = Source(name, text)
    root = (parse_json if name.endswith(".json") else parse_yaml)(source).root
    assert isinstance(root, Mapping)
    return read_keys(root, table(), reader)


def value(text: str, reader: ReaderName, name: str = "x.yaml") -> Any:
    found = next(iter(read(text, reader, name).values.values()))
    return found.value if isinstance(found, Known) else None if isinstance(found, Absent) else "?"


@pytest.mark.parametrize(("reader", "wanted"), [("hf-parse-yaml", "2e-5"), ("llamafactory", 2e-5), ("trl", 2e-5), ("ms-swift", 2e-5)])
def test_an_exponent_without_a_dot(reader: ReaderName, wanted: Any) -> None:
    assert value("lr: 2e-5", reader) == wanted


@pytest.mark.parametrize(
    ("text", "reader", "wanted"),
    [
        ("name: 1", "ms-swift", "1"),  # every value becomes a word
        ("name: 1", "trl", 1),  # argparse converts texts only
        ("steps: '3'", "trl", 3),
        ("steps: '3'", "hf-parse-yaml", "3"),
        ("bf16: yes", "hf-parse-yaml", True),
        ("bf16: 'yes'", "hf-parse-yaml", "yes"),
        ("bf16: 'yes'", "trl", True),
        ("lr: 3", "ms-swift", 3.0),
        ("lr: null", "ms-swift", None),
        ("lr: fast", "trl", "fast"),  # refused by the parser; kept as written
    ],
)
def test_types(text: str, reader: ReaderName, wanted: Any) -> None:
    found = value(text, reader)
    assert (found, type(found)) == (wanted, type(wanted))


def test_json_means_the_same_to_every_loader() -> None:
    assert value('{"lr": 2e-5}', "hf-parse-yaml", "x.json") == 2e-5
    assert "raw.text_number" not in read('{"lr": 2e-5}', "hf-parse-yaml", "x.json").items


def test_text_numbers_are_items_where_nobody_converts_them() -> None:
    text = "lr: 1e-4\nname: 1e5\n"
    items = {reader: read(text, reader).items.get("raw.text_number", ()) for reader in ("hf-parse-yaml", "llamafactory", "trl", "ms-swift")}
    assert {reader: len(found) for reader, found in items.items()} == {"hf-parse-yaml": 1, "llamafactory": 1, "trl": 0, "ms-swift": 0}
    found = items["hf-parse-yaml"][0]
    assert (found.fields["name"], found.fields["number"], found.site.text) == (Known("lr"), Known("1.0e-4"), "1e-4")
