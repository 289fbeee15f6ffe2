"""The action `script`: runs the launch's entry script up to its training, and counts what it would train. Only with an explicit flag."""

import os
import runpy
import sys
from collections.abc import Callable
from typing import Any

from lintune.dryrun.count import base_of
from lintune.dryrun.intercept import data, ending, loading, machine, moved, trainers
from lintune.dryrun.intercept.stand_in import Packages
from lintune.dryrun.parts import PARTS, ends_of, part_of
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request, Result
from lintune.dryrun.quantised import logical_parameters
from lintune.dryrun.stage import report_stage


def intercept(request: Request) -> Result:
    """Run the script of a request. Raises `DryRunProblem` where it does not get to its training."""
    launch = request.launch
    if not launch.entry:
        raise DryRunProblem("no-script", "the launch names no script that can be run", "give a launch that starts a Python script")
    if launch.unknown_args:
        raise DryRunProblem(
            "unknown-arguments", f"{launch.unknown_args} words of the command are not known", "set the variables they come from"
        )
    training, loads, packages = trainers.Training(), loading.Loads(request), Packages(os.path.abspath(launch.cwd or "."))
    machine.install()
    moved.install()
    loading.install(loads)
    trainers.install(training)
    _adapters_without_weights()
    report_stage(f"running `{launch.entry}` up to its training")
    _place(request)
    data.install(loads.note, os.getcwd())
    sys.meta_path.append(packages)
    try:
        _run(request, lambda: [*loads.doubts, *packages.notes(doubtful=True)])
    finally:
        sys.meta_path.remove(packages)
    result = _result(training, loads)
    result.assumptions += packages.notes()
    return result


def _adapters_without_weights() -> None:
    """PEFT makes its weights where the model's are."""
    import peft
    import torch

    original = peft.get_peft_model

    def get_peft_model(model: Any, *given: Any, **keywords: Any) -> Any:
        with torch.device("meta"):
            return original(model, *given, **keywords)

    peft.get_peft_model = get_peft_model


def _run(request: Request, stand_ins: Callable[[], list[str]]) -> None:
    """Run the script as the launcher's only process would. Raises `DryRunProblem` unless it got to its training."""
    launch = request.launch
    try:
        if launch.module:
            runpy.run_module(launch.entry, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(launch.entry, run_name="__main__")
    except trainers.Reached:
        return
    except DryRunProblem:
        raise
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise ending.exited(launch.entry, ended, stand_ins()) from None
    except Exception as error:
        raise ending.raised(launch.entry, error, stand_ins()) from None
    raise ending.not_reached(launch.entry, stand_ins())


def _place(request: Request) -> None:
    """The folder, words and variables of the launch. Packages of the project are found though it is not installed, after all others."""
    launch = request.launch
    folder = launch.cwd or "."
    if not os.path.isdir(folder):
        raise DryRunProblem("no-script", f"there is no folder `{folder}`", "run lintune where the launch is started")
    os.chdir(folder)
    if not launch.module and not os.path.isfile(launch.entry):
        raise DryRunProblem("no-script", f"there is no `{launch.entry}` in `{folder}`", "run lintune where the launch is started")
    sys.argv = [launch.entry, *_without_output(launch.args)]
    alone = (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", "1"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29500"))
    for name, value in (*alone, ("WANDB_MODE", "disabled"), ("HF_DATASETS_OFFLINE", "1"), ("TRACKIO_DIR", os.environ.get("TMPDIR", "."))):
        os.environ.setdefault(name, value)
    sys.dont_write_bytecode = True
    here = os.getcwd()
    sys.path.insert(0, here if launch.module else os.path.dirname(os.path.abspath(launch.entry)))
    sys.path += [here, os.path.join(here, "src")]
    if any(os.path.exists(os.path.join(sys.path[0], name)) for name in ("datasets", "datasets.py")):
        for name in [each for each in sys.modules if each.partition(".")[0] == "datasets"]:
            del sys.modules[name]  # the project's own comes first where Python is started by the launch


def _without_output(args: list[str]) -> list[str]:
    """The words with an output folder that ends with the dry run, so that the script writes nothing into that of the launch."""
    made, given = list(args), os.environ.get("TMPDIR", "")
    for at, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name.replace("-", "_") != "__output_dir" or not given:
            continue
        if equals:
            made[at] = f"{name}={os.path.join(given, 'output', os.path.basename(value.rstrip('/')) or 'run')}"
        elif at + 1 < len(args):
            made[at + 1] = os.path.join(given, "output", os.path.basename(args[at + 1].rstrip("/")) or "run")
    return made


def _result(training: trainers.Training, loads: loading.Loads) -> Result:
    model = training.model
    result = Result("script", True, assumptions=list(loads.assumptions))
    if not hasattr(model, "named_parameters"):
        raise DryRunProblem("not-reached", "the model that the script trains is not one that was built here")
    ends, parts = ends_of(base_of(model)), {part: [0, 0] for part in PARTS}
    for name, parameter, elements in logical_parameters(model):
        counted = parts[part_of(name, *ends)]
        counted[0] += elements
        counted[1] += elements if parameter.requires_grad else 0
    total, trained = (sum(counted[at] for counted in parts.values()) for at in (0, 1))
    result.facts = {
        "dry_run.script.trainer": training.trainer,
        "dry_run.script.model_class": type(model).__name__,
        "dry_run.script.trained_parts": [part for part, counted in parts.items() if counted[1]],
        "dry_run.model_class": type(model).__name__,
        "dry_run.config": "the script",
        "dry_run.total_params": total,
        "dry_run.trainable_params": trained,
    }
    for part, (all_of_it, of_these) in parts.items():
        if all_of_it:
            result.facts[f"dry_run.parts.{part}.params"], result.facts[f"dry_run.parts.{part}.trainable"] = all_of_it, of_these
    rates = _rates(training, model, ends)
    result.facts |= {f"dry_run.script.lr_of.{part}": rate for part, rate in rates.items()}
    result.detail = {"loads": [dict(each) for each in loads.models]}
    return result


def _rates(training: trainers.Training, model: Any, ends: tuple[frozenset[str], frozenset[str]]) -> dict[str, Json]:
    """The learning rate of each part, where all of a part has the same."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, set[float]] = {}
    for group in training.groups:
        for parameter in group["params"]:
            if parameter.requires_grad and id(parameter) in names:
                found.setdefault(part_of(names[id(parameter)], *ends), set()).add(float(group["lr"]))
    return {part: rates.pop() for part, rates in found.items() if len(rates) == 1}
