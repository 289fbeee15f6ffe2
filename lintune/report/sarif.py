"""SARIF 2.1.0, for code scanning: relative uris, stable fingerprints, related places, rule help, fixes, suppressions.

Written as plain dictionaries after the OASIS standard (docs.oasis-open.org/sarif/sarif/v2.1.0); columns count Unicode
code points from 1, which `columnKind` says.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lintune.engine.finding import Finding, Fix, Location
from lintune.engine.result import Result
from lintune.report.json_v1 import dry_run_json
from lintune.report.text import way_text, with_stage
from lintune.source.record import dataclass
from lintune.source.text import Site

ROOT = "%SRCROOT%"
"""The name of the folder that uris are relative to: the one in which lintune was run."""
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True, slots=True)
class RuleHelp:
    """What a rule descriptor says of a rule."""

    claim: str = ""
    """The rule's one-sentence claim."""
    page: str = ""
    """The body of its page, in Markdown."""


def sarif_document(
    result: Result,
    version: str,
    rule_help: Callable[[str], RuleHelp],
    suppressed: Sequence[tuple[Finding, str]] = (),
) -> Mapping[str, Any]:
    """The log as plain data; `suppressed` are findings that a comment silenced, each with the reason it gives."""
    everything = [*result.findings, *(finding for finding, _ in suppressed)]
    rules: dict[str, Finding] = {}
    for finding in everything:
        rules.setdefault(finding.code, finding)
    index = {code: number for number, code in enumerate(rules)}
    results = [_result(finding, index) for finding in result.findings]
    for finding, reason in suppressed:
        kind: dict[str, Any] = {"kind": "inSource", "status": "accepted"}
        if reason:
            kind["justification"] = reason
        results.append({**_result(finding, index), "suppressions": [kind]})
    driver = {
        "name": "lintune",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(finding, rule_help(finding.name)) for finding in rules.values()],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which lintune was run."}}},
        "invocations": [_invocation(result)],
        "artifacts": [{"location": _artifact(file.path)} for file in result.files],
        "results": results,
        **({"properties": {"dryRuns": [dry_run_json(path, answer) for path, answer in result.dry_runs]}} if result.dry_runs else {}),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def render_sarif(
    result: Result,
    version: str,
    rule_help: Callable[[str], RuleHelp],
    suppressed: Sequence[tuple[Finding, str]] = (),
) -> str:
    """The log as text."""
    return json.dumps(sarif_document(result, version, rule_help, suppressed), ensure_ascii=False, indent=2) + "\n"


def _rule(finding: Finding, text: RuleHelp) -> dict[str, Any]:
    claim = text.claim or finding.name.replace("-", " ")
    rule: dict[str, Any] = {
        "id": finding.code,
        "name": finding.name,
        "shortDescription": {"text": claim},
        "fullDescription": {"text": claim},
        "help": {"text": claim, "markdown": text.page or claim},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }
    if "://" in finding.url:
        rule["helpUri"] = finding.url
    return rule


def _result(finding: Finding, index: Mapping[str, int]) -> dict[str, Any]:
    lines = [finding.message]
    if finding.effect:
        lines.append(f"Effect: {with_stage(finding)}")
    if finding.help:
        lines.append(f"Help: {finding.help}")
    lines.extend(f"Way {number}: {way_text(way)}" for number, way in enumerate(finding.ways, 1))
    lines.extend(finding.notes)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(lines)},
        "locations": [_location(finding.locations[0])],
        "partialFingerprints": {"lintune/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence, "stage": finding.stage},
    }
    if finding.locations[1:]:
        result["relatedLocations"] = [_location(location, number) for number, location in enumerate(finding.locations[1:], 1)]
    if finding.fixes:
        result["fixes"] = [_fix(fix) for fix in finding.fixes]
    return result


def _location(location: Location, number: int | None = None) -> dict[str, Any]:
    site = location.site
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(site.source.path), "region": _region(site)}}
    if number is not None:
        place["id"] = number
    if location.label:
        place["message"] = {"text": location.label}
    return place


def _fix(fix: Fix) -> dict[str, Any]:
    by_path: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        replacement = {"deletedRegion": _region(edit.site), "insertedContent": {"text": edit.text}}
        by_path.setdefault(edit.site.source.path, []).append(replacement)
    changes = [{"artifactLocation": _artifact(path), "replacements": replacements} for path, replacements in by_path.items()]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _region(site: Site) -> dict[str, int]:
    start, end = site.source.position(site.span.start), site.source.position(site.span.end)
    return {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}


def _artifact(path: str) -> dict[str, str]:
    from urllib.parse import quote

    if path.startswith("/"):
        return {"uri": "file://" + quote(path)}
    return {"uri": quote(path), "uriBaseId": ROOT}


def _invocation(result: Result) -> dict[str, Any]:
    notes = [{"level": "error", "message": {"text": f"rule {name} failed with an internal error"}} for name in result.crashed]
    notes.extend({"level": "error", "message": {"text": f"{path} does not exist"}} for path in result.missing)
    notes.extend({"level": "note", "message": {"text": text}} for text in result.notes)
    invocation: dict[str, Any] = {"executionSuccessful": not result.crashed}
    if notes:
        invocation["toolExecutionNotifications"] = notes
    return invocation
