"""Release versions, version specifiers, and the pins of a project (PEP 440, as far as released packages need it)."""

import re
from collections.abc import Iterable
from functools import lru_cache, total_ordering

from lintune.source.record import dataclass, field
from lintune.values.value import Origin

_VERSION = re.compile(r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev|post)[-_.]?(\d*))?", re.I)
_CLAUSE = re.compile(r"\s*(===|==|!=|<=|>=|~=|<|>)\s*([^\s,;]+)\s*")
_STAGE = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "pre": -1, "preview": -1, "post": 1}


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A release version; ordered as PEP 440 orders releases, pre- and post-releases (local parts are ignored)."""

    text: str
    release: tuple[int, ...] = ()
    stage: tuple[int, int] = (0, 0)

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> "Version":
        """A version from its text; raises `ValueError` when there is no version in it."""
        found = _VERSION.match(text.strip())
        if not found:
            raise ValueError(f"not a version: {text!r}")
        release = tuple(int(part) for part in found[2].split("."))
        while len(release) > 1 and release[-1] == 0:
            release = release[:-1]
        stage = (_STAGE[found[3].lower()], int(found[4] or 0)) if found[3] else (0, 0)
        return cls(text.strip(), release, stage)

    def _key(self) -> tuple[tuple[int, ...], tuple[int, int]]:
        return (self.release, self.stage)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Specifiers:
    """A conjunction of version clauses such as `>=4.41,<4.51`; no clause admits every version.

    Windows with a gap are written with ` || ` between conjunctions (`<4.41 || >=4.51`), which PEP 440 has no word for.
    """

    text: str
    clauses: tuple[tuple[str, str], ...] = field(default=())
    others: tuple["Specifiers", ...] = field(default=())
    """Further conjunctions, one of which is enough."""

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> "Specifiers":
        """Clauses from text; raises `ValueError` for a clause that is not one."""
        first, *rest = text.split("||")
        if rest:
            return cls(text.strip(), cls.parse(first).clauses, tuple(cls.parse(part) for part in rest))
        clauses: list[tuple[str, str]] = []
        for part in text.split(","):
            if not part.strip():
                continue
            found = _CLAUSE.fullmatch(part)
            if not found:
                raise ValueError(f"not a version clause: {part.strip()!r}")
            Version.parse(found[2])
            clauses.append((found[1], found[2]))
        return cls(text.strip(), tuple(clauses))

    def contains(self, version: Version) -> bool:
        """Whether every clause (of one of the alternatives) admits the version."""
        if all(_admits(op, operand, version) for op, operand in self.clauses):
            return True
        return any(other.contains(version) for other in self.others)

    @property
    def exact(self) -> Version | None:
        """The one version that `==` names, if it does."""
        for op, operand in self.clauses if not self.others else ():
            if op in ("==", "===") and not operand.endswith(".*"):
                return _parsed(operand)
        return None


def _admits(op: str, operand: str, version: Version) -> bool:
    if operand.endswith(".*"):
        prefix = tuple(int(part) for part in operand[:-2].split("."))
        inside = (version.release + (0,) * len(prefix))[: len(prefix)] == prefix
        return inside if op in ("==", "===") else not inside
    own, wanted = (version.release, version.stage), _operand_key(operand)
    match op:
        case "==" | "===":
            return own == wanted
        case "!=":
            return own != wanted
        case "<=":
            return own <= wanted
        case ">=":
            return own >= wanted
        case "<":
            return own < wanted
        case ">":
            return own > wanted
    prefix = tuple(int(part) for part in operand.split("."))[:-1]
    return own >= wanted and (version.release + (0,) * len(prefix))[: len(prefix)] == prefix


@lru_cache(maxsize=512)
def _parsed(text: str) -> Version:
    """A version that a clause names; the same pin is asked about every option."""
    return Version.parse(text)


@lru_cache(maxsize=512)
def _operand_key(operand: str) -> tuple[tuple[int, ...], tuple[int, int]]:
    """What a clause's version is ordered by; windows are asked about hundreds of releases."""
    wanted = Version.parse(operand)
    return wanted.release, wanted.stage


@dataclass(frozen=True, slots=True)
class Pin:
    """The versions of a package that are in force, and where that is written."""

    package: str
    specifiers: Specifiers
    origin: Origin = ()

    def inside(self, window: Specifiers, releases: Iterable[Version]) -> bool | None:
        """Whether the version in force lies in a window: True, False, or None where the pin admits both.

        `releases` are the known releases of the package; an exact pin needs none, and where none is known, versions
        at and between the bounds stand for them.
        """
        exact = self.specifiers.exact
        if exact is not None:
            return window.contains(exact)
        known = tuple(releases) or tuple(_around(*self.specifiers.clauses, *window.clauses))
        answers = {window.contains(release) for release in known if self.specifiers.contains(release)}
        return answers.pop() if len(answers) == 1 else None


def _around(*clauses: tuple[str, str]) -> Iterable[Version]:
    """A version below every bound, each bound, and one behind each of them."""
    yield Version.parse("0")
    for _, operand in clauses:
        bound = operand.removesuffix(".*")
        yield from (Version.parse(bound), Version.parse(f"{bound}.999999"))
