"""`lintune calibrate`: measures a few bounded runs on the GPU at hand, and writes them where estimates for it find them."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from lintune.cli.arguments import Arguments, Parser
from lintune.cli.usage import OK, USAGE, UsageError
from lintune.dryrun.protocol import Json, Options, Request, Result
from lintune.memory.calibration import (
    FEWEST,
    VERSION,
    BadCalibration,
    Calibration,
    Row,
    fitted,
    read_gpus,
    setting_of_row,
)
from lintune.memory.estimate import estimate
from lintune.run.gpu import GIB
from lintune.source.data import calibration_path
from lintune.source.record import dataclass

EPILOG = """\
Each run builds a small model with random weights and takes two steps, in a process of its own (the dry-run extra: torch, transformers,
peft). Nothing is downloaded. Runs whose estimate is above half of the card are left out.

  lintune calibrate
  lintune calibrate --env ~/train/.venv --output calibration.json
  lintune calibrate --device cpu          tries the harness without a GPU, and writes nothing
"""
_SHARE = 0.5
"""Of the card, up to which a run may be estimated to be."""
Child: TypeAlias = Callable[[Request], Result]


@dataclass(frozen=True, slots=True)
class Case:
    """A run to measure."""

    name: str
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a run."""

    row: Row
    device: str
    """As the driver calls it; empty on a CPU."""
    versions: Mapping[str, str]


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    return calibrate(parser().parse(words), None)


def parser() -> Parser:
    """The parser of `lintune calibrate`."""
    made = Parser("calibrate", "[options]", "Measure a few runs on the GPU at hand, to narrow the band of estimates for it.", EPILOG)
    made.words("nothing", 0)
    made.value("--output", "FILE", "write there instead of the user's own file, which estimates read (LINTUNE_CALIBRATION names another)")
    made.value("--env", "PYTHON", "the interpreter that has torch, transformers and peft; it is started")
    made.value("--device", "DEVICE", "cuda, cuda:1 ...; cpu tries the harness and writes nothing")
    made.value("--runs", "N", "measure only the first N runs", default=0)
    made.value("--time-limit", "SECONDS", "stop a run after so long", default=300)
    return made


def calibrate(asked: Arguments, child: Child | None) -> int:
    """Measure, report and write; `child` answers requests in place of a process."""
    if asked.nothing:
        raise UsageError(f"`lintune calibrate` does not take `{asked.nothing[0]}`")
    path = asked.output or calibration_path()
    cpu = asked.device.partition(":")[0] == "cpu"
    if not path and not cpu:
        raise UsageError("LINTUNE_CALIBRATION is off: say where to write with `--output FILE`")
    cases = all_cases()[: asked.runs or None] if not cpu else all_cases()[: asked.runs or 1]
    measured = list(_measured(cases, asked, child or _process(asked)))
    if cpu:
        sys.stdout.write(f"{len(measured)} of {len(cases)} runs stepped on the CPU: the harness works; memory of a GPU is not told by it\n")
        return OK if measured else USAGE
    if not measured:
        sys.stderr.write("lintune: nothing was measured, so nothing is written\n")
        return USAGE
    rows = [each.row for each in measured]
    today, device = _today(), measured[0].device
    by = fitted(rows, device, today, path)
    sys.stdout.write(_report(by, device, len(rows)))
    _write(path, device, today, measured)
    sys.stdout.write(f"written to {path}\n")
    return OK


def all_cases() -> list[Case]:
    """The runs of `models/calibration.json`, the smallest first."""
    import json

    from lintune.source.data import data_text

    document = json.loads(data_text("models", "calibration.json"))
    found = []
    for entry in document["cases"]:
        own = {name: value for name, value in entry.items() if name not in ("name", "lora")}
        found.append(Case(entry["name"], {**document["base"], **(document["lora"] if entry.get("lora") else {}), **own}))
    return found


def _process(asked: Arguments) -> Child:
    from lintune.engine.child_process import run_child

    interpreter = asked.env
    if interpreter and os.path.isdir(interpreter):
        interpreter = os.path.join(interpreter, "bin", "python")
    return lambda request: run_child(request, interpreter)


