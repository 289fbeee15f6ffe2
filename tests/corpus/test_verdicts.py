"""The verdicts on findings in public repositories: their form, and that no error finding is false or unjudged."""

import json
from pathlib import Path

HERE = Path(__file__).parent
VERDICTS = [json.loads(line) for line in (HERE / "verdicts.jsonl").read_text("utf-8").splitlines() if line]
REPOSITORIES = {row["name"]: row for row in json.loads((HERE / "repositories.json").read_text("utf-8"))["repositories"]}
RULES = {path.stem for path in (HERE.parents[1] / "rules").glob("*/*.md")}
FIELDS = ["repository", "commit", "path", "line", "rule", "severity", "verdict", "proof"]


def test_form() -> None:
    """Every line has the same fields; judged ones have a proof."""
    for row in VERDICTS:
        assert list(row) == FIELDS
        assert row["verdict"] in ("true", "false", "open") and row["severity"] in ("error", "warning")
        assert isinstance(row["line"], int) and row["line"] >= 1
        assert (len(row["proof"]) >= 20) == (row["verdict"] != "open"), row


def test_places() -> None:
    """Repositories and rules exist, at the commit that was looked at, and no finding is judged twice."""
    assert {row["repository"] for row in VERDICTS} <= set(REPOSITORIES)
    assert all(row["commit"] == REPOSITORIES[row["repository"]]["commit"] for row in VERDICTS)
    assert {row["rule"] for row in VERDICTS} <= RULES
    places = [(row["repository"], row["path"], row["line"], row["rule"]) for row in VERDICTS]
    assert len(places) == len(set(places))


def test_errors_are_true() -> None:
    """Each error finding on the official examples was judged, and is true."""
    errors = [row for row in VERDICTS if row["severity"] == "error"]
    assert len(errors) >= 100
    assert [row for row in errors if row["verdict"] != "true"] == []


def test_most_warnings_are_judged() -> None:
    warnings = [row for row in VERDICTS if row["severity"] == "warning"]
    judged = [row for row in warnings if row["verdict"] != "open"]
    assert len(judged) >= 0.8 * len(warnings)
    assert sum(row["verdict"] == "false" for row in judged) <= 0.05 * len(judged)
