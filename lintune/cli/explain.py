"""`lintune explain RULE`: the page of a rule; `--error TEXT`: the rules behind a run-time error."""

import os
import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.catalogue import all_pages, find_pages, rule_words
from lintune.cli.settings import settings_for
from lintune.cli.usage import FINDINGS, OK, UsageError, did_you_mean
from lintune.engine.page import Page
from lintune.report.paint import paint_for


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status (1: no rule knows the error)."""
    asked = parser().parse(words)
    house = settings_for(".").house_rules
    if asked.error is not None:
        return explain_error(asked, house)
    if not asked.rules:
        raise UsageError("`lintune explain` takes a rule's name or code, or `--error TEXT`; `lintune rules` lists them")
    pages: dict[str, Page] = {}
    for rule in asked.rules:
        found = find_pages(rule, house)
        if not found:
            raise UsageError(f"there is no rule `{rule}`{did_you_mean(rule, rule_words(house))}; `lintune rules` lists them")
        pages.update((page.path, page) for page in found)
    show(list(pages.values()), asked)
    return OK


def parser() -> Parser:
    """The parser of `lintune explain`."""
    made = Parser("explain", "RULE ... | --error TEXT", "Show the page of a rule, or find the rules behind a run-time error.")
    made.words("rules")
    made.value("--error", "TEXT", "a pasted error or traceback (`-`: from standard input)", default=None)
    made.value("--format", "FORMAT", "text, md or json", choices=("text", "md", "json"), default="text")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def explain_error(asked: Arguments, house: str) -> int:
    """Show the pages whose error text matches."""
    from lintune.report.pages import pages_for_error

    text = sys.stdin.read() if asked.error == "-" else asked.error
    pages = pages_for_error(text, all_pages(house))
    if not pages:
        sys.stderr.write("lintune: no rule knows this error\n")
        return FINDINGS
    show(pages, asked)
    return OK


def show(pages: Sequence[Page], asked: Arguments) -> None:
    """Write pages in the format asked for; more than three as a table."""
    from lintune.report.pages import page_json, page_text, table

    paint = paint_for(asked.color, sys.stdout, os.environ)
    if asked.format == "json":
        import json

        sys.stdout.write(json.dumps([page_json(page) for page in pages], ensure_ascii=False, indent=2) + "\n")
    elif asked.format == "md":
        sys.stdout.write("\n".join(page.body.strip() + "\n" for page in pages))
    elif len(pages) > 3:
        sys.stdout.write(table(pages, paint))
    else:
        sys.stdout.write("\n\n".join(page_text(page, paint) for page in pages))
