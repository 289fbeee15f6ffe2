"""Errors of usage: one sentence, the name that was probably meant, exit status 2."""

from collections.abc import Iterable

OK, FINDINGS, USAGE, INTERNAL = 0, 1, 2, 3
"""The exit statuses (a contract): nothing wrong; findings; usage, config or a missing path; an internal error."""


class UsageError(Exception):
    """The command line or the config cannot be taken as it is; the text is the one sentence to show."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` with the one nearest name, or nothing where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(names), 1, 0.6)
    return f" (did you mean `{near[0]}`?)" if near else ""


def names_in(values: Iterable[str]) -> tuple[str, ...]:
    """Names from comma-separated values: `--select A,B --select C`."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
