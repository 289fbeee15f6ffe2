"""`lintune rules`: the catalogue, with what each rule needs in order to decide."""

import os
import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Parser
from lintune.cli.catalogue import all_pages, find_pages, rule_words
from lintune.cli.settings import settings_for
from lintune.cli.usage import OK, UsageError, did_you_mean
from lintune.engine.page import Page
from lintune.report.pages import page_json, table
from lintune.report.paint import paint_for


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    asked = parser().parse(words)
    pages = chosen(asked.rules, settings_for(".").house_rules)
    if asked.format == "json":
        import json

        documents = [{key: value for key, value in page_json(page).items() if key != "body"} for page in pages]
        sys.stdout.write(json.dumps(documents, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(table(pages, paint_for(asked.color, sys.stdout, os.environ)))
    return OK


def parser() -> Parser:
    """The parser of `lintune rules`."""
    made = Parser("rules", "[RULE ...]", "List the rules, with what each needs beside the launch: script, config, model, pins.")
    made.words("rules")
    made.value("--format", "FORMAT", "text or json", choices=("text", "json"), default="text")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def chosen(selectors: Sequence[str], house: str) -> list[Page]:
    """The pages that the selectors stand for; all without any."""
    if not selectors:
        return all_pages(house)
    pages: dict[str, Page] = {}
    for selector in selectors:
        found = find_pages(selector, house)
        if not found:
            raise UsageError(f"there is no rule `{selector}`{did_you_mean(selector, rule_words(house))}")
        pages.update((page.path, page) for page in found)
    return list(pages.values())
