"""Edits of a text: the text that replaces a site."""

from dataclasses import dataclass

from lintune.source.text import Site


@dataclass(frozen=True, slots=True)
class Edit:
    """The text that is to stand where `site` is; an empty span inserts."""

    site: Site
    text: str
