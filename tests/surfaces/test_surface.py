"""The shipped surfaces, against facts of the released sources, and what happens to damaged ones."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

import lintune.surfaces.surface as module
from lintune.source.data import data_folder
from lintune.surfaces.releases import recent_releases, releases, replacement
from lintune.surfaces.surface import Surface, SurfaceError, load_surface, surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.version import Version


@pytest.fixture(name="surface")
def training_arguments() -> Surface:
    found = load_surface("transformers", "TrainingArguments")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "works", "broken"),
    [
        ("evaluation_strategy", "<4.51", ">=4.51"),
        ("eval_strategy", ">=4.41", "<4.41"),
        ("warmup_ratio", "<5.15", ">=5.15"),
        ("tp_size", ">=4.50,<4.52", "<4.50 || >=4.52"),
        ("overwrite_output_dir", "<5.0", ">=5.0"),
        ("group_by_length", "<5.2", ">=5.2"),
        ("use_ipex", "<4.57", ">=4.57"),
        ("learning_rate", "", "<0"),
    ],
)
def test_windows(surface: Surface, name: str, works: str, broken: str) -> None:
    assert surface.window(name) == (works, broken)


def test_a_window_is_exact_to_the_patch(surface: Surface) -> None:
    assert "evaluation_strategy" in surface.options_at(Version.parse("4.50.3"))
    assert "evaluation_strategy" not in surface.options_at(Version.parse("4.51.0"))


def test_options_change_over_releases(surface: Surface) -> None:
    old, new = surface.options_at(Version.parse("4.57.6")), surface.options_at(Version.parse("5.0.0"))
    assert (old["warmup_steps"].type, new["warmup_steps"].type) == ("int", "float")
    assert "best" not in surface.options_at(Version.parse("4.46.3"))["save_strategy"].choices
    assert "best" in surface.options_at(Version.parse("4.47.0"))["save_strategy"].choices
    assert surface.options_at(Version.parse("4.39.3"))["report_to"].nargs == "many"
    assert surface.options_at(Version.parse("4.57.1"))["lr_scheduler_kwargs"].type == "unparsable"
    assert surface.options_at(Version.parse("4.48.3"))["output_dir"].required
    assert not old["output_dir"].required


@pytest.mark.parametrize(("asked", "stands"), [("4.51.9", "4.51.3"), ("4.45.2", "4.45.2"), ("1.0", "4.28.0"), ("99", None)])
def test_an_unread_release_is_stood_for_by_a_near_one(surface: Surface, asked: str, stands: str | None) -> None:
    assert surface.releases[surface.index(Version.parse(asked))] == (Version.parse(stands) if stands else surface.newest)


def test_a_release_that_was_read_stands_for_itself() -> None:
    """Also one that ends in zeros and has patches after it, as 4.0.0 before 4.0.4."""
    for package, name in (
        ("ms-swift", "SftArguments"),
        ("accelerate", "launch"),
        ("deepspeed", "config"),
        ("transformers", "TrainingArguments"),
    ):
        found = load_surface(package, name)
        assert found is not None and [found.index(version) for version in found.releases] == list(range(len(found.releases)))


def test_trl_classes_inherit_from_transformers() -> None:
    found = surface_of("trl.trainer.sft_config.SFTConfig")
    assert found is not None and found.bases_at(found.index(found.newest)) == ("transformers.TrainingArguments",)
    assert found.window("max_seq_length") == ("<0.20", ">=0.20")


def test_an_unknown_class_has_no_surface() -> None:
    assert load_surface("transformers", "Nothing") is None and surface_of("alone") is None


def test_every_shipped_surface_is_well_formed() -> None:
    folder = data_folder("schemas") / "surfaces"
    files = sorted(folder.glob("*/*.json"))
    assert len(files) >= 15
    for path in files:
        found = load_surface(path.parent.name, path.stem)
        assert found is not None and list(found.releases) == sorted(found.releases)
        for name in found.names:
            windows = found.windows(name)
            assert all(one.last < two.first for one, two in pairwise(windows)), (path, name)
            assert windows[-1].last < len(found.releases)


def test_replacements_name_options_that_exist_or_existed(surface: Surface) -> None:
    data = json.loads((data_folder("schemas") / "replacements.json").read_text(encoding="utf-8"))
    assert all(name in surface.names for name in data["packages"]["transformers"])
    assert all(entry["evidence"] for package in data["packages"].values() for entry in package.values())
    found = replacement("transformers", "evaluation_strategy")
    assert found is not None and found.text == "--eval_strategy"


@pytest.mark.parametrize("text", ["{", "[]", '{"releases": ["x"]}', '{"releases": ["1.0"]}'])
def test_a_damaged_surface_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "surfaces" / "broken" / "Config.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "data_path", lambda _, *parts: str(tmp_path.joinpath(*parts)))
    with pytest.raises(SurfaceError, match=r"Config\.json is damaged"):
        load_surface("broken", "Config")
    load_surface.cache_clear()


def test_releases_are_ordered_and_recent_ones_are_a_tail() -> None:
    for package in ("transformers", "trl", "peft", "accelerate", "deepspeed", "torch"):
        known = releases(package)
        assert known and list(known) == sorted(known)
        recent = recent_releases(package)
        assert set(recent) <= set(known) and recent[-1] == known[-1] and len(recent) < len(known)
    assert releases("nothing") == () == recent_releases("nothing")


def test_a_withdrawn_release_is_known_but_not_taken_for_granted() -> None:
    assert Version.parse("4.57.0") in releases("transformers") and Version.parse("4.57.0") not in recent_releases("transformers")


def test_spec_text_of_runs() -> None:
    versions = [Version.parse(text) for text in ("1.0.0", "1.1.0", "1.1.1", "2.0.0")]
    assert spec_text(versions, [True, False, True, False]) == "<1.1 || >=1.1.1,<2.0"
    assert spec_text(versions, [True] * 4) == "" and spec_text(versions, [False] * 4) == "<0"
