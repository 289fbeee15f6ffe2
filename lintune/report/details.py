"""What machine formats say of a finding beyond its message: effect, help, ways out, related places, notes."""

from lintune.engine.finding import Finding
from lintune.report.text import way_text, with_stage


def detail_lines(finding: Finding, places: bool = True) -> list[str]:
    """One sentence per line, without the message; `places`: with the related places, where no excerpt shows them."""
    lines = [with_stage(finding)] if finding.effect else []
    if finding.help:
        lines.append(finding.help)
    lines.extend(f"{number}. {way_text(way)}" for number, way in enumerate(finding.ways, 1))
    for location in finding.locations[1:] if places else ():
        label = f": {location.label}" if location.label else ""
        lines.append(f"see {location.site.source.path}:{location.site.line}{label}")
    lines.extend(finding.notes)
    return lines
