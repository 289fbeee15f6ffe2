"""Writing a check's report in the format asked for, to standard output or a file."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from lintune import __version__
from lintune.cli.arguments import Arguments
from lintune.engine.result import Result
from lintune.report.paint import Paint, paint_for

if TYPE_CHECKING:
    from lintune.engine.page import Page
    from lintune.report.sarif import RuleHelp


def write_report(result: Result, asked: Arguments) -> None:
    """Write the report."""
    write_text(lambda paint: report(result, asked, paint), asked)


def write_text(render: Callable[[Paint], str], asked: Arguments) -> None:
    """Write a text to `--output`, or to standard output. Raises `UsageError` where the file cannot be written."""
    if not asked.output:
        sys.stdout.write(render(paint_for(asked.color, sys.stdout, os.environ)))
        return
    from lintune.cli.usage import UsageError

    text = render(Paint(asked.color == "always"))
    try:
        with open(asked.output, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as problem:
        raise UsageError(f"--output: `{asked.output}` cannot be written: {problem.strerror or problem}") from None


def report(result: Result, asked: Arguments, paint: Paint) -> str:
    """The report as text."""
    if asked.show_files:
        return show_files(result)
    if asked.statistics and asked.format in ("text", "concise"):
        from lintune.report.summary import footer, statistics

        return f"{statistics(result)}{footer(result, paint)}\n"
    match asked.format:
        case "json":
            from lintune.report.json_v1 import render_json

            return render_json(result, __version__)
        case "sarif":
            from lintune.report.sarif import render_sarif

            return render_sarif(result, __version__, rule_help(result))
        case "github":
            from lintune.report.github import render_github

            return render_github(result)
        case "gitlab":
            from lintune.report.gitlab import render_gitlab

            return render_gitlab(result)
        case "junit":
            from lintune.report.junit import render_junit

            return render_junit(result)
        case "markdown":
            from lintune.report.markdown import render_markdown

            return render_markdown(result)
        case "html":
            from lintune.cli.memory import memory_of
            from lintune.report.check_html import render_check_html

            return render_check_html(result, [memory_of(run, None, asked.gpu) for run in result.launches])
        case "concise":
            from lintune.report.concise import render_concise

            return render_concise(result, paint)
        case _:
            from lintune.report.text import render_text

            return render_text(result, paint, pedantic=asked.pedantic, sources=evidence(result) if asked.verbose else None)


def show_files(result: Result) -> str:
    """One line per file: what it was taken for, and how many launches it holds."""
    lines = []
    for file in result.files:
        kind = f"{file.role}, {file.framework}" if file.framework else file.role
        launches = f", {file.launches} launch{'es' if file.launches != 1 else ''}" if file.launches else ""
        lines.append(f"{file.path}: {kind}{launches}\n")
    return "".join(lines)


def _pages(result: Result) -> "dict[str, Page]":
    """The pages of the rules that fired, by name."""
    from lintune.cli.catalogue import find_pages

    return {page.name: page for name in sorted({finding.name for finding in result.findings}) for page in find_pages(name)}


def evidence(result: Result) -> Callable[[str], tuple[str, ...]]:
    """What each rule that fired rests on, by name."""
    pages = _pages(result)
    return lambda name: pages[name].evidence if name in pages else ()


def rule_help(result: Result) -> "Callable[[str], RuleHelp]":
    """What SARIF says of each rule that fired, by name."""
    from lintune.report.sarif import RuleHelp

    texts = {name: RuleHelp(page.claim, page.body.strip()) for name, page in _pages(result).items()}
    return lambda name: texts.get(name, RuleHelp())
