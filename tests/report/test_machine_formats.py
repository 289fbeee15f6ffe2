"""JSON, SARIF, GitHub commands and one-line text."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.report.concise import render_concise
from lintune.report.github import SHOWN_PER_KIND, annotation, render_github
from lintune.report.json_v1 import render_json
from lintune.report.paint import Paint
from lintune.report.sarif import RuleHelp, render_sarif

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def test_json_holds_the_contract(result: Result) -> None:
    """The document validates, and the places count from 1 with an exclusive end."""
    document = json.loads(render_json(result, "1.2.3"))
    Draft202012Validator(json.loads((SCHEMAS / "check-v1.schema.json").read_text(encoding="utf-8"))).validate(document)
    assert document["tool"] == {"name": "lintune", "version": "1.2.3"}
    assert document["files"] == [{"path": "finetune/finetune_lora.sh", "role": "launch", "framework": "minicpmv"}]
    finding = document["findings"][0]
    assert finding["locations"][0] == {
        "path": "finetune/finetune_lora.sh",
        "start": {"line": 4, "column": 5},
        "end": {"line": 4, "column": 20},
        "role": "primary",
        "label": "full tuning of the LLM",
    }
    assert [location["role"] for location in finding["locations"]] == ["primary", "related", "related"]
    assert finding["fixes"][0]["edits"][0]["text"] == "false"
    assert document["unresolved"][0]["settle"] == "`--gpu 2xA100-40G`"
    assert document["summary"]["launches"] == 1


def test_json_of_nothing_is_valid() -> None:
    """An empty result is a document too."""
    document = json.loads(render_json(Result(), "1"))
    Draft202012Validator(json.loads((SCHEMAS / "check-v1.schema.json").read_text(encoding="utf-8"))).validate(document)
    assert document["findings"] == []


def test_concise_is_one_line(result: Result) -> None:
    """Path, line, column, severity, code, name and message."""
    assert render_concise(result, Paint()) == (
        "finetune/finetune_lora.sh:4:5: error[TUN001 lora-with-full-llm-tuning] "
        "`tune_llm` and `use_lora` are both on: full tuning and LoRA exclude each other\n"
    )


def test_github_escapes(conflict: Finding) -> None:
    """Percent signs, line breaks, colons and commas cannot end the command early."""
    odd = replace(conflict, message="100 % of a,b: c", ways=(), help="", effect="", name="a-b")
    line = annotation(odd)
    assert "\n" not in line
    assert line.startswith(
        "::error file=finetune/finetune_lora.sh,line=4,col=5,endLine=4,endColumn=20,title=TUN001 a-b::100 %25 of a,b: c%0A"
    )


def test_github_puts_errors_first(result: Result, conflict: Finding) -> None:
    """Only some annotations are shown, so errors come first, and what is cut is said."""
    infos = tuple(replace(conflict, severity="info") for _ in range(SHOWN_PER_KIND + 2))
    lines = render_github(replace(result, findings=(*infos, conflict))).splitlines()
    assert lines[0].startswith("::error ")
    assert lines[1].startswith("::notice ")
    assert lines[-1] == "13 findings; GitHub shows 10 of a kind, 2 are only in this log"


def sarif(result: Result, *suppressed: tuple[Finding, str]) -> dict[str, Any]:
    """The log, parsed."""
    text = render_sarif(result, "1.2.3", lambda name: RuleHelp("They exclude each other.", "# Page\n"), suppressed)
    document: dict[str, Any] = json.loads(text)
    return document


def test_sarif_structure(result: Result) -> None:
    """What the standard requires, and what code scanning needs to place and match a result."""
    document = sarif(result)
    Draft202012Validator(SARIF_SUBSET).validate(document)
    run = document["runs"][0]
    found = run["results"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"] == "TUN001"
    assert run["tool"]["driver"]["rules"][0]["help"]["markdown"] == "# Page\n"
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "finetune/finetune_lora.sh", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 5, "endLine": 4, "endColumn": 20}
    assert [related["message"]["text"] for related in found["relatedLocations"]] == ["LoRA", "raises here"]
    assert found["partialFingerprints"]["lintune/v1"]
    assert found["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "false"}


def test_sarif_says_what_is_suppressed(result: Result, conflict: Finding) -> None:
    """A silenced finding is in the log with its reason, so that it is not reopened."""
    document = sarif(replace(result, findings=()), (conflict, "known"))
    Draft202012Validator(SARIF_SUBSET).validate(document)
    assert document["runs"][0]["results"][0]["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "known"}]


def test_sarif_quotes_uris(result: Result, conflict: Finding) -> None:
    """A blank in a path does not make a broken uri; a crash is not a successful run."""
    conflict.primary.source.path = "my run/数据.sh"
    document = sarif(replace(result, crashed=("some-rule",)))
    uri = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "my%20run/%E6%95%B0%E6%8D%AE.sh"
    assert document["runs"][0]["invocations"][0]["executionSuccessful"] is False


_MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "additionalProperties": {"type": "integer", "minimum": 1},
}
_ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "pattern": "^[!-~]+$"}, "uriBaseId": {"type": "string"}},
}
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "message": _MESSAGE,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "additionalProperties": False,
            "properties": {"artifactLocation": _ARTIFACT, "region": _REGION},
        },
    },
}
_RULE = {
    "type": "object",
    "required": ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "shortDescription": _MESSAGE,
        "fullDescription": _MESSAGE,
        "help": _MESSAGE,
        "helpUri": {"type": "string"},
        "defaultConfiguration": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"level": {"enum": ["none", "note", "warning", "error"]}},
        },
    },
}
_RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "level", "locations"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": _MESSAGE,
        "locations": {"type": "array", "minItems": 1, "items": _LOCATION},
        "relatedLocations": {"type": "array", "items": _LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
        "fixes": {"type": "array", "items": {"type": "object", "required": ["artifactChanges"]}},
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "status": {"enum": ["accepted", "underReview", "rejected"]},
                    "justification": {"type": "string"},
                },
            },
        },
    },
}
SARIF_SUBSET: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {"driver": {"type": "object", "required": ["name"], "properties": {"rules": {"items": _RULE}}}},
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "originalUriBaseIds": {"type": "object"},
                    "invocations": {"type": "array", "items": {"type": "object", "required": ["executionSuccessful"]}},
                    "artifacts": {"type": "array"},
                    "results": {"type": "array", "items": _RESULT},
                },
            },
        },
    },
}
"""What lintune writes of SARIF 2.1.0, transcribed from the standard's text: names, required keys, allowed values."""
