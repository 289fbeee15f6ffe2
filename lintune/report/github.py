"""GitHub workflow commands: one annotation per finding, errors first.

Of annotations GitHub shows ten per step and kind; the last line says how many findings there are, so that none is
lost in silence. Escaping: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from lintune.engine.finding import Finding, severity_rank
from lintune.engine.result import Result
from lintune.report.details import detail_lines

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
SHOWN_PER_KIND = 10
"""How many annotations of one kind GitHub shows per step."""


def render_github(result: Result) -> str:
    """The workflow commands, then a line for the log."""
    ordered = sorted(result.findings, key=lambda finding: severity_rank(finding.severity))
    text = "".join(annotation(finding) + "\n" for finding in ordered)
    kinds = [sum(finding.severity == kind for finding in ordered) for kind in _COMMANDS]
    cut = sum(max(0, number - SHOWN_PER_KIND) for number in kinds)
    if cut:
        text += f"{len(ordered)} findings; GitHub shows {SHOWN_PER_KIND} of a kind, {cut} are only in this log\n"
    return text


def annotation(finding: Finding) -> str:
    """One finding as a workflow command."""
    source = finding.primary.source
    start = source.position(finding.primary.span.start)
    end = source.position(max(finding.primary.span.end, finding.primary.span.start))
    properties = {
        "file": source.path,
        "line": str(start.line),
        "col": str(start.column),
        "endLine": str(end.line),
        "endColumn": str(end.column),
        "title": f"{finding.code} {finding.name}",
    }
    if start.line != end.line:
        # GitHub refuses an end column where the span covers several lines.
        del properties["col"], properties["endColumn"]
    head = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = [finding.message, *detail_lines(finding)]
    return f"::{_COMMANDS[finding.severity]} {head}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
