"""What one word on a command line becomes, or why the parser refuses it.

Follows argparse's `_get_value` and `_check_value` with the conversions that `HfArgumentParser` gives it.
"""

import json
from collections.abc import Sequence

from lintune.source.record import dataclass
from lintune.values.option import Option
from lintune.values.value import Data

_TRUE = frozenset({"yes", "true", "t", "y", "1"})
_FALSE = frozenset({"no", "false", "f", "n", "0"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a word is refused."""

    kind: str
    """`type` or `choice`."""
    expected: str
    """What would be accepted, for people: "a whole number", "one of no, steps, epoch"."""
    candidates: tuple[str, ...] = ()
    """What a misspelt word may have meant."""


def convert(text: str, option: Option) -> Data | Refusal:
    """The value of a word for an option, or the refusal of the parser."""
    value = _typed(text, option)
    if isinstance(value, Refusal) or not option.choices:
        return value
    if str(value) in option.choices:
        return value
    return Refusal("choice", "one of " + ", ".join(option.choices), option.choices)


def _typed(text: str, option: Option) -> Data | Refusal:
    match option.type:
        case "int":
            try:
                return int(text)
            except ValueError:
                return Refusal("type", "a whole number")
        case "float":
            try:
                return float(text)
            except ValueError:
                return Refusal("type", "a number")
        case "bool" | "optional-bool":
            lowered = text.lower()
            if lowered in _TRUE or lowered in _FALSE:
                return lowered in _TRUE
            return Refusal("type", "true or false", ("true", "false"))
        case "dict":
            return _mapping(text, option)
        case "unparsable":
            return Refusal("type", "a mapping, which this release takes from Python or a config file only")
    return text


def _mapping(text: str, option: Option) -> Data | Refusal:
    """Text that starts with a brace is read as JSON by the library's class; a script's own field keeps the text."""
    if not text.startswith("{"):
        return text
    try:
        return _data(json.loads(text))
    except (ValueError, RecursionError):
        return text if option.site is not None else Refusal("type", "JSON or the path of a JSON file")


def _data(value: object) -> Data:
    match value:
        case dict():
            return {str(key): _data(item) for key, item in value.items()}
        case list():
            return tuple(_data(item) for item in value)
        case str() | int() | float() | None:
            return value
    return str(value)


def guess(texts: Sequence[str]) -> Data:
    """The likely value of the words after a flag whose type is not known: `true` is a truth value, `3` a number."""
    if not texts:
        return True
    if len(texts) > 1:
        return tuple(guess([text]) for text in texts)
    text = texts[0]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def nearest(word: str, candidates: Sequence[str], cutoff: float = 0.75) -> str | None:
    """The candidate that a misspelt word most likely meant, if one is near; a shared first part (`lora_`) counts more."""
    import difflib

    lowered = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.lower(), list(lowered), n=4, cutoff=cutoff)
    head = word.lower().partition("_")[0]
    found.sort(key=lambda candidate: candidate.partition("_")[0] != head)
    return lowered[found[0]] if found else None
