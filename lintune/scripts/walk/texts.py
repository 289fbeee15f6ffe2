"""Regular expressions and paths on known text: computed where that is certain to be quick."""

import ast
import re
from collections.abc import Callable
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk.abstract import NONE, Data, Function, Names, Open, Value, lift, names_of, plain, sequence

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_LONGEST_PATTERN = 200
_LONGEST_TEXT = 300
_MOST_WORK = 20_000_000
_FLAGS = {"IGNORECASE": re.I, "I": re.I, "MULTILINE": re.M, "M": re.M, "DOTALL": re.S, "S": re.S, "VERBOSE": re.X, "X": re.X, "ASCII": re.A}
_ESCAPED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""What in a pattern is no operator: escapes and classes."""
_QUANTIFIED_GROUP = re.compile(r"\([^()]*[*+{|?][^()]*\)[*+{]|\)\)[*+{]")
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\d*\}")


def is_quick(pattern: str, text: str) -> bool:
    """Whether a pattern takes few steps on a text: no repeated group with choices in it, and few repetitions for its length."""
    if len(pattern) > _LONGEST_PATTERN or len(text) > _LONGEST_TEXT:
        return False
    bare = _ESCAPED.sub("x", pattern)
    if _QUANTIFIED_GROUP.search(bare) or re.search(r"\\\d", pattern):
        return False
    count = len(_UNBOUNDED.findall(bare)) + 1
    return int(max(len(text), 2) ** count) * len(pattern) <= _MOST_WORK and count <= 4


def call_pattern(walk: "Walk", name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A function of `re`, or a method of a compiled pattern, whose first argument is then the pattern."""
    names = NONE.union(*(names_of(each) for each in (*args, *keywords.values())))
    unknown = Open("it depends on a pattern", names)
    if name == "escape" and len(args) == 1 and isinstance(args[0], Data) and isinstance(args[0].value, str):
        return Data(re.escape(args[0].value), names)
    pattern = _compiled(args, keywords, name)
    if pattern is None:
        return unknown
    if name == "compile":
        return Data(pattern, names)
    if name in ("sub", "subn"):
        return _substituted(walk, pattern, args[1:], keywords, names, node)
    if name not in ("match", "search", "fullmatch", "split", "findall", "finditer") or len(args) < 2:
        return unknown
    text = args[1].value if isinstance(args[1], Data) else None
    if not isinstance(text, str) or not is_quick(pattern.pattern, text):
        return unknown
    if name in ("match", "search", "fullmatch"):
        return Data(getattr(pattern, name)(text), names)
    if name == "finditer":
        return sequence("list", [Data(each, names) for each in pattern.finditer(text)], names=names)
    limit = keywords.get("maxsplit", Data(0))
    if name == "split" and isinstance(limit, Data) and isinstance(limit.value, int):
        return lift(pattern.split(text, limit.value), names)
    return lift(pattern.findall(text), names) if name == "findall" else unknown


def _compiled(args: list[Value], keywords: dict[str, Value], name: str) -> "re.Pattern[str] | None":
    places = {"compile": 1, "match": 2, "search": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4}
    given = args[places.get(name, 9)] if len(args) > places.get(name, 9) else keywords.get("flags", Data(0))
    first = args[0].value if args and isinstance(args[0], Data) else None
    flags = given.value if isinstance(given, Data) else None
    if isinstance(first, re.Pattern):
        return first if isinstance(first.pattern, str) else None
    if not isinstance(first, str) or not isinstance(flags, int) or len(first) > _LONGEST_PATTERN:
        return None
    try:
        return re.compile(first, flags)
    except (re.error, ValueError, OverflowError, RecursionError):
        return None


def _substituted(
    walk: "Walk", pattern: "re.Pattern[str]", args: list[Value], keywords: dict[str, Value], names: Names, node: ast.AST
) -> Value:
    known = [each.value if isinstance(each, Data) else None for each in args]
    count = keywords.get("count", Data(0))
    if len(args) < 2 or isinstance(args[0], Function) or not all(isinstance(each, str) for each in known[:2]) or len(args) > 3:
        return Open("it depends on a pattern", names)
    limit = known[2] if len(known) > 2 else count.value if isinstance(count, Data) else None
    new, text = str(known[0]), str(known[1])
    if not isinstance(limit, int) or not is_quick(pattern.pattern, text) or len(new) > _LONGEST_TEXT:
        return Open("it depends on a pattern", names)
    try:
        return Data(pattern.sub(new, text, count=limit), names)
    except (re.error, IndexError):
        return Open("it depends on a pattern", names)


