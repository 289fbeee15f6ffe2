"""Text that is put together: f-strings, `format`, `%`, with width and precision bounded."""

import ast
import re
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk.abstract import NONE, Data, Instance, Items, Names, Open, Table, Value, names_of, plain

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LONGEST = 20_000
_SPEC = re.compile(r"(?:.?[<>=^])?[-+ ]?#?0?(\d{0,3})[,_]?(?:\.\d{1,3})?[a-zA-Z%]?")
"""Specifications whose result is short."""
UNKNOWN = "..."
"""Stands in a text for what is not known."""
_CONVERSIONS = {-1: "", ord("s"): "s", ord("r"): "r", ord("a"): "a"}


def joined(walk: "Walk", node: ast.JoinedStr) -> Value:
    """An f-string."""
    from lintune.scripts.walk import expressions

    texts: list[str] = []
    names = NONE
    known = True
    for part in node.values:
        if isinstance(part, ast.Constant):
            texts.append(str(part.value))
            continue
        assert isinstance(part, ast.FormattedValue)
        found = expressions.value(walk, part.value)
        spec: Value = joined(walk, part.format_spec) if isinstance(part.format_spec, ast.JoinedStr) else Data("")
        names |= names_of(found) | names_of(spec)
        text = filled(walk, found, _CONVERSIONS[part.conversion], spec.value if isinstance(spec, Data) else None, part)
        known = known and text is not None
        texts.append(text if text is not None else _partly(found, part))
    text = "".join(texts)
    if len(text) > _LONGEST:
        return Open("it is long text", names, text[:_LONGEST])
    return Data(text, names) if known else Open("it is text with unknown parts", names, text)


def _partly(found: Value, part: ast.FormattedValue) -> str:
    """What is known of a part that is not wholly known."""
    if isinstance(found, Open) and found.text and part.conversion in (-1, ord("s")) and part.format_spec is None:
        return found.text
    return UNKNOWN


def filled(walk: "Walk", value: Value, conversion: str, spec: str | None, node: ast.AST) -> str | None:
    """A value as `format` shows it; None where that is not known."""
    if spec is None or not _is_short(spec):
        return None
    if not isinstance(value, Data):
        text = shown(walk, value, conversion in ("r", "a"), node)
        return format(text, spec) if text is not None and (not spec or conversion) and spec[-1:] not in tuple("dfeg%") else None
    try:
        found: Any = value.value
        if isinstance(found, str | bytes) and len(found) > _LONGEST:
            return None
        found = repr(found) if conversion == "r" else ascii(found) if conversion == "a" else str(found) if conversion == "s" else found
        return format(found, spec)
    except Exception:  # whatever a format refuses
        walk.foreign += 1
        return None


def _is_short(spec: str) -> bool:
    found = _SPEC.fullmatch(spec)
    return found is not None and len(found[1]) < 4


def shown(walk: "Walk", value: Value, as_written: bool, node: ast.AST) -> str | None:
    """`str(value)` or `repr(value)` of a value that is no constant; None where it is not known."""
    match value:
        case Data(value=found):
            return repr(found) if as_written else str(found)
        case Items(kind="list" | "tuple") | Table():
            return _of_container(walk, value, node)
        case Instance():
            from lintune.scripts.walk.objects import text_of

            return text_of(walk, value, as_written, node)
    return None


def _of_container(walk: "Walk", value: Items | Table, node: ast.AST) -> str | None:
    if value.open or len(value.slots) > 200:
        return None
    try:
        return str(plain(value))
    except ValueError:
        pass
    if not isinstance(value, Items):
        return None
    parts = [shown(walk, each, True, node) for each in value.items]
    if None in parts:
        return None
    text = ", ".join(filter(None, parts))
    return f"[{text}]" if value.kind == "list" else f"({text},)" if len(parts) == 1 else f"({text})"


def formatted(
    walk: "Walk", text: str, args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST, whole: bool = True
) -> Value:
    """`text.format(...)`; a field that is not given raises."""
    from lintune.scripts.walk.walker import Stopped

    made: list[str] = []
    count, known = 0, True
    try:
        from string import Formatter

        pieces = list(Formatter().parse(text))
    except ValueError:
        return Open("it cannot be formatted", names)
    for literal, field, spec, conversion in pieces:
        made.append(literal)
        if field is None:
            continue
        count += not field
        value = _given(field or str(count - 1), args, keywords)
        if value is None and field.isidentifier() and whole:
            walk.end("key-error", repr(field), "KeyError", node, names)
            raise Stopped
        found = filled(walk, value, conversion or "", spec, node) if value is not None and "{" not in (spec or "") else None
        known = known and found is not None
        made.append(UNKNOWN if found is None else found)
    result = "".join(made)[:_LONGEST]
    return Data(result, names) if known else Open("it is text with unknown parts", names, result)


def _given(field: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    if field.isdigit():
        return args[int(field)] if int(field) < len(args) else Open()
    return keywords.get(field) if field.isidentifier() else Open()