def _measured(cases: Sequence[Case], asked: Arguments, child: Child) -> Iterator[Measured]:
    """Every run that fits well below the card, measured one after the other. Raises `UsageError` where none can be."""
    capacity = 0
    for number, case in enumerate(cases, 1):
        setting = setting_of_row(Row(case.values, 1, 1, 1))
        if setting is None or (capacity and estimate(setting).high > _SHARE * capacity):
            sys.stdout.write(f"{number}. {case.name}: left out, it may take more than half of the card\n")
            continue
        sys.stderr.write(f"lintune: run {number} of {len(cases)}: {case.name}\n")
        device = asked.device or "cuda"
        result = child(
            Request("step", dict(case.values), framework="hf-trainer", options=Options(device=device, time_limit_s=asked.time_limit))
        )
        if result.problem is not None and number == 1:
            raise UsageError(_why(result))
        found = _of_result(case, result)
        if isinstance(found, str):
            sys.stdout.write(f"{number}. {case.name}: {found}\n")
            continue
        capacity = capacity or _card_bytes(found.device)
        if found.device:
            was = estimate(setting)
            line = f"allocated {found.row.allocated / GIB:.2f} GiB, estimated {was.allocated / GIB:.2f}"
            sys.stdout.write(f"{number}. {case.name}: {line}; device {found.row.device / GIB:.2f} GiB, estimated {was.device / GIB:.2f}\n")
        yield found


def _why(result: Result) -> str:
    """Why the first run could not be measured."""
    problem = result.problem
    if problem is None:
        return "the run told nothing"
    if problem.kind == "no-device":
        return "there is no CUDA device here: run it where the GPU is (`--device cpu` only tries the harness)"
    return f"{problem.message} ({problem.help})" if problem.help else problem.message


def _of_result(case: Case, result: Result) -> Measured | str:
    """The measured run, or why it tells nothing."""
    if result.problem is not None:
        return result.problem.message
    facts: Mapping[str, Any] = result.facts
    if facts.get("dry_run.step.device") == "cpu":
        return Measured(Row(case.values, 1, 1, 1), "", result.versions)
    if facts.get("dry_run.step.out_of_memory"):
        return "it did not fit beside what the card holds already"
    sizes = [facts.get(f"dry_run.step.{name}_bytes") for name in ("allocated", "reserved", "device")]
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        return "the step told no figures"
    allocated, reserved, device = (int(size) for size in sizes if size is not None)
    return Measured(
        Row(case.values, allocated, reserved, max(device, reserved)), str(facts.get("dry_run.step.gpu", "GPU")), result.versions
    )


def _card_bytes(device: str) -> int:
    from lintune.memory.calibration import card_of
    from lintune.run.gpu import find_card, parse_gpu

    try:
        size = parse_gpu(device.replace("NVIDIA", "").strip()).memory_bytes
    except ValueError:
        size = None
    card = find_card(card_of(device))
    return size or (min(card.memory_gib) * GIB if card else 0)


def _report(by: Calibration | None, device: str, rows: int) -> str:
    if by is None:
        return f"{device}: {rows} runs; at least {FEWEST} are needed before estimates change\n"
    head = f"{by.device}: {by.rows} runs; context {by.context / 2**20:,.0f} MiB, fragmentation {100 * by.fragmentation:.1f} %"
    return f"{head}; the band is {100 * (by.low - 1):+.0f} to {100 * (by.high - 1):+.0f} % of the estimate\n"


def _today() -> str:
    import time

    return time.strftime("%Y-%m-%d", time.gmtime())


def _write(path: str, device: str, date: str, measured: Sequence[Measured]) -> None:
    """Put the runs of this device in the place of earlier ones; those of other devices stay. Raises `UsageError`."""
    import json

    try:
        others = [gpu for gpu in read_gpus(path) if gpu["device"] != device] if os.path.exists(path) else []
    except BadCalibration as error:
        raise UsageError(f"{error}; move it away, or write elsewhere with `--output FILE`") from None
    mine = {"device": device, "date": date, "versions": dict(measured[0].versions), "rows": [each.row for each in measured]}
    gpus = [{**gpu, "rows": [_row_json(row) for row in gpu["rows"]]} for gpu in (*others, mine)]
    text = json.dumps({"lintune_calibration": VERSION, "gpus": gpus}, ensure_ascii=False, indent=1) + "\n"
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(f"{path}.part", "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.replace(f"{path}.part", path)
    except OSError as problem:
        raise UsageError(f"`{path}` cannot be written: {problem.strerror or problem}") from None


def _row_json(row: Row) -> dict[str, Any]:
    return {"values": dict(row.values), "allocated": row.allocated, "reserved": row.reserved, "device": row.device}
