"""GitLab Code Quality: a list of issues after the Code Climate form that merge requests show.

Required keys: description, check_name, fingerprint (unique), severity, location.path and location.lines.begin
(docs.gitlab.com/ci/testing/code_quality, "Code Quality report format").
"""

import json
from hashlib import sha256

from lintune.engine.finding import Finding, Json
from lintune.engine.result import Result
from lintune.report.details import detail_lines

_SEVERITIES = {"error": "critical", "warning": "minor", "info": "info"}


def render_gitlab(result: Result) -> str:
    """The report as text."""
    seen: dict[str, int] = {}
    issues = []
    for finding in result.findings:
        known = finding.fingerprint
        seen[known] = seen.get(known, 0) + 1
        issues.append(_issue(finding, known if seen[known] == 1 else sha256(f"{known}{seen[known]}".encode()).hexdigest()[:32]))
    return json.dumps(issues, ensure_ascii=False, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, Json]:
    site = finding.primary
    start, end = site.source.position(site.span.start), site.source.position(site.span.end)
    return {
        "type": "issue",
        "check_name": finding.name,
        "description": f"{finding.code} {finding.name}: {finding.message}",
        "content": {"body": "\n".join(detail_lines(finding))},
        "categories": ["Bug Risk"],
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": site.source.path, "lines": {"begin": start.line, "end": end.line}},
    }
