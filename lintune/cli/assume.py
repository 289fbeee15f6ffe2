"""What the user declares: package versions (PEP 508 requirements) and environment variables."""

import re

from lintune.cli.usage import UsageError
from lintune.values.value import Step
from lintune.values.version import Pin, Specifiers

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(\(?[^;]*?\)?)\s*(?:;.*)?", re.S)
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(?!=)(.*)", re.S)


def canonical(package: str) -> str:
    """A package name as pins are kept by: lower case, dashes (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def read_assumption(text: str, where: str) -> Pin | tuple[str, str]:
    """A pin from `transformers==4.51.3`, or a variable's name and value from `DATA_DIR=/data`.

    `where` names the option or the config's line in the error and in the pin's origin.
    """
    variable = _VARIABLE.fullmatch(text.strip())
    if variable:
        return variable[1], variable[2]
    found = _REQUIREMENT.fullmatch(text)
    if not found or not found[2].strip(" ()"):
        shapes = "a requirement such as `transformers==4.51.3` nor a variable such as `DATA_DIR=/data`"
        raise UsageError(f"{where}: `{text}` is neither {shapes}")
    return pin(found[1], found[2].strip().removeprefix("(").removesuffix(")"), where)


def pin(package: str, specifiers: str, where: str) -> Pin:
    """A pin of a package; a bare version means exactly that one."""
    text = specifiers.strip()
    if text[:1].isdigit():
        text = f"=={text}"
    try:
        parsed = Specifiers.parse(text)
    except ValueError as problem:
        raise UsageError(f"{where}: `{package}{specifiers}`: {problem}") from None
    return Pin(canonical(package), parsed, (Step("assumed", None, where),))
