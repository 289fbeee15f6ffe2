"""One finding per fault: what a general rule says of flags that a rule of their own already names is left out."""

from collections.abc import Iterable

from lintune.engine.finding import Finding, severity_rank
from lintune.run.run import Run
from lintune.source.text import Site

GENERAL = frozenset(("library-guard",))
"""Rules that report whatever a library refuses."""
_SAME_STAGES = ("start", "parsing")


def without_covered(findings: Iterable[Finding], run: Run) -> list[Finding]:
    """The findings of one run without those of general rules at whose flags a special rule reports the same failure."""
    listed = list(findings)
    if not any(finding.name in GENERAL for finding in listed):
        return listed
    special = [finding for finding in listed if finding.name not in GENERAL and finding.stage in _SAME_STAGES]
    return [finding for finding in listed if finding.name not in GENERAL or not any(_covers(other, finding, run) for other in special)]


def _covers(special: Finding, general: Finding, run: Run) -> bool:
    graver = severity_rank(special.severity) <= severity_rank(general.severity)
    return graver and not _places(special, run).isdisjoint(_places(general, run))


def _places(finding: Finding, run: Run) -> set[tuple[str, int, int]]:
    """The written places that a finding names; the launch itself stands for defaults and says nothing."""
    return {_key(each.site) for each in finding.locations if each.site != run.site}


def _key(site: Site) -> tuple[str, int, int]:
    return (site.source.path, site.span.start, site.span.end)
