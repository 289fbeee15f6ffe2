"""A finding: what is wrong, where, what it leads to, and the ways out; with its JSON form."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from lintune.source.edits import Edit
from lintune.source.record import dataclass
from lintune.source.text import Site, Source

Severity = Literal["error", "warning", "info"]
Confidence = Literal["certain", "likely", "possible"]
Applicability = Literal["safe", "unsafe", "display"]
Role = Literal["primary", "related"]
Stage = Literal["start", "parsing", "after-weights", "first-step", "first-evaluation", "last-save", "whole-run"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the gravest to the mildest."""

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None


def severity_rank(severity: str) -> int:
    """0 for the gravest severity; the order in which findings are shown."""
    return SEVERITIES.index(severity)


def at_least(severity: str, threshold: str) -> bool:
    """Whether a severity is as grave as the threshold or graver."""
    return severity_rank(severity) <= severity_rank(threshold)


@dataclass(frozen=True, slots=True)
class Location:
    """A place that a finding points at, with the part it plays."""

    site: Site
    label: str = ""
    role: Role = "related"

    def to_json(self) -> dict[str, Json]:
        """The location as `check --format json` writes it."""
        return {**place_json(self.site), "role": self.role, "label": self.label}


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that take a finding away."""

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...]
    """Not overlapping; they may touch several files."""

    def to_json(self) -> dict[str, Json]:
        """The fix as `check --format json` writes it."""
        edits: list[Json] = [{**place_json(edit.site), "text": edit.text} for edit in self.edits]
        return {"title": self.title, "applicability": self.applicability, "edits": edits}


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a finding, with what it costs."""

    title: str
    applicability: Applicability = "display"
    cost: str = ""
    """What the run would be with it: "0.6 % trainable, at least 21.0 GiB per GPU"; empty where not known."""
    settings: tuple[tuple[str, str], ...] = ()
    """The settings it changes, as shown to people: (("tune_llm", "false"),)."""
    edits: tuple[Edit, ...] = ()
    """The edits, where the text to change stands literally in the script; else empty."""

    def to_json(self) -> dict[str, Json]:
        """The way as `check --format json` writes it (its edits are among the finding's `fixes`)."""
        return {"title": self.title, "applicability": self.applicability, "cost": self.cost, "set": dict(self.settings)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim of one rule about one launch or file."""

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    """One sentence, lower case, values in backticks."""
    locations: tuple[Location, ...]
    """The primary one first; never empty."""
    effect: str = ""
    """What happens at run time."""
    help: str = ""
    stage: Stage = "whole-run"
    """When the failure would have come."""
    ways: tuple[Way, ...] = ()
    url: str = ""
    notes: tuple[str, ...] = ()
    """What the finding depends on: the version window that was not decided, and what would settle it."""
    framework: str = ""

    @property
    def primary(self) -> Site:
        """The place that the finding is about."""
        return self.locations[0].site

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """The ways that come with edits."""
        return tuple(Fix(way.title, way.applicability, way.edits) for way in self.ways if way.edits)

    @property
    def fingerprint(self) -> str:
        """A hash of the content, not of line numbers: rule, path, the primary line without its blanks, message."""
        from hashlib import sha256

        line = " ".join(self.primary.source.line_text(self.primary.line).split())
        parts = (self.name, self.primary.source.path, line, self.message)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def to_json(self) -> dict[str, Json]:
        """The finding as `check --format json` writes it."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity,
            "confidence": self.confidence,
            "message": self.message,
            "effect": self.effect,
            "help": self.help,
            "stage": self.stage,
            "locations": [location.to_json() for location in self.locations],
            "fixes": [fix.to_json() for fix in self.fixes],
            "ways": [way.to_json() for way in self.ways],
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Wait:
    """Something unknown that a rule would have needed to decide."""

    rule: str
    name: str
    """The dotted name that was unknown."""
    reason: str
    settle: str = ""
    """The one thing that would settle it."""
    path: str = ""
    """The launch or file for which the rule waited."""

    def to_json(self) -> dict[str, Json]:
        """The wait as `check --format json` writes it."""
        return {"rule": self.rule, "name": self.name, "reason": self.reason, "settle": self.settle, "path": self.path}


def place_json(site: Site) -> dict[str, Json]:
    """A site as path, start and end; lines and columns from 1, `end` exclusive in columns."""
    start, end = site.source.position(site.span.start), site.source.position(site.span.end)
    return {
        "path": site.source.path,
        "start": {"line": start.line, "column": start.column},
        "end": {"line": end.line, "column": end.column},
    }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted as they are read: by file, place, severity and name; findings that say the same are kept once."""
    kept: dict[tuple[str, str, str, int, int], Finding] = {}
    for finding in findings:
        site = finding.primary
        kept.setdefault((finding.name, finding.message, site.source.path, site.span.start, site.span.end), finding)
    return sorted(kept.values(), key=_order)


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    site = finding.primary
    return (site.source.path, site.span.start, severity_rank(finding.severity), finding.name, finding.message)


def whole_file(source: Source) -> Site:
    """The place for a finding about a file as such: its first line."""
    return Site(source, source.line_span(1))
