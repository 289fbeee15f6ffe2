"""Message templates: `{flag.tune_llm}`, `{memory.floor_bytes|gib}`, `{{` for a brace; JSON is left alone."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lintune.values.value import Known, Value

Template: TypeAlias = tuple[str | tuple[str, str], ...]
"""Literal texts and (name, filter) pairs; plain tuples, so that compiled pages load at once."""

UNKNOWN = "unknown"
MAX_TEXT = 200
"""Longer values are cut: they come from files that are not trusted."""


class TemplateError(ValueError):
    """A template that is not one, in words for its author."""


def parse_template(text: str) -> Template:
    """The parts of a template; raises `TemplateError` for a stray brace or an unknown filter."""
    parts: list[str | tuple[str, str]] = []
    literal: list[str] = []
    at = opened = 0
    while at < len(text):
        letter = text[at]
        if letter in "{}" and not opened and text[at : at + 2] == letter * 2:
            literal.append(letter)
            at += 2
        elif letter == "{" and text[at + 1 : at + 2] in ('"', "'", " "):  # JSON, which no placeholder looks like
            literal.append(letter)
            at, opened = at + 1, opened + 1
        elif letter == "}" and opened:
            literal.append(letter)
            at, opened = at + 1, opened - 1
        elif letter == "{":
            end = text.find("}", at)
            if end < 0:
                raise TemplateError(f"`{text[at : at + 20]}` has no closing brace")
            if literal:
                parts.append("".join(literal))
                literal = []
            parts.append(_placeholder(text[at + 1 : end]))
            at = end + 1
        elif letter == "}":
            raise TemplateError("a closing brace without an opening one: write `}}` for a brace")
        else:
            literal.append(letter)
            at += 1
    if literal:
        parts.append("".join(literal))
    return tuple(parts)


def _placeholder(text: str) -> tuple[str, str]:
    name, bar, chosen = (part.strip() for part in text.partition("|"))
    if not name or not all(word.replace("-", "_").isidentifier() or word.isdigit() for word in name.split(".")[1:] or [name]):
        raise TemplateError(f"`{{{text}}}` does not name a value")
    if bar and chosen not in FILTERS:
        raise TemplateError(f"there is no filter `{chosen}`: {', '.join(FILTERS)}")
    return name, chosen or "plain"


def template_names(template: Template) -> tuple[str, ...]:
    """The names that a template shows."""
    return tuple(part[0] for part in template if isinstance(part, tuple))


def render(template: Template, value_of: Callable[[str], Value]) -> str:
    """The text with every value put in; unknown and absent ones as "unknown"."""
    return "".join(part if isinstance(part, str) else _shown(value_of(part[0]), part[1]) for part in template)


def render_known(template: Template, value_of: Callable[[str], Value]) -> str:
    """As `render`, but clauses (separated by ", ") that show something unknown are left out."""
    clauses: list[tuple[str, bool]] = [("", True)]
    for part in template:
        if isinstance(part, tuple):
            value = value_of(part[0])
            text, known = clauses[-1]
            clauses[-1] = (text + _shown(value, part[1]), known and isinstance(value, Known))
            continue
        first, *rest = part.split(", ")
        clauses[-1] = (clauses[-1][0] + first, clauses[-1][1])
        clauses.extend((text, True) for text in rest)
    return ", ".join(text for text, known in clauses if known and text.strip()).removeprefix("or ")


def _shown(value: Value, chosen: str) -> str:
    if not isinstance(value, Known):
        return UNKNOWN
    return FILTERS[chosen](value.value)


def plain(data: object) -> str:
    """A value as a person would write it: `true`, `2e-5`, `a, b`."""
    match data:
        case None:
            return "none"
        case bool():
            return "true" if data else "false"
        case float():
            return _number(data)
        case tuple() | list():
            return _cut(", ".join(plain(element) for element in data[:50]))
        case Mapping():
            return _cut(", ".join(f"{key}: {plain(element)}" for key, element in list(data.items())[:50]))
    return _cut(str(data))


def _cut(text: str) -> str:
    line = " ".join(text.split()) if "\n" in text or "\r" in text or "\t" in text else text
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 3] + "..."


def _number(number: float) -> str:
    text = f"{number:.5e}" if 0 < abs(number) < 1e-3 else f"{number:.6g}"
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(power)}" if exponent else text


def gib(data: object) -> str:
    """Bytes as `21.3 GiB`."""
    return f"{data / 2**30:.1f} GiB" if isinstance(data, (int, float)) else plain(data)


def percent(data: object) -> str:
    """A number of percent with the digits that matter: `0.62 %`, `12.4 %`, `100 %`."""
    if not isinstance(data, (int, float)):
        return plain(data)
    return f"{data:.2f} %" if 0 < abs(data) < 1 else f"{data:.1f}".removesuffix(".0") + " %"


def count(data: object) -> str:
    """A large number as `8.1 B`, `19.9 M`, `1,536`."""
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        return plain(data)
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if abs(data) >= size:
            return f"{data / size:.1f} {unit}"
    return f"{data:,}" if isinstance(data, int) else _number(data)


def listed(data: object) -> str:
    """A list with each element in backticks: `` `a`, `b` ``."""
    elements = data if isinstance(data, (tuple, list)) else (data,)
    return ", ".join(f"`{plain(element)}`" for element in elements[:20])


FILTERS: dict[str, Callable[[object], str]] = {
    "plain": plain,
    "gib": gib,
    "percent": percent,
    "count": count,
    "list": listed,
    "lower": lambda data: plain(data).lower(),
}
