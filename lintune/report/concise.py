"""One line per finding: `path:line:col: severity[CODE name] message`, for editors, `grep` and logs."""

from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.report.cells import harmless
from lintune.report.paint import Paint


def render_concise(result: Result, paint: Paint) -> str:
    """The findings, one a line, in reading order."""
    return "".join(concise_line(finding, paint) + "\n" for finding in result.findings)


def concise_line(finding: Finding, paint: Paint) -> str:
    """One finding on one line."""
    source = finding.primary.source
    start = source.position(finding.primary.span.start)
    place = harmless(f"{source.path}:{start.line}:{start.column}")
    kind = paint(finding.severity, f"{finding.severity}[{finding.code} {finding.name}]")
    return f"{place}: {kind} {harmless(finding.message)}"
