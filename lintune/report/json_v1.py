"""`check --format json`: the versioned contract (`schemas/check-v1.schema.json`)."""

import json
from typing import TYPE_CHECKING

from lintune.engine.finding import Json
from lintune.engine.result import Result
from lintune.report.summary import by_reason

if TYPE_CHECKING:
    from lintune.dryrun.protocol import Result as Answer

SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes away; new keys leave it as it is."""


def check_document(result: Result, version: str) -> dict[str, Json]:
    """The document, as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "lintune", "version": version},
        "files": [file.to_json() for file in result.files],
        "findings": [finding.to_json() for finding in result.findings],
        **({"dry_runs": [dry_run_json(path, answer) for path, answer in result.dry_runs]} if result.dry_runs else {}),
        "unresolved": [wait.to_json() for wait in result.waits],
        "summary": {
            "launches": len(result.launches),
            "rules_decided": result.decided,
            "rules_undecided": result.undecided,
            "suppressed": result.suppressed,
            "held_back": result.held_back,
            "crashed": list(result.crashed),
            "missing": list(result.missing),
            "would_settle": list(dict.fromkeys(group.settle for group in by_reason(result) if group.settle)),
        },
    }


def dry_run_json(path: str, answer: "Answer") -> dict[str, Json]:
    """A dry run's answer; `facts` are the `dry_run.*` values, `detail` what reports draw from."""
    problem = answer.problem
    return {
        "path": path,
        "action": answer.action,
        "ok": answer.ok,
        "problem": {"kind": problem.kind, "message": problem.message, "help": problem.help} if problem else None,
        "facts": {name: finite(value) for name, value in answer.facts.items()},
        "assumptions": list(answer.assumptions),
        "versions": dict(answer.versions),
        "seconds": dict(answer.seconds),
        "detail": {name: finite(value) for name, value in answer.detail.items()},
    }


def finite(value: Json) -> Json:
    """A value as JSON has it: numbers that are none (a loss that overflowed) as texts."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    if isinstance(value, list):
        return [finite(each) for each in value]
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    return value


def render_json(result: Result, version: str) -> str:
    """The document as text, in UTF-8 whatever the locale."""
    return json.dumps(check_document(result, version), ensure_ascii=False, indent=2) + "\n"
