"""`lintune check`: what is wrong with the launches in the given paths."""

import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.settings import Given, settings_for
from lintune.cli.usage import FINDINGS, INTERNAL, OK, USAGE, UsageError
from lintune.engine.finding import SEVERITIES, at_least
from lintune.engine.result import Result

FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown", "html")
EPILOG = """\
PATH is a launch script, a config, a training script, a folder (default: .) or `-` for standard input.
Words after `--` are the script's own arguments.

  lintune check finetune.sh --gpu 2xA100-40G --assume 'transformers==4.51.3'
  lintune check --format github .
"""


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    words, arguments = split_arguments(words)
    asked = parser().parse(words)
    if asked.diff and asked.format not in ("text", "concise"):
        raise UsageError("`--diff` goes with --format text or concise; --format json holds the edits")
    result = checked(asked, arguments)
    if asked.fix or asked.diff:
        from lintune.cli.fixing import fix_rounds

        result = fix_rounds(result, asked, lambda: checked(asked, arguments))
    if asked.baseline or asked.write_baseline:
        result = _over_baseline(result, asked)
    for note in result.notes:
        sys.stderr.write(f"lintune: {note}\n")
    for path in result.missing:
        sys.stderr.write(f"lintune: {path}: no such file or folder\n")
    if asked.write_baseline:
        return INTERNAL if result.crashed else USAGE if result.missing else OK
    from lintune.cli.output import write_report

    write_report(result, asked)
    if asked.format in ("concise", "github"):
        from lintune.report.summary import looked_at_line

        sys.stderr.write(f"lintune: {looked_at_line(result)}\n")
    return status(result, asked.fail_on or config_fail_on(asked), asked.exit_zero)


def _over_baseline(result: Result, asked: Arguments) -> Result:
    """The result without known findings; all of them are written where a baseline is asked for."""
    from lintune.cli.baseline import without_known, write_baseline
    from lintune.source.record import replace

    if asked.write_baseline:
        return replace(result, notes=(*result.notes, write_baseline(asked.write_baseline, result)))
    return without_known(result, asked.baseline)


def split_arguments(words: Sequence[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """The command's own words, and those after `--` (None where there is no `--`)."""
    listed = list(words)
    if "--" not in listed:
        return listed, None
    at = listed.index("--")
    return listed[:at], tuple(listed[at + 1 :])


def parser() -> Parser:
    """The parser of `lintune check`."""
    made = Parser("check", "[PATH ...] [options] [-- ARGUMENTS]", "Check fine-tuning launches before a GPU is queued.", EPILOG)
    made.words("paths")
    add_settings(made)
    made.value("--fail-on", "SEVERITY", "the mildest severity that makes the exit status 1 (error)", choices=SEVERITIES)
    made.switch("--exit-zero", "exit 0 even with findings")
    made.value("--baseline", "FILE", "leave out the findings that the file knows")
    made.value("--write-baseline", "FILE", "write all findings there as known, and report none")
    made.value("--format", "FORMAT", f"{', '.join(FORMATS)}", choices=FORMATS, default="text")
    made.value("--output", "FILE", "write the report there instead of standard output")
    made.switch("--pedantic", "add findings that are only possible, and all that could not be decided")
    made.switch("--verbose", "add the evidence for every finding", "-v")
    made.switch("--statistics", "only how often each rule fired")
    add_dry_run(made)
    made.switch("--launches-only", "leave alone named files that a folder search would leave alone (for hooks)")
    made.switch("--show-files", "only which files were read, and as what")
    made.switch("--fix", "apply the fixes that are safe")
    made.switch("--unsafe-fixes", "with --fix or --diff: also those that change what is trained")
    made.switch("--diff", "show the fixes as a diff instead of applying them")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def add_settings(made: Parser) -> None:
    """The options that say what is checked and what is assumed, shared by the commands that read launches."""
    made.value("--select", "RULES", "only these rules: codes, prefixes, families or names, comma-separated", many=True)
    made.value("--ignore", "RULES", "all but these rules", many=True)
    made.value("--gpu", "SPEC", "the GPUs of the launch: 8xA100-80G")
    made.value("--assume", "REQ", "a version (`transformers==4.51.3`) or a variable (`DATA=/data`)", many=True)
    made.value("--env", "PYTHON", "take the package versions of this interpreter (only a dry run starts it)")
    made.value("--stdin-filename", "PATH", "the name of the file that comes on standard input")


def add_dry_run(made: Parser) -> None:
    """The option that asks for dry runs, and those of the step."""
    actions = "count, trace (the default), step or script: build the model without weights, in a process of its own"
    made.value("--dry-run", "ACTION", actions, choices=("count", "trace", "step", "script"), bare="trace")
    made.switch("--weights", "dry run: load the real weights for the step")
    made.value("--device", "DEVICE", "dry run: where the step runs: cuda, cuda:1, cpu")
    add_dry_run_limits(made)


def add_dry_run_limits(made: Parser) -> None:
    """The options of every dry run, shared by `check` and `memory`."""
    made.value("--model-config", "PATH", "the model's config.json, for models that lintune does not know")
    made.switch("--trust-remote-code", "dry run: Python code that comes with the model may run")
    made.value("--memory-limit", "GIB", "dry run: stop it beyond so much host memory (three quarters of what is free)", default=0)
    made.value("--time-limit", "SECONDS", "dry run: stop it after so long (600)", default=600)


def given(asked: Arguments, arguments: tuple[str, ...] | None, pedantic: bool = False) -> Given:
    """What the command line says of the settings."""
    from lintune.cli.usage import names_in

    if asked.stdin_filename and "-" not in asked.paths:
        raise UsageError("`--stdin-filename` names the file on standard input: give `-` as the path")
    dry_run = None
    action = getattr(asked, "dry_run", "") or ("trace" if getattr(asked, "exact", False) else "")
    if action:
        from lintune.cli.dry_run import dry_run_of

        dry_run = dry_run_of(asked, action)
    return Given(
        select=names_in(asked.select),
        ignore=names_in(asked.ignore),
        gpu=asked.gpu,
        assume=tuple(asked.assume),
        env=asked.env,
        arguments=arguments,
        pedantic=pedantic,
        dry_run=dry_run,
    )


def checked(asked: Arguments, arguments: tuple[str, ...] | None) -> Result:
    """Check every path under the config nearest to it."""
    from lintune.cli.grouping import check_groups

    paths = asked.paths or ["."]
    if asked.launches_only:
        paths = launches_among(paths)
        if not paths:
            return Result()
    return check_groups(
        paths, given(asked, arguments, asked.pedantic), asked.stdin_filename, quick=not asked.dry_run and asked.format != "html"
    )


def launches_among(paths: Sequence[str]) -> list[str]:
    """The paths without the files that a search of their folder would leave alone; missing ones stay, to be named."""
    import os

    from lintune.launch.discover import launch_role

    return [path for path in paths if not os.path.isfile(path) or launch_role(path) is not None]


def config_fail_on(asked: Arguments) -> str:
    """The threshold of the first path's config, or error."""
    first = (asked.paths or ["."])[0]
    return settings_for(asked.stdin_filename or first).fail_on or "error"


def status(result: Result, fail_on: str, exit_zero: bool) -> int:
    """The exit status of a check."""
    if result.crashed:
        return INTERNAL
    if result.missing:
        return USAGE
    if exit_zero or not any(at_least(finding.severity, fail_on) for finding in result.findings):
        return OK
    return FINDINGS
