"""`lintune calibrate`: with a stand-in for the measuring process, and once for real on the CPU."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lintune.cli.calibrate import all_cases, calibrate, parser
from lintune.cli.main import main
from lintune.cli.usage import UsageError
from lintune.dryrun.protocol import Request, Result, Trouble
from lintune.memory.calibration import BadCalibration, Row, calibrations, card_of, estimator_for, fitted, read_gpus, setting_of_row
from lintune.memory.estimate import estimate
from lintune.source.record import replace

MIB = 2**20
CONTEXT = 500 * MIB


def row_of(index: int, off: float = 1.0, fragmentation: float = 0.1) -> Row:
    """What a card would show for a case if its allocated peak were `off` times the estimate."""
    case = all_cases()[index]
    setting = setting_of_row(Row(case.values, 1, 1, 1))
    assert setting is not None
    allocated = int(estimate(setting).allocated * off)
    reserved = int(allocated * (1 + fragmentation))
    return Row(case.values, allocated, reserved, reserved + CONTEXT)


def card(off: Callable[[int], float], name: str = "NVIDIA A100-SXM4-80GB") -> Callable[[Request], Result]:
    """A stand-in for the child process on a card."""
    cases = [dict(case.values) for case in all_cases()]

    def answer(request: Request) -> Result:
        row = row_of(cases.index(dict(request.values)), off(cases.index(dict(request.values))))
        sizes = {"allocated": row.allocated, "reserved": row.reserved, "device": row.device}
        facts = {f"dry_run.step.{key}_bytes": size for key, size in sizes.items()}
        return Result("step", True, facts={**facts, "dry_run.step.device": "cuda", "dry_run.step.gpu": name}, versions={"torch": "2.13"})

    return answer


def run(path: Path, child: Callable[[Request], Result], *words: str) -> int:
    """The command with a stand-in."""
    return calibrate(parser().parse(["--output", str(path), *words]), child)


def test_every_case_can_be_estimated() -> None:
    """A case that cannot would never be measured; the smallest comes first."""
    settings = [setting_of_row(Row(case.values, 1, 1, 1)) for case in all_cases()]
    assert all(setting is not None and not setting.notes for setting in settings)
    sizes = [estimate(setting).device for setting in settings if setting is not None]
    assert sizes[0] == min(sizes) and len(sizes) >= 6


def test_constants_are_recovered() -> None:
    """Context and fragmentation are those of the card; the band is as narrow as the rows agree, never narrower than is honest."""
    by = fitted([row_of(index) for index in range(6)], "A100", "2026-01-01", "file")
    assert by is not None
    assert by.context == CONTEXT and by.fragmentation == pytest.approx(0.1, abs=1e-6)
    assert (by.low, by.high) == (pytest.approx(0.97), pytest.approx(1.03))


def test_spread_widens_the_band_up_to_the_usual_one() -> None:
    """Rows that disagree leave a wide band; it never becomes wider than without calibration, and few rows say nothing."""
    agree = fitted([row_of(index, 1 + 0.01 * index) for index in range(6)], "A100", "d", "f")
    wild = fitted([row_of(index, 0.5 if index % 2 else 1.8) for index in range(6)], "A100", "d", "f")
    assert agree is not None and wild is not None
    assert agree.high - agree.low < wild.high - wild.low
    from lintune.memory.constants import value

    assert wild.low == value("band_low") and wild.high == value("band_high")
    assert fitted([row_of(0), row_of(1)], "A100", "d", "f") is None


def test_written_read_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written narrows the estimates for that card, which name the file; others stay as they are."""
    path = tmp_path / "deep" / "calibration.json"
    assert run(path, card(lambda index: 1.0)) == 0
    shown = capsys.readouterr().out
    assert "context 500 MiB" in shown and str(path) in shown
    monkeypatch.setenv("LINTUNE_CALIBRATION", str(path))
    calibrations.cache_clear()
    setting = setting_of_row(Row(all_cases()[3].values, 1, 1, 1))
    assert setting is not None
    touched, other = replace(setting, gpu_name="A100"), replace(setting, gpu_name="H100")
    plain, made = estimate(touched), estimator_for(touched)(touched)
    assert made.high - made.low < plain.high - plain.low and made.allocated == plain.allocated
    assert made.low <= row_of(3).device <= made.high
    assert str(path) in made.notes[-1] and estimator_for(other)(other) == estimate(other)
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"lintune_run": 1, "values": dict(all_cases()[3].values)}))
    assert main(["memory", str(file), "--gpu", "A100-80G"]) == 0
    assert "calibrated on NVIDIA A100-SXM4-80GB" in capsys.readouterr().out
    assert main(["plan", str(file), "--gpu", "A100-80G"]) == 0
    assert "calibrated on NVIDIA A100-SXM4-80GB" in capsys.readouterr().out


