"""Globs of paths in the config: `*` within a folder name, `**` across folders, a bare name at any depth."""

import os
import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=256)
def _compiled(glob: str) -> "re.Pattern[str]":
    pattern = glob.strip("/")
    anywhere = "/" not in pattern
    text = "(?:.*/)?" if anywhere else ""
    for token in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        text += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
    # A pattern that names a folder covers what lies in it.
    return re.compile(text + "(?:/.*)?")


def matches_any(path: str, globs: Iterable[str], folder: str) -> bool:
    """Whether a path (relative to the working folder) matches a glob that is relative to `folder`."""
    inside = os.path.relpath(path, folder).replace(os.sep, "/")
    return any(_compiled(glob).fullmatch(inside) for glob in globs)
