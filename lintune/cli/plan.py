"""`lintune plan`: the least changes that make a launch fit, or make better use of what is free; and how long it takes."""

import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.check import add_settings, given, split_arguments
from lintune.cli.usage import OK, USAGE, UsageError
from lintune.plan.launch_plan import Asked, LaunchPlan, plan_of
from lintune.report.paint import Paint
from lintune.run.gpu import GIB
from lintune.run.run import Run

FORMATS = ("text", "json", "html")
EPILOG = """\
PATH is what `lintune memory` takes. Plans are numbered; --diff and --fix write one into the launch script and its files.

  lintune plan finetune.sh --gpu 2xA100-40G
  lintune plan finetune.sh --gpu RTX4090 --fix 1
  lintune plan train.yaml --budget 20 --samples 50000
"""


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    words, arguments = split_arguments(words)
    asked = parser().parse(words)
    if not asked.paths:
        raise UsageError("`lintune plan` takes the path of a launch script, a config, a folder or a run file")
    from lintune.cli.grouping import check_groups

    result = check_groups(asked.paths, given(asked, arguments), "")
    for path in result.missing:
        sys.stderr.write(f"lintune: {path}: no such file or folder\n")
    from lintune.memory.calibration import BadCalibration

    try:
        plans = [plan_of(run, _asked(run, asked)) for run in result.launches]
    except BadCalibration as error:
        raise UsageError(str(error)) from None
    if not plans and not result.missing:
        sys.stderr.write("lintune: no fine-tuning launch found\n")
    if asked.fix or asked.diff:
        _write(plans, asked)
    else:
        from lintune.cli.output import write_text

        write_text(lambda paint: _rendered(plans, asked, paint), asked)
    for each in plans:
        if each.problem:
            sys.stderr.write(f"lintune: {each.path}: {each.problem}\n")
    return USAGE if result.missing or (plans and all(each.problem for each in plans)) else OK


def parser() -> Parser:
    """The parser of `lintune plan`."""
    made = Parser("plan", "PATH ... [options] [-- ARGUMENTS]", "The least changes that make a launch fit, and what each costs.", EPILOG)
    made.words("paths")
    add_settings(made)
    made.value("--budget", "GIB", "GiB per GPU that may be used, in place of what the card has", default=0)
    made.value("--in-use", "GIB", "GiB of the card that are taken already", default=0)
    made.value("--samples", "N", "samples of an epoch (a JSON or JSONL data file that is at hand is counted)", default=0)
    made.value("--mean-tokens", "N", "mean tokens of a sample (the longest is taken otherwise)", default=0)
    made.value("--fix", "N", "write the N-th plan into the launch script and its files", default=0)
    made.value("--diff", "N", "show the N-th plan as a diff", default=0)
    made.value("--format", "FORMAT", ", ".join(FORMATS), choices=FORMATS, default="text")
    made.value("--output", "FILE", "write the report there instead of standard output")
    made.value("--model-config", "PATH", "the model's config.json, for models that lintune does not know")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def _asked(run: Run, asked: Arguments) -> Asked:
    from lintune.cli.memory import given_model
    from lintune.plan.samples import data_of

    return Asked(
        gpu=asked.gpu,
        budget=int(asked.budget) * GIB,
        in_use=int(asked.in_use) * GIB,
        data=data_of(run, asked.samples or None, asked.mean_tokens or None),
        model=given_model(asked.model_config) if asked.model_config else None,
    )


def _rendered(plans: Sequence[LaunchPlan], asked: Arguments, paint: Paint) -> str:
    match asked.format:
        case "json":
            from lintune.report.plan_json import render_plan_json

            return render_plan_json(plans)
        case "html":
            from lintune.report.plan_html import render_plan_html

            return render_plan_html(plans)
    from lintune.report.plan_text import render_plan

    return render_plan(plans, paint)


def _write(plans: Sequence[LaunchPlan], asked: Arguments) -> None:
    """Apply or show one plan. Raises `UsageError` where there is none of that number, or nothing of it can be written."""
    option, number = ("--fix", asked.fix) if asked.fix else ("--diff", asked.diff)
    if asked.fix and asked.diff:
        raise UsageError("`--fix` and `--diff` exclude each other")
    with_plans = [plan for plan in plans if not plan.problem]
    if len(with_plans) != 1:
        raise UsageError(f"`{option}` takes one launch, and there are {len(with_plans)} here: name its script")
    (plan,) = with_plans
    if not 1 <= number <= len(plan.offers):
        raise UsageError(f"`{option} {number}`: there are {len(plan.offers)} plans for {plan.path}")
    made = plan.offers[number - 1].written
    for text in made.left:
        sys.stderr.write(f"lintune: by hand: {text}\n")
    if not made.edits:
        already = "" if made.left else ": the settings stand so already"
        raise UsageError(f"nothing of plan {number} can be written into {plan.path}{already}")
    from lintune.cli.fixing import diff_of, write_sources

    if asked.diff:
        sys.stdout.write(diff_of(made.edits))
        return
    write_sources(made.edits)
    sys.stderr.write(f"lintune: plan {number} is written into {', '.join(sorted({edit.site.source.path for edit in made.edits}))}\n")
