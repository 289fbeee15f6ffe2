"""Random launches of the scripts: what a walk is certain of holds for flags that nobody chose."""

import ast
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lintune.values.option import Option
from tests.scripts.oracle.agreement import Agreement, compare, read_script, walked
from tests.scripts.oracle.not_yet import NOT_YET
from tests.scripts.oracle.real import SCRIPTS, Case, Runner

_SCRIPTS = (
    "minicpmv/finetune.py",
    "llava/train.py",
    "internvl_chat.py",
    "qwenvl/train_qwen.py",
    "qwen2u1/train_sft.py",
    "smolvlm2u1/train.py",
    "medicalgpt.py",
    "qlora.py",
    "lmflow/finetune.py",
    "trl_dpo.py",
    "freeze_names.py",
    "freeze_layers.py",
    "adapters.py",
    "custom_module.py",
    "replaced.py",
    "comprehensions.py",
    "forks/minicpm_modes.py",
    "forks/llava_projectors.py",
    "forks/internvl_recipe.py",
    "forks/qwenvl_data.py",
    "forks/alpaca_lora_fire.py",
    "forks/qlora_quant.py",
    "forks/axolotl_schema.py",
    "forks/video_frames.py",
    "forks/reward_losses.py",
    "forks/layers_plan.py",
    "forks/env_cluster.py",
    "forks/callbacks_pack.py",
    "forks/gemma_pack/train.py",
    "enums.py",
    "classes_data.py",
    "unusual_flow.py",
)
_MOST_FLAGS = 5


@lru_cache(maxsize=64)
def constants(script: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The short texts and the numbers that a script and the files beside it mention."""
    home = (SCRIPTS / script).parent
    files = [SCRIPTS / script] if home == SCRIPTS else sorted(home.rglob("*.py"))
    found = [node.value for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    texts = {value for value in found if isinstance(value, str) and 0 < len(value) < 24 and value.isprintable() and value[0] not in "-%"}
    numbers = {value for value in found if type(value) is int and abs(value) < 200}
    return tuple(sorted(texts)), tuple(sorted(numbers))


def words(option: Option, script: str) -> st.SearchStrategy[list[str]]:
    """The words with which an option may be given."""
    texts, numbers = constants(script)
    flag = option.spellings[0] if option.spellings else f"--{option.name}"
    match option.type:
        case "bool" | "optional-bool":
            if option.nargs == "none":
                return st.just([flag])
            value = st.sampled_from(("true", "false"))
        case "int":
            value = st.sampled_from(numbers).map(str)
        case "float":
            value = st.sampled_from(("0", "0.5", "1", "-1"))
        case _:
            value = st.sampled_from(option.choices or texts)
    if option.nargs == "many":
        return st.lists(value, min_size=1, max_size=3).map(lambda values: [flag, *values])
    return value.map(lambda text: [flag, text])


@st.composite
def launches(draw: st.DrawFn, script: str) -> Case:
    """A launch of a script with some of its own flags."""
    entry = read_script(Case(script, ()))
    options = [option for found in entry.dataclasses for option in found.options.values()] + list(entry.arguments)
    chosen = draw(st.lists(st.sampled_from(options), max_size=_MOST_FLAGS, unique_by=lambda option: option.name))
    named = {option.name for option in chosen}
    chosen += [option for option in options if option.required and option.name not in named]
    return Case(script, tuple(word for option in chosen for word in draw(words(option, script))))


@pytest.mark.parametrize("script", _SCRIPTS)
def test_nothing_that_is_certain_is_wrong(script: str, runner: Runner) -> None:
    @settings(
        max_examples=20,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(launches(script))
    def agree(case: Case) -> None:
        outcome = runner.run(case)
        if outcome.outcome == "refused":
            return
        found = Agreement()
        compare(case, outcome, walked(case, outcome), found)
        assert found.wrong == []
        assert {place: run for place, run in found.missed.items() if place not in NOT_YET} == {}

    agree()
