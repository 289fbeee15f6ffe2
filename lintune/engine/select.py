"""Choosing rules: by code, name, the beginning of a code, or family."""

from collections.abc import Iterable, Sequence

from lintune.engine.result import OptionError
from lintune.engine.rule import Rule


class SelectionError(OptionError):
    """A word that selects no rule, with the nearest one that does."""


def select_rules(rules: Sequence[Rule], select: Iterable[str], ignore: Iterable[str]) -> list[Rule]:
    """The rules selected (all, where nothing is) without those ignored; raises `SelectionError` for an unknown word.

    A more exact word wins: `--select TUN --ignore TUN001` leaves out one rule, `--select TUN001 --ignore TUN` keeps it.
    """
    chosen = [word.strip() for word in select if word.strip()]
    left_out = [word.strip() for word in ignore if word.strip()]
    if not chosen and not left_out:
        return list(rules)
    for word in (*chosen, *left_out):
        if word.lower() != "all" and not any(_exactness(word, rule) for rule in rules):
            raise SelectionError(f"no rule is called `{word}`{_nearest(word, rules)}")
    return [rule for rule in rules if _kept(rule, chosen, left_out)]


def _kept(rule: Rule, select: list[str], ignore: list[str]) -> bool:
    selected = max((_exactness(word, rule) for word in select), default=0) if select else 1
    ignored = max((_exactness(word, rule) for word in ignore), default=0)
    return selected > 0 and (ignored == 0 or (bool(select) and selected > ignored))


def _exactness(word: str, rule: Rule) -> int:
    """How exactly a word means a rule: 0 not at all, 1 "all", then family, beginnings of the code by length, code or name."""
    lowered = word.lower()
    code = rule.code.lower()
    if lowered in (code, rule.name) or lowered in rule.aliases:
        return 100
    if code.startswith(lowered):
        return 2 + len(lowered)
    if lowered == rule.family:
        return 2
    return 1 if lowered == "all" else 0


def _nearest(word: str, rules: Sequence[Rule]) -> str:
    from difflib import get_close_matches

    names = [each for rule in rules for each in (rule.name, *rule.aliases, rule.family)]
    codes = [rule.code for rule in rules]
    close = get_close_matches(word.lower(), names, 1, 0.6) or get_close_matches(word.upper(), codes, 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
