"""What a line of a YAML file becomes in each framework."""

from typing import Any

import pytest

from lintune.source.text import Source
from lintune.syntax.tree import Mapping, Scalar
from lintune.syntax.yaml import parse_yaml
from lintune.values.config_readers import Conversion, config_readers, convert_loaded, read_setting
from lintune.values.conversion import Refusal
from lintune.values.option import Option, OptionType


def setting(text: str, name: str, kind: OptionType) -> Any:
    root = parse_yaml(Source("x.yaml", f"k: {text}\n")).root
    assert isinstance(root, Mapping)
    scalar = root.get("k")
    assert isinstance(scalar, Scalar)
    found = read_setting(scalar, config_readers()[name], Option("k", kind))
    return "refused" if isinstance(found, Refusal) else found


def test_every_reader_has_its_source() -> None:
    found = config_readers()
    assert set(found) == {"hf-parse-yaml", "trl", "llamafactory", "axolotl", "ms-swift", "litgpt", "torchtune", "accelerate"}
    for reader in found.values():
        assert reader.source and reader.entry and len(reader.checked) == 10


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("hf-parse-yaml", "1e-5"),
        ("accelerate", "1e-5"),
        ("trl", 1e-5),
        ("llamafactory", 1e-5),
        ("torchtune", 1e-5),
        ("axolotl", 1e-5),
        ("ms-swift", 1e-5),
        ("litgpt", 1e-5),
    ],
)
def test_the_learning_rate_without_a_point(name: str, wanted: Any) -> None:
    assert setting("1e-5", name, "float") == wanted


@pytest.mark.parametrize(
    ("text", "kind", "name", "wanted"),
    [
        ("no", "str", "hf-parse-yaml", False),
        ("no", "str", "trl", False),
        ("no", "str", "ms-swift", "False"),
        ("no", "str", "axolotl", "refused"),
        ("no", "str", "litgpt", "refused"),
        ('"no"', "str", "litgpt", "no"),
        ('"no"', "bool", "hf-parse-yaml", "no"),
        ('"no"', "bool", "trl", False),
        ("1", "float", "hf-parse-yaml", 1),
        ('"2e-5"', "float", "llamafactory", "2e-5"),
        ('"2e-5"', "float", "litgpt", 2e-5),
        ("lots", "int", "ms-swift", "refused"),
        ("null", "str", "ms-swift", "None"),
        ("!!str 5", "str", "llamafactory", "5"),
        ("&a 1e-5", "float", "llamafactory", 1e-5),
    ],
)
def test_other_settings(text: str, kind: OptionType, name: str, wanted: Any) -> None:
    assert repr(setting(text, name, kind)) == repr(wanted)


REFUSED = "refused"
PYDANTIC: dict[OptionType, list[tuple[Any, Any]]] = {
    "int": [
        ("1e-5", REFUSED),
        ("1.0", 1),
        (" 2 ", 2),
        ("1_000", 1000),
        ("inf", REFUSED),
        (1.0, 1),
        (1.5, REFUSED),
        (True, 1),
        (None, REFUSED),
    ],
    "float": [("1e-5", 1e-5), ("1_000", 1000.0), ("inf", float("inf")), ("", REFUSED), (1, 1.0), (True, 1.0), ("yes", REFUSED)],
    "bool": [
        ("yes", True),
        ("t", True),
        ("OFF", False),
        (1, True),
        (2, REFUSED),
        (1.0, True),
        (1.5, REFUSED),
        ("", REFUSED),
        (None, REFUSED),
    ],
    "str": [("1", "1"), (1, REFUSED), (True, REFUSED), (None, REFUSED)],
}
"""What pydantic 2.14 answered."""
JSONARGPARSE: dict[OptionType, list[tuple[Any, Any]]] = {
    "int": [(1, 1), ("5", 5), (1.0, REFUSED), (1e5, REFUSED), (True, REFUSED)],
    "float": [("1e-5", 1e-5), (1, 1.0), ("no", REFUSED), (False, REFUSED)],
    "bool": [("no", False), (True, True), (1, REFUSED), ("5", REFUSED)],
    "str": [("no", "no"), (False, REFUSED), (1e5, REFUSED)],
}
"""What jsonargparse 4.53 answered."""


@pytest.mark.parametrize(("conversion", "table"), [("pydantic", PYDANTIC), ("jsonargparse", JSONARGPARSE)])
def test_typed_conversions(conversion: Conversion, table: dict[OptionType, list[tuple[Any, Any]]]) -> None:
    for kind, rows in table.items():
        for value, wanted in rows:
            found = convert_loaded(value, conversion, Option("k", kind))
            assert repr(REFUSED if isinstance(found, Refusal) else found) == repr(wanted), (kind, value)
