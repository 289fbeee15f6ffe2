"""Sets of releases as version specifiers: `<4.51`, `>=4.50,<4.52`, `<4.41 || >=4.51`."""

from collections.abc import Sequence

from lintune.values.version import Version


def spec_text(releases: Sequence[Version], inside: Sequence[bool]) -> str:
    """The releases that are `inside`, as a specifier; empty when all are, `<0` when none is.

    Bounds name releases at which the answer changes; runs are joined by ` || `.
    """
    if all(inside):
        return ""
    parts: list[str] = []
    index = 0
    while index < len(inside):
        if not inside[index]:
            index += 1
            continue
        end = index
        while end + 1 < len(inside) and inside[end + 1]:
            end += 1
        clauses = [f">={_bound(releases, index)}"] if index > 0 else []
        if end + 1 < len(inside):
            clauses.append(f"<{_bound(releases, end + 1)}")
        parts.append(",".join(clauses))
        index = end + 1
    return " || ".join(parts) or "<0"


def _bound(releases: Sequence[Version], index: int) -> str:
    """The first release of a minor is named by the minor, even where its first patch was withdrawn."""
    version = releases[index]
    minor = (*version.release, 0)[:2]
    first = index > 0 and (*releases[index - 1].release, 0)[:2] != minor
    return ".".join(str(part) for part in minor) if first else short(version)


def short(version: Version) -> str:
    """A version as people write a boundary: 4.51.0 is `4.51`."""
    parts = version.text.split(".")
    return ".".join(parts[:2]) if len(parts) == 3 and parts[2] == "0" else version.text
