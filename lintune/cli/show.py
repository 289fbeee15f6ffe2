"""`lintune show`: every setting of each launch: value, where it comes from, what is unknown."""

import os
import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.check import add_settings, given, split_arguments
from lintune.cli.grouping import check_groups
from lintune.cli.settings import options_for, settings_for
from lintune.cli.usage import OK, USAGE, UsageError
from lintune.engine.result import Result
from lintune.report.shown import Shown


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    words, arguments = split_arguments(words)
    asked = parser().parse(words)
    if not asked.paths:
        raise UsageError("`lintune show` takes the path of a launch script, a config or a folder")
    shown, result = shown_launches(asked, arguments)
    for path in result.missing:
        sys.stderr.write(f"lintune: {path}: no such file or folder\n")
    sys.stdout.write(rendered(shown, asked))
    return USAGE if result.missing else OK


def parser() -> Parser:
    """The parser of `lintune show`."""
    made = Parser("show", "PATH ... [options] [-- ARGUMENTS]", "Show what lintune understood of each launch.")
    made.words("paths")
    add_settings(made)
    made.value("--format", "FORMAT", "text, json, or run: a run file", choices=("text", "json", "run"), default="text")
    made.value("--launch", "N", "only the N-th launch, counted from 1", default=0)
    made.switch("--trace", "the way through the training script with these options: branches, what is frozen where, where it ends")
    made.switch("--all", "also options at their default and settings that are absent")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def shown_launches(asked: Arguments, arguments: tuple[str, ...] | None) -> tuple[Shown, Result]:
    """The commands and launches of all paths, and the check that they come from."""
    said = given(asked, arguments)
    named = asked.stdin_filename if asked.paths[0] == "-" and asked.stdin_filename else asked.paths[0]
    options = options_for(settings_for(named), said)
    result = check_groups(asked.paths, said, asked.stdin_filename)
    from lintune.cli.understanding import understood

    return understood(asked.paths, options, result), result


def rendered(shown: Shown, asked: Arguments) -> str:
    """The launches in the format asked for."""
    if asked.launch:
        if not 1 <= asked.launch <= len(shown.launches):
            raise UsageError(f"there is no launch {asked.launch}: {len(shown.launches)} found")
        shown = Shown(shown.commands, (shown.launches[asked.launch - 1],))
    if asked.format == "json":
        from lintune.report.show_json import render_show_json

        return render_show_json(shown)
    if asked.format == "run":
        from lintune.report.show_json import render_run

        if len(shown.launches) != 1:
            raise UsageError(f"a run file holds one launch and there are {len(shown.launches)}; choose one with `--launch N`")
        return render_run(shown.launches[0].run)
    from lintune.report.paint import paint_for

    if asked.trace:
        from lintune.report.trace_text import render_traces

        return render_traces(shown, paint_for(asked.color, sys.stdout, os.environ), asked.all)
    from lintune.report.show_text import render_show

    return render_show(shown, paint_for(asked.color, sys.stdout, os.environ), asked.all)