def flag(name: str) -> Value | None:
    """A flag of `re`."""
    found = _FLAGS.get(name)
    return Data(int(found)) if found is not None else None


_OF_MATCH = frozenset(("group", "groups", "groupdict", "start", "end", "span"))
_OF_PATH = frozenset(
    ("with_suffix", "with_name", "with_stem", "joinpath", "as_posix", "is_absolute", "match", "relative_to", "is_relative_to")
)
_PATH_PARTS = frozenset(("name", "stem", "suffix", "suffixes", "parent", "parts"))
_ON_DISK = frozenset(("exists", "is_file", "is_dir"))


def is_known(value: object) -> bool:
    """Whether a value is one of those of this module."""
    return isinstance(value, re.Match | re.Pattern | PurePath)


def method(walk: "Walk", owner: Data, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A method of a match, a compiled pattern or a path."""
    names = owner.names.union(*(names_of(each) for each in args))
    found: Any = owner.value
    if isinstance(found, re.Pattern):
        return call_pattern(walk, name, [owner, *args], keywords, node)
    if isinstance(found, PurePath) and name in _ON_DISK:
        there = walk.exists(str(found))
        return Data(there, names) if there is not None and not (there and name != "exists") else Open("whether it is there", names)
    if name in (_OF_MATCH if isinstance(found, re.Match) else _OF_PATH) and not keywords:
        try:
            return _lifted(getattr(found, name)(*[plain(each) for each in args]), names)
        except Exception:  # whatever a method refuses
            return Open("it is computed", names)
    if isinstance(found, PurePath) and name in ("expanduser", "resolve", "absolute"):
        return Open("it depends on the machine", names)
    return Open("it is computed", names)


def _lifted(value: Any, names: Names) -> Value:
    return Data(value, names) if is_known(value) else lift(value, names)


def attribute(owner: Data, name: str) -> Value | None:
    """An attribute of a match, a compiled pattern or a path, where it is no method."""
    found = owner.value
    if isinstance(found, PurePath) and name in _PATH_PARTS:
        return _lifted(getattr(found, name), owner.names)
    if isinstance(found, re.Match) and name in ("string", "lastindex", "lastgroup"):
        return lift(getattr(found, name), owner.names)
    return Data(found.pattern, owner.names) if isinstance(found, re.Pattern) and name == "pattern" else None


def item(owner: Data, key: Value, names: Names) -> Value | None:
    """`match[index]`."""
    if isinstance(owner.value, re.Match) and isinstance(key, Data) and isinstance(key.value, int | str):
        try:
            return lift(owner.value[key.value], names)
        except IndexError:
            return None
    return None


def path(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`pathlib.Path(...)`."""
    names = NONE.union(*(names_of(each) for each in args))
    parts = [each.value if isinstance(each, Data) else None for each in args]
    if not all(isinstance(each, str | PurePath) for each in parts) or any(len(str(each)) > 2000 for each in parts):
        return Open("it is a path with unknown parts", names)
    return Data(PurePosixPath(*parts), names)  # type: ignore[arg-type]


def _on_path(function: Callable[[str], Any]) -> Callable[..., Value]:
    def call(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        names = NONE.union(*(names_of(each) for each in args))
        if len(args) != 1 or not isinstance(args[0], Data) or not isinstance(args[0].value, str | PurePath):
            return Open("it is a path with unknown parts", names)
        return lift(function(str(args[0].value)), names)

    return call


def _path_functions() -> dict[str, Callable[..., Value]]:
    import posixpath

    names = ("basename", "dirname", "splitext", "normpath", "isabs", "split")
    return {f"os.path.{name}": _on_path(getattr(posixpath, name)) for name in names}


FUNCTIONS: dict[str, Callable[..., Value]] = {
    **_path_functions(),
    "pathlib.Path": path,
    "pathlib.PurePath": path,
    "pathlib.PurePosixPath": path,
}
