"""The Trainers that a script makes, and whether they build optimizer groups of their own."""

import ast
import re
from typing import TYPE_CHECKING

from lintune.scripts.comparisons import project_texts
from lintune.scripts.walk.abstract import Class, Function, Library
from lintune.scripts.walk.scopes import ancestry
from lintune.scripts.walk.trace import TrainerMade

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_METHOD = "create_optimizer"
_PATCH = re.compile(r"\b\w*Trainer\.create_optimizer\s*=(?!=)")
_PLAIN = ("transformers.", "trl.")
"""Packages whose Trainers make groups for weight decay only."""


def note_made(walk: "Walk", made: Class | Library, node: ast.AST) -> None:
    """A Trainer is made."""
    name = made.name if isinstance(made, Class) else made.dotted
    walk.noted.trainers.append(TrainerMade(name, walk.site(node), not walk.unsure, _builds_groups(walk, made)))


def _builds_groups(walk: "Walk", made: Class | Library) -> bool | None:
    """Whether `create_optimizer` is the project's; None where a base is not known."""
    classes, outside, known = ancestry(made) if isinstance(made, Class) else ([], [made.dotted], True)
    for each in classes:
        member = each.members.get(_METHOD)
        if member is not None:
            return True if isinstance(member, Function) else None
    if not known or not all(base.startswith(_PLAIN) for base in outside):
        return None
    sources = project_texts(walk.project) if walk.project is not None else ()
    return any(_METHOD in source.text and _PATCH.search(source.text) for source in sources)
