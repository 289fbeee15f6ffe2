"""`check --format html`: the findings with their excerpts, and the memory of each launch, as one page."""

from collections.abc import Iterator, Sequence

from lintune import __version__
from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.memory.report import MemoryOfRun
from lintune.report.details import detail_lines
from lintune.report.excerpt import Mark, excerpts
from lintune.report.html_page import NUMBER, escaped, page, prose, table
from lintune.report.memory_html import memory_section
from lintune.report.paint import Paint
from lintune.report.summary import by_reason, found_line, looked_at_line
from lintune.report.svg_bars import COLOURS


def render_check_html(result: Result, memory: Sequence[MemoryOfRun] = ()) -> str:
    """The page."""
    looked = looked_at_line(result)
    body = [f"<h1>{escaped(found_line(result, Paint()) or 'Nothing was found')}</h1>", f'<p class="soft">{escaped(looked)}</p>']
    if len(result.findings) > 1:
        body.append(_contents(result))
    for number, finding in enumerate(result.findings, 1):
        body.extend(_finding(finding, number))
    body.extend(_dry_runs(result))
    body.extend(_unresolved(result))
    shown = [each for each in memory if not each.problem]
    if shown:
        body.append("<h2>Memory per GPU</h2>")
    for number, each in enumerate(shown, 1):
        body.extend(memory_section(each, f"{number}. {each.path}" if len(shown) > 1 else each.path))
    return page("lintune check", body, f"lintune {__version__}", COLOURS)


def _contents(result: Result) -> str:
    rows = [
        (
            f'<a href="#finding-{number}">{prose(finding.message)}</a>',
            f'<span class="{finding.severity}">{finding.severity}</span>',
            f'<span class="code">{escaped(finding.primary.source.path)}</span>',
            str(finding.primary.line),
        )
        for number, finding in enumerate(result.findings, 1)
    ]
    return table("Findings", (("what", ""), ("severity", ""), ("file", ""), ("line", NUMBER)), rows)


def _finding(finding: Finding, number: int) -> Iterator[str]:
    yield f'<article id="finding-{number}"><h3><span class="{finding.severity}">{finding.severity}</span> {prose(finding.message)}</h3>'
    sure = "" if finding.confidence == "certain" else f", {finding.confidence}"
    yield f'<p class="soft">{escaped(finding.code)} {escaped(finding.name)}{sure}</p>'
    marks = [Mark(location.site, location.label, index == 0) for index, location in enumerate(finding.locations)]
    lines = "\n".join(map(escaped, excerpts(marks, finding.severity, Paint())))
    yield f"<pre>{lines}</pre>"
    details = detail_lines(finding, places=False)
    if details:
        yield "<ul>" + "".join(f"<li>{prose(line)}</li>" for line in details) + "</ul>"
    yield "</article>"


def _dry_runs(result: Result) -> Iterator[str]:
    """What dry runs built, trained and measured."""
    if not result.dry_runs:
        return
    from lintune.report.dry_run_text import dry_run_blocks

    for block in dry_run_blocks(result.dry_runs, Paint(), modules=True):
        head, _, rest = block.partition("\n")
        yield f"<h2>{escaped(head)}</h2><pre>{escaped(rest)}</pre>"


def _unresolved(result: Result) -> Iterator[str]:
    groups = by_reason(result)
    if not groups:
        return
    rows = [(prose(group.text(3)), str(len(group.rules))) for group in groups]
    yield "<h2>Could not be decided</h2>"
    yield table("What rules waited for", (("unknown, and what settles it", ""), ("rules", NUMBER)), rows)
