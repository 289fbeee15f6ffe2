"""`match` statements."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk import expressions, stores
from lintune.scripts.walk.abstract import Class, Data, Instance, Items, Library, Open, Table, Value, names_of, sequence, truth
from lintune.scripts.walk.operators import compared
from lintune.scripts.walk.walker import NEXT

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def run_match(walk: "Walk", node: ast.Match) -> int:
    """Run the cases that may fit, in order."""
    return _cases(walk, expressions.value(walk, node.subject), node.cases)


def _cases(walk: "Walk", subject: Value, cases: list[ast.match_case]) -> int:
    from lintune.scripts.walk.statements import branch

    if not cases:
        return NEXT
    case, names = cases[0], names_of(subject)
    bound: dict[str, Value] = {}
    fits = _fits(walk, subject, case.pattern, bound)
    if fits is False:
        walk.skipped.append((walk.module, case.body, None))
        return _cases(walk, subject, cases[1:])
    if fits:
        return _entered(walk, subject, cases, bound)
    for each in ast.walk(case.pattern):
        name = getattr(each, "name", None) or getattr(each, "rest", None)
        if isinstance(name, str):
            bound[name] = subject if each is case.pattern else Open("it is part of what was matched", names)
    return branch(walk, Open(), names, lambda: _entered(walk, subject, cases, bound), lambda: _cases(walk, subject, cases[1:]))


def _entered(walk: "Walk", subject: Value, cases: list[ast.match_case], bound: dict[str, Value]) -> int:
    """The pattern of the first case fits: what it captures is bound, and its guard decides."""
    from lintune.scripts.walk.statements import branch, run

    case, names = cases[0], names_of(subject)
    for name, value in bound.items():
        stores.bind(walk, name, value)
    holds: Value = Data(True)
    if case.guard is not None:
        holds = expressions.condition(walk, case.guard)
        names |= names_of(holds)
    decided = truth(holds)
    if decided is False:
        return _cases(walk, subject, cases[1:])
    if decided is None:
        return branch(walk, Open(), names, lambda: run(walk, case.body), lambda: _cases(walk, subject, cases[1:]))
    walk.path.append(names)
    try:
        return run(walk, case.body)
    finally:
        walk.path.pop()


def _fits(walk: "Walk", subject: Value, pattern: ast.pattern, bound: dict[str, Value]) -> bool | None:
    match pattern:
        case ast.MatchAs(pattern=None, name=name):
            bound.update({name: subject} if name is not None else {})
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner, name=str() as name):
            found = _fits(walk, subject, inner, bound)
            bound[name] = subject
            return found
        case ast.MatchOr(patterns=patterns):
            return _any_fits(walk, subject, patterns, bound)
        case ast.MatchSingleton(value=value):
            if isinstance(subject, Items | Table):
                return False
            return subject.value is value if isinstance(subject, Data) else None
        case ast.MatchValue(value=expression):
            other = expressions.value(walk, expression)
            return truth(compared(walk, expression, ast.Eq(), subject, other))
        case ast.MatchSequence(patterns=patterns):
            return _sequence_fits(walk, subject, patterns, bound)
        case ast.MatchMapping():
            return _mapping_fits(walk, subject, pattern, bound)
        case ast.MatchClass():
            return _class_fits(walk, subject, pattern, bound)
    return None


def _any_fits(walk: "Walk", subject: Value, patterns: list[ast.pattern], bound: dict[str, Value]) -> bool | None:
    """`first | second`: the first that fits, unless it is not known of one before it."""
    open_ = False
    for each in patterns:
        captured: dict[str, Value] = {}
        found = _fits(walk, subject, each, captured)
        if found and (not open_ or not captured):
            bound.update(captured)
            return True
        open_ = open_ or found is not False
    return None if open_ else False


def _all(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def _sequence_fits(walk: "Walk", subject: Value, patterns: list[ast.pattern], bound: dict[str, Value]) -> bool | None:
    if isinstance(subject, Data | Table):
        return False
    if not isinstance(subject, Items) or subject.kind not in ("list", "tuple") or subject.open:
        return False if isinstance(subject, Items) and subject.kind in ("set", "keys") else None
    items = list(subject.items)
    star = next((index for index, each in enumerate(patterns) if isinstance(each, ast.MatchStar)), None)
    if star is None:
        if len(items) != len(patterns):
            return False
        return _all([_fits(walk, item, each, bound) for item, each in zip(items, patterns, strict=True)])
    after = len(patterns) - star - 1
    if len(items) < star + after:
        return False
    starred = patterns[star]
    if isinstance(starred, ast.MatchStar) and starred.name is not None:
        bound[starred.name] = sequence("list", items[star : len(items) - after])
    pairs = [*zip(items, patterns[:star], strict=False), *zip(items[len(items) - after :], patterns[star + 1 :], strict=True)]
    return _all([_fits(walk, item, each, bound) for item, each in pairs])


def _mapping_fits(walk: "Walk", subject: Value, pattern: ast.MatchMapping, bound: dict[str, Value]) -> bool | None:
    if isinstance(subject, Data | Items):
        return False
    if not isinstance(subject, Table) or subject.open:
        return None
    rest = dict(subject.slots)
    answers: list[bool | None] = []
    for key_node, inner in zip(pattern.keys, pattern.patterns, strict=True):
        key = expressions.value(walk, key_node)
        found = rest.pop(key.value, None) if isinstance(key, Data) else None
        if not isinstance(key, Data) or (isinstance(found, Open) and found.unset):
            answers.append(None)
        else:
            answers.append(_fits(walk, found, inner, bound) if found is not None else False)
    if pattern.rest is not None:
        bound[pattern.rest] = Table(rest)
    return _all(answers)


_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes}


def _class_fits(walk: "Walk", subject: Value, pattern: ast.MatchClass, bound: dict[str, Value]) -> bool | None:
    from lintune.scripts.walk import builtin

    kind = expressions.value(walk, pattern.cls)
    found = builtin.is_a(subject, kind)
    if not found:
        return found
    answers: list[bool | None] = []
    if isinstance(kind, Library) and kind.last in (*_TYPES, "list", "dict", "tuple", "set"):
        answers = [_fits(walk, subject, each, bound) for each in pattern.patterns[:1]]
    elif pattern.patterns:
        names = _places(walk, kind)
        if names is None or len(names) < len(pattern.patterns):
            return None
        answers = [_attribute_fits(walk, subject, name, each, bound) for name, each in zip(names, pattern.patterns, strict=False)]
    pairs = zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
    answers += [_attribute_fits(walk, subject, name, each, bound) for name, each in pairs]
    return _all(answers)


def _places(walk: "Walk", kind: Value) -> list[str] | None:
    """The attributes that patterns without names stand for."""
    from lintune.scripts.walk.classes import fields_of, is_dataclass

    if isinstance(kind, Class) and is_dataclass(kind) and "__match_args__" not in kind.members:
        return [name for name, *_ in fields_of(kind)]
    return None


def _attribute_fits(walk: "Walk", subject: Value, name: str, pattern: ast.pattern, bound: dict[str, Value]) -> bool | None:
    if isinstance(subject, Instance) and name in subject.slots:
        return _fits(walk, subject.slots[name], pattern, bound)
    return None
