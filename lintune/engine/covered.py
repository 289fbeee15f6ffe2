"""One finding per fault: what a general rule says of flags that a rule of their own already names is left out."""

from collections.abc import Iterable

from lintune.engine.finding import Finding, severity_rank
from lintune.run.run import Run
from lintune.source.text import Site

SCRIPT = frozenset(("script-refuses", "script-refuses-after-loading"))
"""Rules that report whatever the script itself refuses, at whatever moment a special rule says so too."""
GENERAL = SCRIPT | {"library-guard", "framework-refuses-settings", "trainer-refuses-settings", "config-class-refuses"}
"""Rules that report whatever a library or a script refuses."""
_SAME_STAGES = ("start", "parsing")
_PARSER = ("CLI", "VER")
"""Codes of rules about options that the parser refuses."""


def without_covered(findings: Iterable[Finding], run: Run) -> list[Finding]:
    """The findings of one run without those of general rules that a special rule reports or forestalls."""
    listed = list(findings)
    if not any(finding.name in GENERAL for finding in listed):
        return listed
    return [finding for finding in listed if not _is_covered(finding, listed, run)]


def _is_covered(finding: Finding, listed: Iterable[Finding], run: Run) -> bool:
    if finding.name not in GENERAL:
        return False
    stages = None if finding.name in SCRIPT else (*_SAME_STAGES, finding.stage)
    special = [other for other in listed if other.name not in GENERAL and (stages is None or other.stage in stages)]
    refused = any(other.severity == "error" and other.code.startswith(_PARSER) for other in special)
    # the parser stops before the library's class is made; what the script itself refuses comes next
    return (refused and finding.name not in SCRIPT) or any(_covers(other, finding, run) for other in special)


def _covers(special: Finding, general: Finding, run: Run) -> bool:
    graver = severity_rank(special.severity) <= severity_rank(general.severity)
    return graver and not _places(special, run).isdisjoint(_places(general, run))


def _places(finding: Finding, run: Run) -> set[tuple[str, int, int]]:
    """The written places that a finding names; the launch itself stands for defaults and says nothing."""
    return {_key(each.site) for each in finding.locations if each.site != run.site}


def _key(site: Site) -> tuple[str, int, int]:
    return (site.source.path, site.span.start, site.span.end)
