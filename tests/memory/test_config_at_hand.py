"""The memory of a run file whose model has a config.json at hand."""

import json
from pathlib import Path

import pytest

from lintune.engine.check import check
from lintune.engine.result import CheckOptions
from lintune.memory.reading import NotEstimated, setting_of
from lintune.models.catalogue import find_config
from lintune.run.run import Run

NAME = "meta-llama/Llama-3.2-3B"


def run_of(folder: Path, model: str) -> Run:
    """The run of a run file in a folder."""
    path = folder / "run.json"
    path.write_text(json.dumps({"lintune_run": 1, "values": {"model.id": model, "tune.llm.mode": "full", "precision.compute": "bf16"}}))
    (found,) = check([str(path)], CheckOptions()).launches
    return found


def config(**changes: object) -> str:
    """The config.json of the known model with changes."""
    listed = find_config(NAME)
    assert listed is not None
    return json.dumps({**listed[1], **changes})


def test_the_estimate_is_that_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "Llama-3.2-3B").mkdir()
    assert setting_of(run_of(tmp_path, "Llama-3.2-3B")).model.llm.depth == 28
    (tmp_path / "Llama-3.2-3B" / "config.json").write_text(config(num_hidden_layers=7))
    assert setting_of(run_of(tmp_path, "Llama-3.2-3B")).model.llm.depth == 7


def test_the_estimate_is_that_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot = tmp_path / "hub" / "models--meta-llama--Llama-3.2-3B" / "snapshots" / "main"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(config(num_hidden_layers=5))
    assert setting_of(run_of(tmp_path, NAME)).model.llm.depth == 5


@pytest.mark.parametrize("text", ["{", config(num_attention_heads=7), config(model_type="another")])
def test_a_config_that_gives_no_shape_gives_no_estimate(tmp_path: Path, text: str) -> None:
    """The table does not step in."""
    (tmp_path / "Llama-3.2-3B").mkdir()
    (tmp_path / "Llama-3.2-3B" / "config.json").write_text(text)
    with pytest.raises(NotEstimated, match=r"config\.json"):
        setting_of(run_of(tmp_path, "Llama-3.2-3B"))
