"""GPU lists, process counts and paths of a launch, counted."""

import pytest

from lintune.frameworks.launch_checks import missing_slots, more_processes_than_visible, repeated_folder, visible_devices_gap
from lintune.run.run import Item, Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known, Step, Value

SOURCE = Source("run.sh", "CUDA_VISIBLE_DEVICES=0,2 deepspeed train.py")
SITE = Site(SOURCE, Span(0, 24))


def run_with(**values: Value | str | int) -> Run:
    """A run with these values; `__` stands for a dot, plain data is written at the site above."""
    run = Run("hf-trainer", "run.sh", SITE)
    for name, value in values.items():
        run.values[name.replace("__", ".")] = Known(value, (Step("flag", SITE),)) if isinstance(value, str | int) else value
    return run


@pytest.mark.parametrize(
    ("devices", "slot"),
    [("0,2", 2), ("2,3", 2), ("0,1", None), ("1", None), ("GPU-8f3c", None), ("", None)],
)
def test_gaps_in_visible_devices(devices: str, slot: int | None) -> None:
    """Slots that count from 0 without a gap are fine, and so is a single one."""
    found = list(visible_devices_gap(run_with(launch__launcher="deepspeed", env__CUDA_VISIBLE_DEVICES=devices)))
    assert [item.fields["slot"] for item in found] == ([] if slot is None else [Known(slot, (Step("flag", SITE),))])
    assert all(item.site == SITE for item in found)


def test_gaps_matter_to_the_deepspeed_launcher_alone() -> None:
    """torchrun masks, and with `--include` the launcher drops the variable."""
    assert not list(visible_devices_gap(run_with(launch__launcher="torchrun", env__CUDA_VISIBLE_DEVICES="0,2")))
    chosen = run_with(launch__launcher="deepspeed", env__CUDA_VISIBLE_DEVICES="0,2", launch__option__include="localhost:0,2")
    assert not list(visible_devices_gap(chosen))


@pytest.mark.parametrize(
    ("include", "count", "missing"), [("localhost:5", 2, 5), ("localhost:0,1", 2, None), ("a:3@b:3", 2, None), ("localhost", 2, None)]
)
def test_slots_beyond_the_last_gpu(include: str, count: int, missing: int | None) -> None:
    """Hosts joined by `@` have GPUs of their own."""
    found = list(missing_slots(run_with(launch__launcher="deepspeed", launch__option__include=include, gpu__count=count)))
    assert [item.fields["slot"] for item in found] == ([] if missing is None else [Known(missing, (Step("flag", SITE),))])


def test_slots_without_a_known_number_of_gpus() -> None:
    """Nothing is claimed of a machine that was not named."""
    assert not list(missing_slots(run_with(launch__launcher="deepspeed", launch__option__include="localhost:5")))


@pytest.mark.parametrize(("processes", "devices", "found"), [(4, "0,1", 1), (2, "0,1", 0), (1, "0,1", 0), (4, "", 0)])
def test_processes_and_visible_devices(processes: int, devices: str, found: int) -> None:
    """Fewer processes than GPUs are no fault."""
    run = run_with(launch__launcher="torchrun", launch__nproc=processes, env__CUDA_VISIBLE_DEVICES=devices)
    assert len(list(more_processes_than_visible(run))) == found


@pytest.mark.parametrize(
    ("cwd", "path", "exists", "better"),
    [
        ("finetune", "finetune/ds.json", False, "ds.json"),
        ("src/finetune", "./finetune/ds.json", False, "ds.json"),
        ("finetune", "finetune/ds.json", True, None),
        (".", "finetune/ds.json", False, None),
        ("finetune", "finetuned/ds.json", False, None),
    ],
)
def test_a_path_that_begins_with_the_folder_changed_into(cwd: str, path: str, exists: bool, better: str | None) -> None:
    """Only a whole component counts, and only where the file is not there."""
    run = run_with(launch__cwd=cwd)
    run.items["files"] = (Item({"path": Known(path, (Step("flag", SITE),)), "exists": Known(exists)}, SITE),)
    assert [item.fields["better"] for item in repeated_folder(run)] == ([] if better is None else [Known(better, (Step("flag", SITE),))])
