"""What different loaders make of a plain YAML scalar: `1e-5` is text for PyYAML and a number for the others, `no` is false for PyYAML.

Sources: PyYAML 6.0 `resolver.py`; ruamel.yaml 0.19 `resolver.py` and `constructor.py` with its default, YAML 1.2; OmegaConf 2.4
`_yaml.py` `get_yaml_loader` (2.0 to 2.3 differ in underscores only); jsonargparse 4.53 `_loaders_dumpers.py` `get_yaml_default_loader`.
Compared with these releases on generated scalars; the tests hold a table of what they answered.
"""

import re
from functools import cache
from typing import Literal

Loader = Literal["pyyaml", "ruamel", "omegaconf", "jsonargparse"]

Resolved = str | int | float | bool | None

_NULL = (r"~|null|Null|NULL|", "null")
_BOOL = (r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "bool")
_INT = (r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+", "int")
_SPECIAL = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_SIXTIES = r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
_FLOAT = (rf"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|{_SIXTIES}|{_SPECIAL}", "float")
_GROUPED = r"[0-9]+(?:_[0-9]+)*"
_OMEGA_FLOAT = (
    rf"[-+]?{_GROUPED}\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?{_GROUPED}[eE][-+]?[0-9]+|\.{_GROUPED}(?:[eE][-+][0-9]+)?"
    rf"|[-+]?{_GROUPED}(?::[0-5]?[0-9])+\.[0-9_]*|{_SPECIAL}",
    "float",
)
_LOOSE_FLOAT = (
    rf"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?|{_SIXTIES}|{_SPECIAL}",
    "float",
)
_FORMS: dict[Loader, tuple[tuple[str, str], ...]] = {
    "pyyaml": (_BOOL, _FLOAT, _INT, _NULL),
    "omegaconf": (_BOOL, _FLOAT, _INT, _NULL, _OMEGA_FLOAT),
    "jsonargparse": (_BOOL, _INT, _NULL, _LOOSE_FLOAT),
    "ruamel": (
        (r"true|True|TRUE|false|False|FALSE", "bool"),
        (
            r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
            rf"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|{_SPECIAL}",
            "float",
        ),
        (r"(?!_)(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)", "int"),
        _NULL,
    ),
}


def resolve(raw: str, loader: Loader) -> Resolved:
    """The value of a plain scalar (one without quotes, tag or line break); dates and what the loader refuses stay text."""
    for pattern, kind in _patterns(loader):
        if pattern.fullmatch(raw):
            try:
                return _construct(raw, kind, loader == "ruamel")
            except ValueError:  # `0b_`, or more digits than Python converts: the loader raises
                return raw
    return raw


@cache
def _patterns(loader: Loader) -> tuple[tuple["re.Pattern[str]", str], ...]:
    return tuple((re.compile(pattern), kind) for pattern, kind in _FORMS[loader])


def _construct(raw: str, kind: str, newer: bool) -> Resolved:
    match kind:
        case "null":
            return None
        case "bool":
            return raw.lower() in ("yes", "true", "on")
        case "int":
            return _int(raw, newer)
    return _float(raw)


def _int(raw: str, newer: bool) -> int:
    text = raw.replace("_", "")
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+-")
    base = {"0b": 2, "0x": 16, "0o": 8}.get(text[:2])
    if base:
        return sign * int(text[2:], base)
    if newer or not (text.startswith("0") or ":" in text):
        return sign * int(text)
    return sign * (int(_sixties(text)) if ":" in text else int(text, 8))


def _float(raw: str) -> float:
    text = raw.replace("_", "").lower()
    sign = -1.0 if text.startswith("-") else 1.0
    text = text.lstrip("+-")
    if text in (".inf", ".nan"):
        return sign * float(text[1:])
    return sign * float(_sixties(text) if ":" in text else text)


def _sixties(text: str) -> int | float:
    """A number in base 60: `1:30` is 90."""
    *whole, last = text.split(":")
    total = 0
    for part in whole:
        total = (total + int(part)) * 60
    return total + (float(last) if "." in last else int(last))
