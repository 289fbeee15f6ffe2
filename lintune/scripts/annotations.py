"""How `HfArgumentParser` reads a field's annotation: the conversion, the choices, and whether it takes many words.

Follows `HfArgumentParser._parse_dataclass_field` (hf_argparser.py of transformers 4.28 to 5.24, unchanged in this respect).
"""

import ast
from collections.abc import Callable
from typing import TypeAlias

from lintune.source.record import dataclass
from lintune.values.option import OptionType

EnumChoices: TypeAlias = Callable[[ast.expr], tuple[str, ...] | None]
"""The values of the enumeration that an expression names; None where it names none that was read."""

_PLAIN: dict[str, OptionType] = {"str": "str", "int": "int", "float": "float", "bool": "bool"}
_MAPPINGS = frozenset({"dict", "Dict", "Mapping"})
_LISTS = frozenset({"list", "List"})
_LITERALS = frozenset({"Literal"})


@dataclass(frozen=True, slots=True)
class FieldType:
    """What an annotation means to the parser, before the default is known."""

    type: OptionType
    choices: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False
    """Whether it is `Optional[bool]`: with the default None such a field requires a value."""


def field_type(annotation: ast.expr, enum_choices: EnumChoices) -> FieldType:
    """The conversion that the parser applies to one word of a field with this annotation."""
    alternatives = _flatten(_unquote(annotation))
    names = [_name(item) for item in alternatives]
    if len(alternatives) == 1:
        return _single(alternatives[0], enum_choices)
    if "str" not in names and (len(names) != 2 or "None" not in names):
        return FieldType("unknown")
    if "None" not in names:
        return _mark_dict(_single(alternatives[0 if names[1] == "str" else 1], enum_choices), names)
    if "bool" in names:
        return FieldType("bool", optional=True) if len(names) == 2 else FieldType("unparsable")
    return _mark_dict(_single(alternatives[0 if names[1] == "None" else 1], enum_choices), names)


def _mark_dict(found: FieldType, names: list[str]) -> FieldType:
    """`Union[dict, str, None]` is read as text; the class turns text that starts with `{` into a mapping."""
    if found.type == "str" and any(name in _MAPPINGS for name in names):
        return FieldType("dict")
    return found


def _single(item: ast.expr, enum_choices: EnumChoices) -> FieldType:
    name = _name(item)
    if name in _PLAIN:
        return FieldType(_PLAIN[name])
    if name in _MAPPINGS:
        return FieldType("unparsable")
    if name in _LISTS:
        if not isinstance(item, ast.Subscript):
            return FieldType("unknown", many=True)
        inner = _single(_unquote(item.slice), enum_choices)
        kind: OptionType = inner.type if inner.type in ("str", "int", "float", "enum") else "unknown"
        return FieldType(kind, inner.choices, many=True)
    if name in _LITERALS and isinstance(item, ast.Subscript):
        return FieldType("enum", _literal_choices(item.slice))
    choices = enum_choices(item)
    return FieldType("enum", choices) if choices else FieldType("unknown")


def _literal_choices(inner: ast.expr) -> tuple[str, ...]:
    items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    return tuple(str(item.value) for item in items if isinstance(item, ast.Constant))


def _flatten(annotation: ast.expr) -> list[ast.expr]:
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            found = [*_flatten(_unquote(left)), *_flatten(_unquote(right))]
        case ast.Subscript(slice=inner) if _name(annotation) == "Optional":
            found = [*_flatten(_unquote(inner)), ast.Constant(None)]
        case ast.Subscript(slice=inner) if _name(annotation) == "Union":
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            found = [part for item in items for part in _flatten(_unquote(item))]
        case ast.Subscript(slice=inner) if _name(annotation) in ("Annotated", "Final"):
            found = _flatten(_unquote(inner.elts[0] if isinstance(inner, ast.Tuple) else inner))
        case _:
            return [annotation]
    unique: dict[str, ast.expr] = {}
    for item in found:
        unique.setdefault(ast.dump(item), item)
    return list(unique.values())


def _unquote(annotation: ast.expr) -> ast.expr:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except (SyntaxError, ValueError):
            return annotation
    return annotation


def _name(item: ast.expr) -> str:
    match item:
        case ast.Constant(value=None):
            return "None"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name(value)
    return ""
