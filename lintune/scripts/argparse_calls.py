"""`add_argument` calls as options, and the options that libraries add to a parser."""

import ast
from collections.abc import Mapping
from typing import Literal, TypeAlias

from lintune.scripts.literals import Literal as Constant
from lintune.scripts.literals import literal
from lintune.scripts.modules import Module, Modules
from lintune.source.record import dataclass, replace
from lintune.values.conversion import Refusal, convert
from lintune.values.option import Option, OptionType
from lintune.values.value import Data

Words: TypeAlias = Literal["none", "one", "optional", "many"]

_TYPES: dict[str, OptionType] = {"str": "str", "int": "int", "float": "float"}
_FROM = "deepspeed.add_config_arguments"

DEEPSPEED_OPTIONS = (
    Option("deepspeed", "bool", False, nargs="none", spellings=("--deepspeed",), origin=_FROM),
    Option("deepspeed_config", spellings=("--deepspeed_config",), origin=_FROM),
    Option("deepscale", "bool", False, nargs="none", spellings=("--deepscale",), origin=_FROM),
    Option("deepscale_config", spellings=("--deepscale_config",), origin=_FROM),
    Option("deepspeed_mpi", "bool", False, nargs="none", spellings=("--deepspeed_mpi",), origin=_FROM),
)
"""What `deepspeed.add_config_arguments(parser)` adds (deepspeed/__init__.py `_add_core_arguments`, 0.14 to 0.19).

`--deepspeed_mpi` is that of older releases.
"""


@dataclass(frozen=True, slots=True)
class _Action:
    """What an action means: conversion, number of words, what the bare flag sets, the default it implies."""

    type: OptionType
    words: Words = "one"
    const: Data = True
    default: Data = None
    known: tuple[tuple[str, Data], ...] = ()


def read_add_argument(call: ast.Call, module: Module, modules: Modules) -> Option | None:
    """The option (or positional, `spellings` empty and `required`) of one call; None where its names are not constant."""
    spellings: list[str] = []
    for argument in call.args:
        spelled = literal(argument, modules, module)
        if spelled is None or not isinstance(spelled.value, str):
            return None
        spellings.append(spelled.value)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if not spellings or None in keywords:
        return None
    found = {str(name): literal(value, modules, module) for name, value in keywords.items() if name != "type"}
    name, positional = _destination(found, spellings), not spellings[0].startswith("-")
    action = _action(keywords, found, modules, module)
    default = found.get("default")
    value = default.value if default is not None else action.default
    required = positional or (_raw(found, "required") is True)
    negative = _is_boolean_optional(keywords)
    option = Option(
        name=name,
        type=action.type,
        default=value,
        has_default=not required,
        default_known=required or "default" not in keywords or default is not None,
        required=required,
        choices=_choices(found),
        nargs=action.words,
        const=action.const,
        words=action.known,
        repeats=_raw(found, "action") in ("append", "extend", "append_const", "count"),
        spellings=() if positional else tuple(spellings),
        negations=tuple(f"--no-{text[2:]}" for text in spellings if text.startswith("--")) if negative else (),
        site=module.site(call),
        origin=module.source.path.rpartition("/")[2],
    )
    return _converted(option)


def _destination(found: Mapping[str, Constant | None], spellings: list[str]) -> str:
    dest = _raw(found, "dest")
    if isinstance(dest, str):
        return dest
    long = next((name for name in spellings if name.startswith("--")), spellings[0])
    return long.lstrip("-").replace("-", "_") if long.startswith("-") else long


def _is_boolean_optional(keywords: Mapping[str | None, ast.expr]) -> bool:
    action = keywords.get("action")
    return getattr(action, "attr", getattr(action, "id", "")) == "BooleanOptionalAction"


def _action(keywords: Mapping[str | None, ast.expr], found: Mapping[str, Constant | None], modules: Modules, module: Module) -> _Action:
    if _is_boolean_optional(keywords):
        return _Action("bool", "none")
    match _raw(found, "action") if "action" in keywords else "store":
        case "store_true":
            return _Action("bool", "none", True, False)
        case "store_false":
            return _Action("bool", "none", False, True)
        case "store" | "append" | "extend":
            pass
        case "store_const" if found.get("const") is not None:
            return _Action("bool", "none", _raw(found, "const"))
        case "count" | "store_const" | "append_const":
            return _Action("converted", "none", None)
        case _:
            return _Action("converted", _words(keywords, found))
    words, const = _words(keywords, found), _raw(found, "const")
    if "type" not in keywords:
        return _Action("str", words, const)
    kind = _TYPES.get(getattr(keywords["type"], "id", ""), "converted")
    if kind != "converted":
        return _Action(kind, words, const)
    from lintune.scripts.converters import converted_words

    known = converted_words(keywords["type"], modules, module)
    return _Action(kind, words, const, known=known)


def _words(keywords: Mapping[str | None, ast.expr], found: Mapping[str, Constant | None]) -> Words:
    nargs = _raw(found, "nargs")
    if "nargs" not in keywords or nargs == 1:
        return "one"
    return "optional" if nargs == "?" else "many"


def _choices(found: Mapping[str, Constant | None]) -> tuple[str, ...]:
    value = _raw(found, "choices")
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _raw(found: Mapping[str, Constant | None], name: str) -> Data:
    value = found.get(name)
    return value.value if value is not None else None


def _converted(option: Option) -> Option:
    """argparse converts a default that is text as if it had been written on the command line."""
    if not isinstance(option.default, str) or option.type not in ("int", "float", "converted"):
        return option
    if option.type == "converted":
        words = dict(option.words)
        return replace(option, default=words.get(option.default), default_known=option.default in words)
    value = convert(option.default, replace(option, choices=()))
    return option if isinstance(value, Refusal) else replace(option, default=value)
