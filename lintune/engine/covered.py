"""One finding per fault: what a general rule says of flags that a rule of their own already names is left out."""

from collections.abc import Iterable

from lintune.engine.finding import Finding, severity_rank
from lintune.run.run import Run
from lintune.source.text import Site

GENERAL = frozenset(("library-guard",))
"""Rules that report whatever a library refuses."""
_SAME_STAGES = ("start", "parsing")
_PARSER = ("CLI", "VER")
"""Codes of rules about options that the parser refuses."""


def without_covered(findings: Iterable[Finding], run: Run) -> list[Finding]:
    """The findings of one run without those of general rules that a special rule reports or forestalls."""
    listed = list(findings)
    if not any(finding.name in GENERAL for finding in listed):
        return listed
    special = [finding for finding in listed if finding.name not in GENERAL and finding.stage in _SAME_STAGES]
    if any(finding.severity == "error" and finding.code.startswith(_PARSER) for finding in special):
        return [finding for finding in listed if finding.name not in GENERAL]  # the parser stops before the class is made
    return [finding for finding in listed if finding.name not in GENERAL or not any(_covers(other, finding, run) for other in special)]


def _covers(special: Finding, general: Finding, run: Run) -> bool:
    graver = severity_rank(special.severity) <= severity_rank(general.severity)
    return graver and not _places(special, run).isdisjoint(_places(general, run))


def _places(finding: Finding, run: Run) -> set[tuple[str, int, int]]:
    """The written places that a finding names; the launch itself stands for defaults and says nothing."""
    return {_key(each.site) for each in finding.locations if each.site != run.site}


def _key(site: Site) -> tuple[str, int, int]:
    return (site.source.path, site.span.start, site.span.end)
