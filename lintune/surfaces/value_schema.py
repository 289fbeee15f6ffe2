"""The JSON Schema of one option's value, given what the reader of the file converts."""

from typing import Any

from lintune.surfaces.config_formats import Conversion
from lintune.surfaces.keys import Key
from lintune.values.option import Option

_TRUTHS = ("yes", "no", "on", "off", "Yes", "No", "On", "Off", "YES", "NO", "ON", "OFF")
DEFINITIONS: dict[str, dict[str, Any]] = {
    "bool": {"anyOf": [{"type": "boolean"}, {"enum": [*_TRUTHS, "true", "false", "True", "False"]}]},
    "truth": {"anyOf": [{"type": "boolean"}, {"enum": list(_TRUTHS)}]},
    "integer": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\s*[+-]?[0-9][0-9_]*\s*$"}]},
    "number": {
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[+-]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"}]
    },
    "text": {"type": ["string", "number", "boolean"]},
    "argument": {"type": ["string", "number", "boolean", "object"]},
}
"""What the schemas of values refer to as `#/$defs/NAME`: YAML 1.1 truth values, and numbers written as text."""

_LISTS_TOO = frozenset(["report_to", "fsdp", "debug"])
"""Options of TrainingArguments that are `str | list[str]`: a command line gives one text, a file may hold a list."""


def value_schema(option: Option, conversion: Conversion, key: Key | None = None) -> dict[str, Any]:
    """What the option accepts; an empty schema where that is not known."""
    kinds = key.types if key is not None and key.types else (option.type,)
    if "unknown" in kinds or "unparsable" in kinds:
        return {}
    ways = [_kind(kind, option, conversion) for kind in kinds]
    if option.nargs == "many":
        items = _any_of(ways)
        ways = [{"type": "array", "items": items}, *(ways if conversion.scalar_for_list else ())]
    elif option.name in _LISTS_TOO and conversion.scalar_for_list:
        ways.append({"type": "array", "items": {"type": "string"}})
    if conversion.truth_for_number and {"int", "float"} & set(kinds):
        ways.append({"type": "boolean"})
    if conversion.null or option.default is None:
        ways.append({"type": "null"})
    return _any_of(ways)


def _kind(kind: str, option: Option, conversion: Conversion) -> dict[str, Any]:
    match kind:
        case "bool" | "optional-bool":
            return _truth(conversion)
        case "int":
            return _ref("integer") if conversion.numbers_from_text else {"type": "integer"}
        case "float":
            return _ref("number") if conversion.numbers_from_text else {"type": "number"}
        case "dict":
            return {"type": "object"} if conversion.null else {"type": ["object", "string"]}
        case _ if option.choices:
            return {"enum": _accepted(option, conversion)}
        case _:
            return _text(conversion)


def _text(conversion: Conversion) -> dict[str, Any]:
    if conversion.text_from_mapping:
        return _ref("argument")
    return _ref("text") if conversion.text_from_scalars else {"type": "string"}


def _truth(conversion: Conversion) -> dict[str, Any]:
    if not conversion.yaml:
        return {"type": "boolean"}
    return _ref("bool" if conversion.numbers_from_text else "truth")


def _accepted(option: Option, conversion: Conversion) -> list[Any]:
    """The choices; a number also as a number, and `no` also as the truth value that YAML 1.1 makes of it."""
    found: list[Any] = list(option.choices)
    if conversion.any_case:
        found = list(dict.fromkeys(text for choice in option.choices for text in (choice, choice.lower(), choice.upper())))
    found += [int(choice) for choice in option.choices if choice.isdecimal()]
    if conversion.null and "no" in option.choices:
        found.append(False)
    default = option.default
    if isinstance(default, str | int) and default not in found:
        found.append(default)
    return found


def _any_of(ways: list[dict[str, Any]]) -> dict[str, Any]:
    unlike = [way for index, way in enumerate(ways) if way not in ways[:index]]
    if len(unlike) == 1:
        return unlike[0]
    if all(set(way) == {"type"} and isinstance(way["type"], str) for way in unlike):
        return {"type": [way["type"] for way in unlike]}
    flat = [inner for way in unlike for inner in (way["anyOf"] if set(way) == {"anyOf"} else [way])]
    return {"anyOf": flat}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}
