"""A Markdown table of the findings, for a comment on a merge request: short, and cut before hosts refuse it."""

from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.report.cells import harmless
from lintune.report.details import detail_lines
from lintune.report.paint import Paint
from lintune.report.summary import count, found_line, looked_at_line

MOST_ROWS = 50
"""Rows of the table; the rest is counted."""
MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 characters in a comment."""
MOST_DRY_RUNS, MOST_OF_A_DRY_RUN = 5, 2_000
"""Dry runs, and characters of each."""
_MARKS = {"error": "❌ error", "warning": "⚠️ warning", "info": "i info"}


def render_markdown(result: Result) -> str:
    """The comment."""
    lines = [f"### lintune: {found_line(result, Paint()) or 'nothing to report'}", ""]
    if result.findings:
        lines += ["| severity | where | what | rule |", "| --- | --- | --- | --- |"]
        lines += [_row(finding) for finding in result.findings[:MOST_ROWS]]
        if len(result.findings) > MOST_ROWS:
            lines += ["", f"{count(len(result.findings) - MOST_ROWS, 'finding')} more; `lintune check` lists all of them."]
        lines += ["", "<details><summary>What each leads to, and the ways out</summary>", ""]
        used = sum(map(len, lines))
        for finding in result.findings[:MOST_ROWS]:
            part = _detail(finding)
            used += len(part)
            if used > MOST_CHARACTERS:
                lines.append("The rest is too long for a comment.")
                break
            lines.append(part)
        lines += ["", "</details>"]
    for block in _dry_runs(result):
        head, *rest = block.replace("```", "   ").split("\n")
        text = "\n".join(rest)[:MOST_OF_A_DRY_RUN]
        lines += ["", f"<details><summary>{_prose(head)}</summary>", "", "```text", text, "```", "", "</details>"]
    return "\n".join([*lines, "", f"<sub>{_cell(looked_at_line(result))}</sub>"]) + "\n"


def _dry_runs(result: Result) -> list[str]:
    if not result.dry_runs:
        return []
    from lintune.report.dry_run_text import dry_run_blocks

    return dry_run_blocks(result.dry_runs, Paint())[:MOST_DRY_RUNS]


def _row(finding: Finding) -> str:
    site = finding.primary
    place = f"`{_code(site.source.path)}:{site.line}`"
    rule = f"[{finding.name}]({finding.url})" if "://" in finding.url else f"`{finding.name}`"
    return f"| {_MARKS[finding.severity]} | {place} | {_cell(finding.message)} | {finding.code} {rule} |"


def _detail(finding: Finding) -> str:
    site = finding.primary
    lines = [f"- **{finding.name}** `{_code(site.source.path)}:{site.line}`: {_cell(finding.message)}"]
    lines += [f"  - {_cell(line)}" for line in detail_lines(finding)]
    return "\n".join(lines)


def _code(text: str) -> str:
    """A text inside backticks within a table."""
    return harmless(text).replace("`", "'").replace("|", "\\|")


def _cell(text: str) -> str:
    """A text with its own code spans: no mark-up besides them, no column or line of the table ends early, nobody is mentioned."""
    parts = harmless(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow
        parts[-2:] = [f"{parts[-2]}'{parts[-1]}"]
    return "`".join(_code(part) if index % 2 else _prose(part) for index, part in enumerate(parts))


def _prose(text: str) -> str:
    for char in "\\<>*_[]|#@!":
        text = text.replace(char, f"\\{char}" if char not in "<>@" else {"<": "&lt;", ">": "&gt;", "@": "&#64;"}[char])
    return text
