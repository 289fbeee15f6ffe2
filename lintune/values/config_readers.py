"""How each framework reads its YAML file: which loader, and what it does with a value on the way to its setting.

The facts are `schemas/loaders.json`, each with its source; the conversions were compared with the libraries (pydantic 2.14,
jsonargparse 4.53, argparse).
"""

import json
from functools import cache
from typing import Literal, cast

from lintune.source.data import data_folder
from lintune.source.record import dataclass
from lintune.syntax.tree import Scalar
from lintune.syntax.yaml_scalars import Loader, Resolved, resolve
from lintune.values.conversion import Refusal, convert
from lintune.values.option import Option
from lintune.values.value import Data

Conversion = Literal["none", "argparse-default", "argv", "pydantic", "jsonargparse"]
"""`none`: the loaded value is the setting's, whatever its type. `argparse-default`: text is converted as a word would be, other
values stay. `argv`: every value becomes a word. `pydantic`: pydantic's lax mode. `jsonargparse`: by the declared type, strictly."""

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})


@dataclass(frozen=True, slots=True)
class ConfigReader:
    """How one program reads its YAML file."""

    name: str
    entry: str
    """What reads it, for people: "TrlParser.parse_args_and_config, --config"."""
    loader: Loader
    conversion: Conversion
    source: str
    """Repository, commit, file and symbol where this was read."""
    checked: str
    """The day on which it was."""


@cache
def config_readers() -> dict[str, ConfigReader]:
    """The known readers by name: hf-parse-yaml, trl, llamafactory, axolotl, ms-swift, litgpt, torchtune, accelerate."""
    text = (data_folder("schemas") / "loaders.json").read_text(encoding="utf-8")
    rows = json.loads(text)["readers"]
    return {
        name: ConfigReader(
            name, row["entry"], cast(Loader, row["loader"]), cast(Conversion, row["conversion"]), row["source"], row["checked"]
        )
        for name, row in rows.items()
    }


def read_setting(scalar: Scalar, reader: ConfigReader, option: Option) -> Data | Refusal:
    """The value of an option that a YAML scalar sets, as this reader hands it over, or its refusal."""
    return convert_loaded(loaded(scalar, reader.loader), reader.conversion, option)


def loaded(scalar: Scalar, loader: Loader) -> Resolved:
    """What a loader makes of a scalar: text in quotes or over several lines stays what it is; a tag's value is PyYAML's."""
    value = scalar.value
    plain = not scalar.quoted and "\n" not in scalar.raw
    if not plain or (isinstance(value, str) and (value != scalar.raw or not isinstance(resolve(scalar.raw, "pyyaml"), str))):
        return value
    return resolve(scalar.raw, loader)


def convert_loaded(value: Resolved, conversion: Conversion, option: Option) -> Data | Refusal:
    """What becomes of a loaded value on its way to an option."""
    match conversion:
        case "argparse-default":
            return convert(value, option) if isinstance(value, str) else value
        case "argv":
            return convert(str(value), option)
        case "pydantic":
            return _pydantic(value, option)
        case "jsonargparse":
            return _jsonargparse(value, option)
    return value


def _pydantic(value: Resolved, option: Option) -> Data | Refusal:
    match option.type:
        case "float":
            return _number(value, float, "a number")
        case "int":
            if isinstance(value, str):
                value = _whole_text(value)
            elif isinstance(value, float) and not value.is_integer():
                value = None
            return _number(value, int, "a whole number")
        case "bool" | "optional-bool":
            if isinstance(value, bool):
                return value
            word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).lower()
            return word in _TRUE if word in _TRUE | _FALSE else Refusal("type", "true or false", ("true", "false"))
        case "str" | "enum":
            return value if isinstance(value, str) else Refusal("type", "text (in quotes)")
    return value


def _whole_text(text: str) -> str | None:
    """Text that pydantic takes as a whole number: `1.0` is one, `1e5` is none."""
    whole, point, rest = text.strip().partition(".")
    return whole if not point or (rest and not rest.strip("0")) else None


def _number(value: Resolved, number: "type[int] | type[float]", expected: str) -> Data | Refusal:
    try:
        return Refusal("type", expected) if value is None else number(value)
    except (ValueError, OverflowError):
        return Refusal("type", expected)


def _jsonargparse(value: Resolved, option: Option) -> Data | Refusal:
    """Numbers and truth values are read from text once more; a number is no text, a truth value no number."""
    if option.type not in ("int", "float", "bool", "optional-bool", "str"):
        return value
    if option.type == "str":
        return value if isinstance(value, str) else Refusal("type", "text (in quotes)")
    if isinstance(value, str):
        value = resolve(value, "jsonargparse")
    match option.type:
        case "int":
            return value if isinstance(value, int) and not isinstance(value, bool) else Refusal("type", "a whole number")
        case "float":
            return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else Refusal("type", "a number")
    return value if isinstance(value, bool) else Refusal("type", "true or false", ("true", "false"))
