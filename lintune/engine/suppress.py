"""Comments that silence findings, and the findings about such comments that silence nothing."""

from collections.abc import Iterable, Sequence, Set

from lintune.engine.catalogue import Catalogue
from lintune.engine.evaluate_rules import RULE_URL
from lintune.engine.finding import Finding, Location
from lintune.syntax.suppression import Suppression


def apply_suppressions(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], catalogues: Sequence[Catalogue], could_fire: Set[str]
) -> tuple[list[Finding], int]:
    """The findings that no comment silences, with those about idle comments; and how many were silenced.

    `could_fire`: the rules that ran and decided; a comment about another one may still be needed.
    """
    used: set[tuple[int, str]] = set()
    kept = [finding for finding in findings if not _silenced(finding, suppressions, catalogues, used)]
    silenced = len(findings) - len(kept)
    for index, suppression in enumerate(suppressions):
        kept.extend(_about(index, suppression, catalogues, used, could_fire))
    return kept, silenced


def _silenced(finding: Finding, suppressions: Sequence[Suppression], catalogues: Sequence[Catalogue], used: set[tuple[int, str]]) -> bool:
    silenced = False
    for index, suppression in enumerate(suppressions):
        if not any(_covers(suppression, location) for location in finding.locations):
            continue
        for word in suppression.names:
            if _means(word, finding, catalogues):
                used.add((index, word))
                silenced = True
    return silenced


def _covers(suppression: Suppression, location: Location) -> bool:
    """Whether the place lies, with any of its lines, in what the comment covers."""
    site = location.site
    if site.source.path != suppression.site.source.path:
        return False
    if suppression.whole_file:
        return True
    first, last = suppression.lines
    return site.line <= last and site.source.position(site.span.end).line >= first


def _means(word: str, finding: Finding, catalogues: Sequence[Catalogue]) -> bool:
    if word.lower() in (finding.name, finding.code.lower()):
        return True
    return any(rule is not None and rule.name == finding.name for rule in (catalogue.find(word) for catalogue in catalogues))


def _about(
    index: int, suppression: Suppression, catalogues: Sequence[Catalogue], used: set[tuple[int, str]], could_fire: Set[str]
) -> Iterable[Finding]:
    for word in suppression.names:
        if (index, word) in used:
            continue
        rule = next((found for catalogue in catalogues if (found := catalogue.find(word))), None)
        if rule is None:
            yield _idle(suppression, f"no rule is called `{word}`{_nearest(word, catalogues)}")
        elif rule.name in could_fire:
            yield _idle(suppression, f"`{word}` is ignored here, but is not found here")


def _nearest(word: str, catalogues: Sequence[Catalogue]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, [each for catalogue in catalogues for each in catalogue.words()], 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def _idle(suppression: Suppression, message: str) -> Finding:
    return Finding(
        code="LNT002",
        name="unused-suppression",
        severity="warning",
        confidence="certain",
        message=message,
        locations=(Location(suppression.site, "", "primary"),),
        effect="the comment silences nothing",
        help="take it away, so that it cannot hide a later finding",
        url=RULE_URL.format(family="lintune", name="unused-suppression"),
    )