def test_measured_again_replaces_only_that_card(tmp_path: Path) -> None:
    """Two cards in one file; measuring one again leaves the other alone."""
    path = tmp_path / "c.json"
    run(path, card(lambda index: 1.0))
    run(path, card(lambda index: 1.0, "Tesla T4"), "--runs", "4")
    run(path, card(lambda index: 1.1), "--runs", "3")
    rows = {gpu["device"]: len(gpu["rows"]) for gpu in read_gpus(str(path))}
    assert rows["NVIDIA A100-SXM4-80GB"] == 3 and rows["Tesla T4"] <= 4
    assert [card_of(name) for name in ("NVIDIA A100-SXM4-80GB", "Tesla T4", "NVIDIA GeForce RTX 4090", "My Card")] == [
        "A100",
        "T4",
        "RTX4090",
        "My Card",
    ]


def test_runs_stay_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a small card the large runs are left out, and said to be."""
    run(tmp_path / "c.json", card(lambda index: 1.0, "NVIDIA GeForce GTX 1660 Ti"))
    assert "left out" in capsys.readouterr().out


def test_without_a_gpu(tmp_path: Path) -> None:
    """It says so, and writes nothing."""
    path = tmp_path / "c.json"
    none = Result("step", False, Trouble("no-device", "there is no CUDA device here", "leave out `--device`"))
    with pytest.raises(UsageError, match="no CUDA device here"):
        run(path, lambda request: none)
    assert not path.exists()


def test_a_run_that_fails_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of memory and crashes after the first run are said, the others count."""
    good = card(lambda index: 1.0)
    answers = iter([None, "oom", None, "crash", None, None, None, None])

    def child(request: Request) -> Result:
        match next(answers):
            case "oom":
                return Result("step", True, facts={"dry_run.step.device": "cuda", "dry_run.step.out_of_memory": True})
            case "crash":
                return Result("step", False, Trouble("crash", "the step failed"))
        return good(request)

    assert run(tmp_path / "c.json", child) == 0
    shown = capsys.readouterr().out
    assert "did not fit" in shown and "the step failed" in shown and "6 runs" in shown


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"lintune_calibration": 2, "gpus": []}', '{"lintune_calibration": 1, "gpus": [{"device": "A100"}]}']
)
def test_a_file_that_is_none(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused in words, by `memory` and by `calibrate`, and stays as it is."""
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(BadCalibration):
        read_gpus(str(path))
    with pytest.raises(UsageError, match="move it away"):
        run(path, card(lambda index: 1.0))
    assert path.read_text() == text
    monkeypatch.setenv("LINTUNE_CALIBRATION", str(path))
    calibrations.cache_clear()
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"lintune_run": 1, "values": dict(all_cases()[3].values)}))
    assert main(["memory", str(file), "--gpu", "A100-80G"]) == 2
    assert "calibration" in capsys.readouterr().err


def test_rows_that_cannot_be(tmp_path: Path) -> None:
    """Sizes must grow from allocated to device."""
    path = tmp_path / "c.json"
    row = {"values": {}, "allocated": 5, "reserved": 4, "device": 6}
    path.write_text(json.dumps({"lintune_calibration": 1, "gpus": [{"device": "A100", "date": "d", "rows": [row]}]}))
    with pytest.raises(BadCalibration):
        read_gpus(str(path))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None or importlib.util.find_spec("peft") is None, reason="the dry-run extra")
def test_the_real_process_on_the_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The child process builds the smallest model and steps; a CPU calibrates nothing."""
    path = tmp_path / "c.json"
    assert main(["calibrate", "--device", "cpu", "--output", str(path)]) == 0
    assert "the harness works" in capsys.readouterr().out and not path.exists()


def test_rules_go_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate of the memory rules is that of `lintune memory`; a broken file counts for nothing; kept checks do not outlive it."""
    from lintune.memory import estimated
    from lintune.source.data import calibration_state

    path = tmp_path / "calibration.json"
    monkeypatch.setenv("LINTUNE_CALIBRATION", str(path))
    setting = setting_of_row(Row(all_cases()[0].values, 1, 1, 1))
    assert setting is not None
    setting = replace(setting, gpu_name=card_of("NVIDIA A100-SXM4-80GB"))
    before = calibration_state()
    assert estimated.estimate(setting) == estimate(setting)
    assert run(path, card(lambda index: 1.0)) == 0
    found = estimated.estimate(setting)
    assert found == estimator_for(setting)(setting) != estimate(setting) and any("calibrated on" in note for note in found.notes)
    assert calibration_state() != before
    path.write_text("{")
    calibrations.cache_clear()
    assert estimated.estimate(setting) == estimate(setting)
