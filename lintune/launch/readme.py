"""What the README beside a launch script says that the script does: full tuning, LoRA or QLoRA."""

import re
from collections.abc import Callable, Iterable, Iterator
from posixpath import basename, dirname, join
from typing import Literal

from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span

Tuning = Literal["full", "lora", "qlora"]

_NAMES = ("README.md", "readme.md", "Readme.md")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.M)
_FULL = re.compile(r"\bfull[- ]?(?:parameters?|fine-?\s?tun\w*|tun\w*)\b", re.I)
_LORA = re.compile(r"\b(q-?)?lora\b", re.I)


@dataclass(frozen=True, slots=True)
class Claim:
    """A README's section that names one kind of tuning and gives the script as the command for it."""

    tuning: Tuning
    heading: Site
    mention: Site
    """The script's name in the section."""


def readme_claim(script: str, names_in: Callable[[str], Iterable[str]], read: Callable[[str], Source | None]) -> Claim | None:
    """The claim of the README in the script's folder, where there is exactly one kind of tuning claimed.

    Sections that name several kinds, or the script under several, are not taken for a claim: people also compare.
    """
    folder = dirname(script) or "."
    there = set(names_in(folder))
    name = next((name for name in _NAMES if name in there), None)
    source = read(join(folder, name) if folder != "." else name) if name else None
    if source is None:
        return None
    claims = list(_claims(source, basename(script)))
    return claims[0] if len({claim.tuning for claim in claims}) == 1 else None


def _claims(source: Source, script: str) -> Iterator[Claim]:
    headings = list(_HEADING.finditer(source.text))
    for index, heading in enumerate(headings):
        end = headings[index + 1].start() if index + 1 < len(headings) else len(source.text)
        tuning = _tuning(heading[2])
        found = re.search(rf"(?<![\w./-]){re.escape(script)}\b", source.text[heading.end() : end])
        if tuning and found:
            start = heading.end() + found.start()
            yield Claim(tuning, Site(source, Span(heading.start(), heading.end())), Site(source, Span(start, start + len(script))))


def _tuning(heading: str) -> Tuning | None:
    lora = _LORA.search(heading)
    full = _FULL.search(heading) is not None
    if full:
        return None if lora else "full"
    if lora is None:
        return None
    return "qlora" if lora[1] else "lora"
