"""The default report: every finding with the source that it is about, what it leads to, and the ways out."""

from collections.abc import Callable
from typing import TypeAlias

from lintune.engine.finding import Finding, Stage, Way
from lintune.engine.result import Result
from lintune.report.cells import harmless, wrapped
from lintune.report.excerpt import Mark, excerpts
from lintune.report.paint import Paint
from lintune.report.summary import footer, unresolved

STAGES: dict[Stage, str] = {
    "start": "at start-up",
    "parsing": "while arguments are parsed",
    "after-weights": "after the weights are loaded",
    "first-step": "at the first step",
    "first-evaluation": "at the first evaluation",
    "last-save": "at the last save",
    "whole-run": "during the whole run",
}
"""When a failure would have come, as the text says it."""
Said: TypeAlias = dict[tuple[str, ...], str]
"""What was said of findings of a rule, with the place of the first of them."""
COLUMNS = 120
"""Notes are folded at this many cells."""


def render_text(
    result: Result,
    paint: Paint,
    *,
    pedantic: bool = False,
    sources: Callable[[str], tuple[str, ...]] | None = None,
) -> str:
    """The whole report; `sources` gives a rule's evidence by name, where it is to be shown."""
    said: Said = {}
    blocks = [render_finding(finding, paint, sources(finding.name) if sources else (), said) for finding in result.findings]
    if pedantic and result.waits:
        blocks.append(unresolved(result, paint))
    if result.dry_runs:
        from lintune.report.dry_run_text import dry_run_blocks

        blocks += dry_run_blocks(result.dry_runs, paint, modules=sources is not None)
    blocks.append(footer(result, paint, reasons=not pedantic))
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_finding(finding: Finding, paint: Paint, sources: tuple[str, ...] = (), said: Said | None = None) -> str:
    """One finding, without a final line break; what is in `said` word for word is not said again, but where it stands."""
    code = paint.link(f"{finding.code} {finding.name}", finding.url)
    head = paint(finding.severity, f"{finding.severity}[{code}]") + paint("bold", f": {harmless(finding.message)}")
    marks = [Mark(location.site, location.label, index == 0) for index, location in enumerate(finding.locations)]
    lines = [head, *excerpts(marks, finding.severity, paint)]
    indent = " " * max(len(str(mark.site.line)) for mark in marks)
    notes = _notes(finding, paint, indent, sources)
    place = f"{finding.primary.source.path}:{finding.primary.line}"
    before = said.setdefault((finding.name, *(note.strip() for note in notes)), place) if said is not None else place
    if before != place and len(notes) > 1:
        notes = [f"{indent} {paint('gutter', '=')} {paint('bold', 'effect, help')}: as for {before}"]
    lines.extend(notes)
    return "\n".join(lines)


def _notes(finding: Finding, paint: Paint, indent: str, sources: tuple[str, ...]) -> list[str]:
    lines: list[str] = []

    def note(kind: str, text: str) -> None:
        lead = f"{indent} = {kind}: "
        folded = wrapped(text, lead, " " * len(lead), COLUMNS)
        folded[0] = f"{indent} {paint('gutter', '=')} {paint('bold', kind)}: " + folded[0][len(lead) :]
        lines.extend(folded)

    if finding.effect:
        note("effect", with_stage(finding))
    if finding.help:
        note("help", finding.help)
    for number, way in enumerate(way_texts(finding), 1):
        note(f"way {number}" if len(finding.ways) > 1 else "way out", way)
    if finding.confidence != "certain":
        note(
            "note", f"this is {finding.confidence}, not certain" + ("" if finding.notes else f": `lintune explain {finding.name}` says why")
        )
    for text in finding.notes:
        note("note", text)
    for text in sources:
        note("source", text)
    return lines


def with_stage(finding: Finding) -> str:
    """The effect, with when it comes where the sentence does not say so itself."""
    when = STAGES[finding.stage]
    if finding.stage == "whole-run" or when in finding.effect:
        return finding.effect
    return f"{when}: {finding.effect}"


def way_text(way: Way, tag: str = "") -> str:
    """A way out in one sentence: what to do, what to set, what it costs, and the options that apply it."""
    settings = ", ".join(f"`{name}` = `{value}`" for name, value in way.settings)
    text = way.title
    if settings and not all(name in text and value in text for name, value in way.settings):
        text += f" ({settings})"
    if way.cost:
        text += f": {way.cost}"
    return f"{text} [{tag}]" if tag else text


def way_texts(finding: Finding) -> list[str]:
    """All ways out; those that `--fix` would take are marked with the options that make it do so."""
    allowed = [way for way in finding.ways if way.edits and way.applicability != "display"]
    first_safe = next((way for way in allowed if way.applicability == "safe"), None)
    tags = {id(way): "--fix --unsafe-fixes" for way in allowed[:1]}
    if first_safe is not None:
        tags[id(first_safe)] = "--fix"
    return [way_text(way, tags.get(id(way), "")) for way in finding.ways]
