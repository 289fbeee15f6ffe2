"""Sweeps over releases: windows, what breaks at their edges, what launches have in common, and the pins of the project."""

from pathlib import Path

import pytest

from lintune.engine import compat as module
from lintune.engine.catalogue import load_catalogue
from lintune.engine.compat import LaunchSweep, PackageSweep, candidates, inside, stand_in
from lintune.engine.compat_launches import Compat, compat
from lintune.engine.evaluate_rules import evaluate_rules
from lintune.engine.result import CheckOptions
from lintune.run.assumptions import Assumptions
from lintune.surfaces.releases import recent_releases, releases
from lintune.values.version import Pin, Specifiers, Version

SCRIPT = """
from transformers import HfArgumentParser, TrainingArguments
(args,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
"""
OLD = "torchrun --nproc_per_node 2 train.py \\\n    --output_dir out \\\n    --evaluation_strategy steps \\\n    --bf16 true\n"
NEW = "torchrun --nproc_per_node 2 train.py \\\n    --output_dir out \\\n    --eval_strategy steps \\\n    --bf16 true\n"


def lay_out(folder: Path, **files: str) -> None:
    """A repository with a training script; `old_sh` is `old.sh`, `sub__x_sh` is `sub/x.sh`."""
    (folder / ".git").mkdir()
    for name, text in {"train_py": SCRIPT, **files}.items():
        path = folder / name.replace("__", "/")
        path = path.with_name(".".join(path.name.rsplit("_", 1)))
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def swept(*paths: str, **pins: str) -> Compat:
    """The sweep of these paths; pins are assumed."""
    assumed = {name: Pin(name, Specifiers.parse(text)) for name, text in pins.items()}
    return compat(paths, CheckOptions(), Assumptions(pins=assumed))


def of(launch: LaunchSweep, package: str) -> PackageSweep:
    """One package of a launch."""
    return next(each for each in launch.packages if each.name == package)


def spans(package: PackageSweep) -> list[tuple[str, str, bool]]:
    """The windows as texts."""
    return [(window.first.text, window.last.text, window.starts) for window in package.windows]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_scripts_of_different_ages(here: Path) -> None:
    """One window suits both, no pin in force lies in it, another file's does."""
    lay_out(here, sub__old_sh=OLD, sub__new_sh=NEW, sub__train_py=SCRIPT)
    (here / "sub" / "requirements.txt").write_text("torch\ntransformers==4.51.2\n", encoding="utf-8")
    (here / "requirements.txt").write_text("transformers==4.40.0\n", encoding="utf-8")
    (here / "requirements_demo.txt").write_text("transformers==4.44.2\n", encoding="utf-8")
    result = swept("sub")
    new, old = result.launches
    assert (new.run.path, old.run.path) == ("sub/new.sh", "sub/old.sh")
    assert spans(of(old, "transformers")) == [("4.28.0", "4.50.3", True), ("4.51.0", releases("transformers")[-1].text, False)]
    assert spans(of(new, "transformers"))[:2] == [("4.28.0", "4.40.2", False), ("4.41.0", releases("transformers")[-1].text, True)]
    assert [of(launch, "transformers").pin_inside for launch in (new, old)] == [True, False]
    window = result.common[0]["transformers"]
    assert (len(result.common), window[0].text, window[1].text) == (1, "4.41.0", "4.50.3")
    assert [(pin.site.source.path, pin.inside, pin.in_force) for pin in result.pins if pin.package == "transformers"] == [
        ("sub/requirements.txt", False, True),
        ("requirements.txt", False, False),
        ("requirements_demo.txt", True, False),
    ]


def test_what_breaks_has_its_place(here: Path) -> None:
    """The flag, the message and the line."""
    lay_out(here, old_sh=OLD)
    (finding,) = of(swept("old.sh").launches[0], "transformers").windows[-1].because
    assert finding.name == "removed-flag"
    assert "`--evaluation_strategy` exists only in transformers <4.51" in finding.message
    assert (finding.primary.source.path, finding.primary.line) == ("old.sh", 3)


def test_windows_cover_every_known_release_in_order(here: Path) -> None:
    """Closed on both ends, without gaps."""
    lay_out(here, old_sh=OLD, new_sh=NEW)
    for launch in swept("old.sh", "new.sh").launches:
        for package in launch.packages:
            known = releases(package.name)
            assert (package.windows[0].first, package.windows[-1].last) == (known[0], known[-1])
            for window, following in zip(package.windows, package.windows[1:], strict=False):
                assert known.index(window.last) + 1 == known.index(following.first)
            assert len(package.starting()) == len(known)


@pytest.mark.parametrize(
    "flags",
    [
        "--evaluation_strategy steps --overwrite_output_dir true",
        "--eval_strategy steps --load_best_model_at_end true --save_steps 0.3 --eval_steps 0.1",
        "--warmup_steps 0.1 --optim adamw_hf --group_by_length",
        "--lr_scheduler_type greedy --eval-strategy no",
        "--fsdp offload --torch_empty_cache_steps 0 --include_num_input_tokens_seen",
        "--logging_steps 10.5 --warmup_ratio 0.1 --report_to wandb",
    ],
)
def test_one_release_stands_for_its_stretch(here: Path, flags: str) -> None:
    """The sweep says of each release what evaluating that release says."""
    lay_out(here, train_sh=f"torchrun train.py --output_dir out {flags}\n")
    sweep = of(swept("train.sh").launches[0], "transformers")
    rules = candidates(load_catalogue().rules)
    for version in releases("transformers")[::7]:
        run = swept("train.sh", transformers=f"=={version}").launches[0].run
        errors = [each for each in evaluate_rules(rules, run, recent_releases).findings if each.severity == "error"]
        expected = {(each.name, each.message) for each in errors if each.stage in module.BEFORE_TRAINING}
        window = next(window for window in sweep.windows if window.first <= version <= window.last)
        assert {(each.name, each.message) for each in window.because} == expected, version


