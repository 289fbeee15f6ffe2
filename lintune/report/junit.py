"""JUnit XML: a suite per file, a failed case per finding, a passed case for a file without any.

The form that Jenkins, GitLab and Azure read (github.com/testmoapp/junitxml); characters that XML 1.0 does not have are replaced.
"""

from collections.abc import Iterator, Mapping
from html import escape

from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.report.details import detail_lines


def render_junit(result: Result) -> str:
    """The document as text. Errors and warnings are failures; what is only information passes, with its text as output."""
    by_file: dict[str, list[Finding]] = {file.path: [] for file in result.files}
    for finding in result.findings:
        by_file.setdefault(finding.primary.source.path, []).append(finding)
    facts = {path: dict(answer.facts) for path, answer in result.dry_runs}
    suites = [line for path, found in by_file.items() for line in _suite(path, found, facts.get(path, {}))]
    cases = sum(max(1, len(found)) for found in by_file.values())
    failures = sum(_fails(finding) for finding in result.findings)
    head = f'<testsuites name="lintune" tests="{cases}" failures="{failures}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *suites, "</testsuites>"]) + "\n"


def _fails(finding: Finding) -> bool:
    return finding.severity != "info"


def _suite(path: str, found: list[Finding], facts: Mapping[str, object]) -> Iterator[str]:
    failures = sum(map(_fails, found))
    yield f'  <testsuite name="{_text(path)}" tests="{max(1, len(found))}" failures="{failures}" errors="0" skipped="0">'
    if facts:
        yield "    <properties>"
        for name, value in facts.items():
            yield f'      <property name="{_text(name)}" value="{_text(str(value))}"/>'
        yield "    </properties>"
    if not found:
        yield f'    <testcase name="{_text(path)}" classname="lintune" file="{_text(path)}"/>'
    for finding in found:
        place = finding.primary.source.position(finding.primary.span.start)
        name = f"{finding.code} {finding.name} ({place.line}:{place.column})"
        yield f'    <testcase name="{_text(name)}" classname="{_text(path)}" file="{_text(path)}" line="{place.line}">'
        body = _text("\n".join([f"{path}:{place.line}:{place.column}", *detail_lines(finding)]))
        if _fails(finding):
            yield f'      <failure type="{finding.severity}" message="{_text(finding.message)}">{body}</failure>'
        else:
            yield f"      <system-out>{_text(finding.message)}\n{body}</system-out>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _text(text: str) -> str:
    """A text for XML 1.0 (https://www.w3.org/TR/xml/#charsets)."""
    return escape("".join(char if _allowed(char) else "\ufffd" for char in text), quote=True)


def _allowed(char: str) -> bool:
    return char in "\t\n" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
