"""Colour and links on a terminal, written by hand: a report must not wait for a library to load."""

from collections.abc import Mapping
from typing import Literal, TextIO

from lintune.source.record import dataclass

ColourChoice = Literal["auto", "always", "never"]

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "gutter": "1;34",
    "second": "1;34",
    "bold": "1",
    "dim": "2",
    "good": "32",
    "help": "1;32",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Puts text in a named style, or leaves it as it is where colour is off."""

    colour: bool = False
    links: bool = False
    """Whether the terminal is one on which hyperlinks (OSC 8) may be written."""

    def __call__(self, style: str, text: str) -> str:
        """The text in a style: error, warning, info, gutter, second, bold, dim, good, help."""
        if not self.colour or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"

    def link(self, text: str, url: str) -> str:
        """The text as a hyperlink where the terminal takes one."""
        if not self.links or "://" not in url:
            return text
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def paint_for(choice: ColourChoice, stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """The paint for a stream: `--color` first, then FORCE_COLOR, then NO_COLOR, then whether it is a terminal.

    FORCE_COLOR set to `0` or nothing forces nothing; NO_COLOR counts when it is not empty (no-color.org).
    """
    terminal = stream.isatty()
    if choice == "auto":
        if environ.get("FORCE_COLOR", "0") not in ("", "0"):
            colour = True
        elif environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
            colour = False
        else:
            colour = terminal
    else:
        colour = choice == "always"
    return Paint(colour, colour and terminal and not environ.get("CI"))
