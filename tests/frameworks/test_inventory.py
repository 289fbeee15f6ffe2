"""Parameter totals against published ones, and structure that must hold for every known model."""

import pytest

from lintune.frameworks.inventory import PARTS, inventory, params_of
from lintune.frameworks.known_models import recognise

PUBLISHED = {
    "openbmb/MiniCPM-Llama3-V-2_5": 8_537_092_336,
    "openbmb/MiniCPM-V-2_6": 8_099_175_152,
}
ALL = ["MiniCPM-V-2", "MiniCPM-Llama3-V-2_5", "MiniCPM-V-2_6", "MiniCPM-o-2_6", "MiniCPM-V-4", "MiniCPM-V-4_5"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_total_equals_the_published_one(name: str) -> None:
    """To the parameter, for the models whose count is published."""
    found = recognise(name)
    assert found is not None and found.model.exact
    assert params_of(inventory(found.model)) == PUBLISHED[name]


@pytest.mark.parametrize("name", ALL)
def test_parts_add_up_and_names_are_unique(name: str) -> None:
    """Every module belongs to one part, no name stands twice."""
    found = recognise(name)
    assert found is not None
    modules = inventory(found.model)
    assert sum(params_of(modules, part) for part in PARTS) == params_of(modules) > 3e9
    assert len({module.name for module in modules}) == len(modules)


def test_qwen3_has_norms_in_attention_and_v2_a_dropped_layer() -> None:
    """What differs between the language models and towers is in the inventory."""
    newest, first = recognise("MiniCPM-V-4_5"), recognise("MiniCPM-V-2")
    assert newest is not None and first is not None
    assert any(module.name.endswith("0.self_attn.q_norm") for module in inventory(newest.model))
    assert not any(module.name.startswith("vpm.blocks.26.") for module in inventory(first.model))
    assert any(module.name.startswith("vpm.blocks.25.") for module in inventory(first.model))


@pytest.mark.parametrize(
    ("path", "name", "by"),
    [
        ("openbmb/MiniCPM-V-2_6", "openbmb/MiniCPM-V-2_6", "name"),
        ("OpenBMB/MiniCPM-V-2_6", "openbmb/MiniCPM-V-2_6", "name"),
        ("/home/model/OpenBMB/MiniCPM-V-2_6", "openbmb/MiniCPM-V-2_6", "folder"),
        ("/data/MiniCPM-V-2_6/", "openbmb/MiniCPM-V-2_6", "folder"),
        ("./MiniCPM-Llama3-V-2_5", "openbmb/MiniCPM-Llama3-V-2_5", "folder"),
    ],
)
def test_paths_are_recognised(path: str, name: str, by: str) -> None:
    """By hub name, or by the last component of a local path."""
    found = recognise(path)
    assert found is not None and (found.model.name, found.by) == (name, by)


@pytest.mark.parametrize("path", ["", "/", "openbmb/MiniCPM-V-2_6-int4", "out/checkpoint-100", "Qwen/Qwen2-VL-7B"])
def test_other_paths_are_not(path: str) -> None:
    """A quantised or trained copy is another model."""
    assert recognise(path) is None
