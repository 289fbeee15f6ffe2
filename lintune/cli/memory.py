"""`lintune memory`: memory per GPU of each launch: the mode as configured, its components, its alternatives, what fits."""

import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.check import add_dry_run_limits, add_settings, given, split_arguments
from lintune.cli.usage import OK, USAGE, UsageError
from lintune.memory.report import MemoryOfRun, traced_of
from lintune.models.shapes import Model
from lintune.report.paint import Paint
from lintune.run.run import Run

EPILOG = """\
PATH is a launch script, a config, a folder or a run file: {"lintune_run": 1, "values": {"model.id": "...", "tune.llm.mode": "lora"}}.

  lintune memory finetune.sh --gpu 2xA100-40G
  lintune memory run.json --format json
"""
_LARGEST_CONFIG = 1_000_000


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    words, arguments = split_arguments(words)
    asked = parser().parse(words)
    if not asked.paths:
        raise UsageError("`lintune memory` takes the path of a launch script, a config, a folder or a run file")
    from lintune.cli.grouping import check_groups

    result = check_groups(asked.paths, given(asked, arguments), "")
    for path in result.missing:
        sys.stderr.write(f"lintune: {path}: no such file or folder\n")
    model = given_model(asked.model_config) if asked.model_config else None
    found = [memory_of(run, model, asked.gpu, int(asked.in_use) * 2**30, asked.exact) for run in result.launches]
    if not found and not result.missing:
        sys.stderr.write("lintune: no fine-tuning launch found\n")
    from lintune.cli.output import write_text

    write_text(lambda paint: _rendered(found, asked, paint), asked)
    for each in found:
        if each.problem:
            sys.stderr.write(f"lintune: {each.path}: {each.problem}\n")
    return USAGE if result.missing or (found and all(each.problem for each in found)) else OK


def parser() -> Parser:
    """The parser of `lintune memory`."""
    made = Parser("memory", "PATH ... [options] [-- ARGUMENTS]", "Estimate the memory of each launch, per GPU.", EPILOG)
    made.words("paths")
    add_settings(made)
    made.value("--format", "FORMAT", "text, json or html", choices=("text", "json", "html"), default="text")
    made.value("--output", "FILE", "write the report there instead of standard output")
    made.switch("--exact", "trace a step of the real model classes beside the estimate (a dry run; needs lintune[dry-run])")
    add_dry_run_limits(made)
    made.value("--in-use", "GIB", "GiB of the card that are taken already", default=0)
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def given_model(path: str) -> Model:
    """The model of a config.json; raises `UsageError` where it cannot be taken."""
    import json

    from lintune.models.decoder import UnknownArchitecture
    from lintune.models.multimodal import model_of

    try:
        with open(path, encoding="utf-8") as stream:
            config = json.loads(stream.read(_LARGEST_CONFIG))
        if not isinstance(config, dict):
            raise ValueError("not a JSON object")
        return model_of(config)
    except OSError as error:
        raise UsageError(f"`--model-config {path}`: {error.strerror or error}") from None
    except UnknownArchitecture as error:
        raise UsageError(f"`--model-config {path}`: the architecture `{error}` is not known") from None
    except KeyError as error:
        raise UsageError(f"`--model-config {path}`: {error} is missing") from None
    except (ValueError, RecursionError, ZeroDivisionError, TypeError) as error:
        raise UsageError(f"`--model-config {path}`: {error}") from None


def memory_of(run: Run, model: Model | None, gpu: str, in_use: int = 0, exact: bool = False) -> MemoryOfRun:
    """The memory of one launch on cards as the user writes them; `in_use`: bytes of a card that are taken; `exact`: it was traced."""
    from lintune.memory.calibration import BadCalibration, estimator_for
    from lintune.memory.cards import on_cards
    from lintune.memory.modes import modes_of
    from lintune.memory.reading import NotEstimated, setting_of
    from lintune.plan.own_tuning import own_tunings

    try:
        setting = setting_of(run, model)
    except NotEstimated as error:
        return MemoryOfRun(run.path, problem=str(error))
    setting = on_cards(setting, run, gpu, in_use)
    try:
        modes = modes_of(setting, estimator_for(setting), own_tunings(run, setting, model))
    except BadCalibration as error:
        raise UsageError(str(error)) from None
    return MemoryOfRun(run.path, setting, modes, traced=traced_of(run) if exact else None)


def _rendered(found: Sequence[MemoryOfRun], asked: Arguments, paint: Paint) -> str:
    if asked.format == "json":
        from lintune.report.memory_json import render_memory_json

        return render_memory_json(found)
    if asked.format == "html":
        from lintune.report.memory_html import render_memory_html

        return render_memory_html(found)
    from lintune.report.memory_text import render_memory

    return render_memory(found, paint)
