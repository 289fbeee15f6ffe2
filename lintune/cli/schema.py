"""`lintune schema NAME`: a JSON Schema that lintune ships."""

import sys
from collections.abc import Sequence

from lintune.cli.arguments import Parser
from lintune.cli.usage import OK, UsageError, did_you_mean
from lintune.source.data import data_folder

SCHEMAS = {
    "config": "lintune-config.schema.json",
    "check": "check-v1.schema.json",
    "show": "show-v1.schema.json",
    "compat": "compat-v1.schema.json",
}
"""The names, each with its file under `schemas/`."""


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    asked = parser().parse(words)
    if not asked.names:
        raise UsageError(f"`lintune schema` takes a name: {', '.join(SCHEMAS)}")
    name = asked.names[0]
    if name not in SCHEMAS:
        raise UsageError(f"there is no schema `{name}`{did_you_mean(name, SCHEMAS)}; there are {', '.join(SCHEMAS)}")
    sys.stdout.write((data_folder("schemas") / SCHEMAS[name]).read_text(encoding="utf-8"))
    return OK


def parser() -> Parser:
    """The parser of `lintune schema`."""
    made = Parser("schema", "NAME", "Print a JSON Schema: config (lintune.toml), check, show or compat (their --format json).")
    made.words("names", limit=1)
    return made
