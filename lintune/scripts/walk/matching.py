"""`match` statements."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import expressions, stores
from lintune.scripts.walk.abstract import Data, Open, Value, names_of, truth
from lintune.scripts.walk.walker import NEXT

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def run_match(walk: "Walk", node: ast.Match) -> int:
    """Run the cases that may fit, in order."""
    return _cases(walk, expressions.value(walk, node.subject), node.cases)


def _cases(walk: "Walk", subject: Value, cases: list[ast.match_case]) -> int:
    from lintune.scripts.walk.statements import branch, run

    if not cases:
        return NEXT
    case, names = cases[0], names_of(subject)
    fits = _fits(walk, subject, case.pattern)

    def enter() -> int:
        for each in ast.walk(case.pattern):
            name = getattr(each, "name", None)
            if isinstance(name, str):
                stores.bind(walk, name, subject if each is case.pattern else Open("it is part of what was matched", names))
        return run(walk, case.body)

    if fits and case.guard is not None:
        fits = truth(expressions.condition(walk, case.guard))
    if fits is False:
        walk.skipped.append((walk.module, case.body, None))
        return _cases(walk, subject, cases[1:])
    if fits:
        walk.path.append(names)
        try:
            return enter()
        finally:
            walk.path.pop()
    return branch(walk, Open(), names, enter, lambda: _cases(walk, subject, cases[1:]))


def _fits(walk: "Walk", subject: Value, pattern: ast.pattern) -> bool | None:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _fits(walk, subject, inner)
        case ast.MatchOr(patterns=patterns):
            found = [_fits(walk, subject, each) for each in patterns]
            return True if True in found else None if None in found else False
        case ast.MatchSingleton(value=value):
            return subject.value is value if isinstance(subject, Data) else None
        case ast.MatchValue(value=expression):
            other = expressions.value(walk, expression)
            return bool(subject.value == other.value) if isinstance(subject, Data) and isinstance(other, Data) else None
    return None
