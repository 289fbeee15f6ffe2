"""Library guards: conditions over options through the releases, in three-valued logic."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.surfaces import guards as module
from lintune.surfaces.guard_values import UNKNOWN, Evaluator
from lintune.surfaces.guards import load_guards
from lintune.surfaces.surface import SurfaceError, load_surface


def first_raised(release: str, **given: Any) -> str:
    """The text of the first guard that raises in a release with its defaults and these options."""
    guards, surface = load_guards("transformers.TrainingArguments"), load_surface("transformers", "TrainingArguments")
    assert guards is not None and surface is not None
    version = next(each for each in surface.releases if each.text == release)
    defaults = {name: option.default for name, option in surface.options_at(version).items() if option.default_known}
    found = guards.first_raised({**defaults, "output_dir": "out", **given}).get(release)
    return found.message if found is not None else ""


def releases() -> tuple[str, ...]:
    """Every release that was read."""
    guards = load_guards("transformers.TrainingArguments")
    assert guards is not None
    return guards.releases


def raising(**given: Any) -> list[str]:
    """The releases in which these options are refused."""
    return [release for release in releases() if first_raised(release, **given)]


def test_no_release_refuses_its_defaults() -> None:
    """Zero false guards over all releases."""
    assert len(releases()) >= 143
    assert raising() == []


def test_refused_in_every_release() -> None:
    """Both 16-bit formats; the best model without an evaluation strategy."""
    assert raising(fp16=True, bf16=True) == list(releases())
    assert "not both" in first_raised("5.24.0", fp16=True, bf16=True)
    assert raising(load_best_model_at_end=True) == list(releases())


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({"load_best_model_at_end": True, "eval_strategy": "steps", "save_steps": 0.3, "eval_steps": 0.1}, "4.41.0", "4.52.4"),
        ({"torch_empty_cache_steps": 0}, "4.50.0", "5.24.0"),
        ({"warmup_steps": -1}, "4.42.0", "5.24.0"),
        ({"fsdp": "offload"}, "4.28.0", "5.9.0"),
        ({"logging_steps": 10.5}, "4.29.0", "5.24.0"),
        ({"save_strategy": "best", "load_best_model_at_end": True}, "4.28.0", "4.47.1"),
        ({"fsdp": "full_shard", "fsdp_config": {"sync_module_states": "false", "cpu_ram_efficient_loading": "true"}}, "4.41.0", "4.51.3"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else value,
)
def test_windows_of_releases(options: dict[str, Any], first: str, last: str) -> None:
    """Ranges that reading the releases gives."""
    found = [release for release in raising(**options) if "eval_strategy" not in options or release >= "4.41" or release[0] == "5"]
    assert found[0] == first
    assert found[-1] == last


def test_assignments_before_a_raise_count() -> None:
    """`eval_steps` falls back to `logging_steps`, so the multiple is taken of that."""
    both = {"load_best_model_at_end": True, "eval_strategy": "steps"}
    assert not first_raised("4.51.3", **both, save_steps=500, logging_steps=100)
    assert "round multiple" in first_raised("4.51.3", **both, save_steps=500, logging_steps=300)


def test_unknown_options_never_raise() -> None:
    """What is not known is left out, and nothing is concluded from it."""
    guards = load_guards("transformers.TrainingArguments")
    assert guards is not None
    assert guards.first_raised({}) == {}
    assert guards.first_raised({"fp16": True}) == {}


@given(
    st.dictionaries(
        st.sampled_from(["fp16", "bf16", "fsdp", "eval_steps", "warmup_steps", "fsdp_config"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=8), st.booleans(), st.just(())),
    )
)
def test_values_of_any_type_are_taken(options: dict[str, Any]) -> None:
    """An operation that Python would refuse is unknown, never an error."""
    guards = load_guards("transformers.TrainingArguments")
    assert guards is not None
    guards.first_raised(options)


def test_three_valued_logic() -> None:
    """An unknown operand leaves the answer open unless another decides."""
    nodes = [["f", "a"], ["f", "b"], ["and", 0, 1], ["or", 0, 1], ["not", 0], ["if", 0, 1, 1], ["isinstance", 1, ["int"]], ["<", 0, 1]]
    unknown_a = Evaluator(nodes, {"b": 0})
    assert unknown_a.truth(2) is False
    assert unknown_a.truth(3) is UNKNOWN
    assert unknown_a.truth(4) is UNKNOWN
    assert unknown_a.value(5) == 0
    assert unknown_a.value(6) is True
    assert Evaluator(nodes, {"a": "x", "b": 1}).value(7) is UNKNOWN


def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clear error; a package without guards has none."""
    (tmp_path / "guards").mkdir()
    (tmp_path / "guards" / "broken.json").write_text('{"package": "broken"', encoding="utf-8")
    monkeypatch.setattr(module, "data_path", lambda *parts: str(tmp_path.joinpath(*parts[1:])))
    with pytest.raises(SurfaceError, match=r"broken\.json are damaged"):
        load_guards("broken")
    assert load_guards("no-such-package") is None