def test_a_guard_of_the_library_in_its_releases(here: Path) -> None:
    """A ratio that floating point breaks, until the library computed in whole numbers."""
    flags = "--eval_strategy steps --load_best_model_at_end true --save_steps 0.3 --eval_steps 0.1"
    lay_out(here, train_sh=f"torchrun train.py --output_dir out {flags}\n")
    assert spans(of(swept("train.sh").launches[0], "transformers"))[-2:] == [
        ("4.41.0", "4.52.4", False),
        ("4.53.0", releases("transformers")[-1].text, True),
    ]


def test_what_no_release_mends(here: Path) -> None:
    """Said once, and there is no common window."""
    lay_out(here, train_sh="torchrun train.py --output_dir out --learing_rate 1e-5\n")
    result = swept("train.sh")
    assert [finding.name for finding in result.launches[0].always] == ["unknown-flag"]
    assert result.common == ()


def test_another_package_is_not_blamed(here: Path) -> None:
    """A flag that the pinned transformers lacks is no matter of DeepSpeed's releases."""
    lay_out(here, old_sh=OLD)
    launch = swept("old.sh", transformers="==4.51.3", deepspeed="==0.16.0").launches[0]
    assert all(window.starts for window in of(launch, "deepspeed").windows)
    assert of(launch, "transformers").pin_inside is False


def test_trl_classes_and_captured_options(here: Path) -> None:
    """A class that older releases lack; an option that a longer name takes over, since when."""
    lay_out(here, sft_sh="torchrun sft.py --output_dir out --use_liger true\n")
    code = "from transformers import HfArgumentParser\nfrom trl import SFTConfig\n"
    (here / "sft.py").write_text(code + "(args,) = HfArgumentParser((SFTConfig,)).parse_args_into_dataclasses()\n", encoding="utf-8")
    package = of(swept("sft.sh").launches[0], "trl")
    assert package.windows[0].because[0].name == "class-not-in-release"
    assert package.windows[-1].starts
    captured = [each for each in package.later if each.finding.name == "captured-flag"]
    assert (captured[-1].first.text, captured[-1].last) == ("0.18.0", releases("trl")[-1])


def test_leftovers_are_dropped_not_refused(here: Path) -> None:
    """A script that keeps unknown words starts with every release."""
    lay_out(here, old_sh=OLD)
    text = SCRIPT.replace("(args,)", "args, rest").replace("dataclasses()", "dataclasses(return_remaining_strings=True)")
    (here / "train.py").write_text(text, encoding="utf-8")
    assert all(window.starts for window in of(swept("old.sh").launches[0], "transformers").windows)


def test_pins_that_admit_both() -> None:
    """True, False, or undecided."""
    known = releases("transformers")
    starting = [version < Version.parse("4.51") for version in known]

    def answer(text: str) -> bool | None:
        return inside(Pin("transformers", Specifiers.parse(text)), "transformers", starting)

    assert [answer(text) for text in ("==4.50.3", "==4.51.0", "<4.50", ">=4.51", ">=4.50")] == [True, False, True, False, None]
    assert known[stand_in(known, Version.parse("4.50.9"))].text == "4.50.3"
    assert stand_in(known, Version.parse("1.0")) == 0


def test_nothing_to_sweep(here: Path) -> None:
    """Notes say why; nothing is claimed."""
    lay_out(here, none_sh="echo hello\n", own_sh="torchrun own.py --depth 3\n")
    (here / "own.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--depth')\np.parse_args()\n", encoding="utf-8"
    )
    result = swept("none.sh", "own.sh", "gone.sh", "train.py")
    assert (result.launches, result.common, result.missing) == ((), (), ("gone.sh",))
    assert any("none.sh starts no fine-tuning launch" in note for note in result.notes)
    assert any("train.py: only launch scripts and config files" in note for note in result.notes)


def test_frameworks_with_programs_of_their_own(here: Path) -> None:
    """Swept over their own releases; what they make of settings is not judged by the library's defaults."""
    lay_out(
        here, swift_sh="swift sft --model Qwen/Qwen2.5-7B --dataset a --output_dir out --load_best_model_at_end true --train_type lora\n"
    )
    launch = swept("swift.sh").launches[0]
    assert all(window.starts for window in of(launch, "transformers").windows)
    assert ("3.0.0", True) in [(window.first.text, window.starts) for window in of(launch, "ms-swift").windows]
    assert not of(launch, "ms-swift").windows[-1].starts


def test_a_config_file_is_a_launch(here: Path) -> None:
    """A YAML file of LLaMA-Factory, over its releases."""
    text = "model_name_or_path: Qwen/Qwen2.5-VL-7B-Instruct\nstage: sft\ndo_train: true\nfinetuning_type: lora\n"
    lay_out(here, train_yaml=f"{text}dataset: a\ntemplate: qwen2_vl\noutput_dir: out\nimage_max_pixels: 262144\n")
    package = of(swept("train.yaml").launches[0], "llamafactory")
    assert [window.starts for window in package.windows] == [False, True]
    assert package.windows[1].first.text == "0.9.2"
    assert 8 in [finding.primary.line for finding in package.windows[0].because]
