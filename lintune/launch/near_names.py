"""The name that was probably meant, when a file of that name is not there."""

from collections.abc import Iterable


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The most similar of `names` within a few edits (one for each three characters, at most three); ties go to the first by alphabet."""
    allowed = min(3, max(1, len(name) // 3))
    best: tuple[int, str] | None = None
    for other in names:
        if other == name or abs(len(other) - len(name)) > allowed:
            continue
        distance = edit_distance(name.lower(), other.lower(), allowed)
        if distance <= allowed and (best is None or (distance, other) < best):
            best = (distance, other)
    return best[1] if best else None


def edit_distance(one: str, other: str, limit: int) -> int:
    """How many insertions, deletions, replacements and swaps of neighbours lie between two texts, counted up to `limit` + 1."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, second in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def common_tail(one: str, other: str) -> int:
    """How many path components two paths share at their ends."""
    count = 0
    for mine, theirs in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if mine != theirs:
            break
        count += 1
    return count
