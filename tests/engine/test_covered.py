"""General rules stand back where a rule of its own reports, or forestalls, the same failure."""

from lintune.engine.covered import without_covered
from lintune.engine.finding import Finding, Location, Severity
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span

SOURCE = Source("t.sh", "torchrun train.py --fp16 true --bf16 true\n")
RUN = Run("hf-trainer", "t.sh", Site(SOURCE, Span(0, 17)))


def finding(name: str, *spans: tuple[int, int], severity: Severity = "error", code: str = "TRN001") -> Finding:
    """A finding at these places."""
    locations = tuple(Location(Site(SOURCE, Span(*span))) for span in spans)
    return Finding(code, name, severity, "certain", name, locations, stage="parsing")


def names(*findings: Finding) -> list[str]:
    """The names that are left."""
    return [each.name for each in without_covered(findings, RUN)]


def test_the_special_rule_wins() -> None:
    """Where both name the same flag."""
    assert names(finding("library-guard", (18, 24)), finding("fp16-and-bf16", (18, 24), (30, 41))) == ["fp16-and-bf16"]


def test_other_places_are_other_failures() -> None:
    """Both stay; a milder finding and the launch as a whole cover nothing."""
    assert len(names(finding("library-guard", (18, 24)), finding("other", (30, 36)))) == 2
    assert len(names(finding("library-guard", (18, 24)), finding("advice", (18, 24), severity="info"))) == 2
    assert len(names(finding("library-guard", (0, 17)), finding("other", (0, 17)))) == 2


def test_a_refused_option_comes_first() -> None:
    """The parser stops before the class is made."""
    assert names(finding("library-guard", (18, 24)), finding("removed-flag", (30, 36), code="VER001")) == ["removed-flag"]
    assert len(names(finding("library-guard", (18, 24)), finding("removed-flag", (30, 36), code="VER001", severity="warning"))) == 2
