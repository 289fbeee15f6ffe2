"""Targets that match nothing, only some, or the vision tower; what PEFT refuses."""

import pytest

from lintune.dryrun.count import count
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request

TEXT: dict[str, Json] = {
    "model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 96,
}  # fmt: skip
TOWER: dict[str, Json] = {
    "model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip
LLAVA: dict[str, Json] = {"model_type": "llava", "text_config": TEXT, "vision_config": TOWER}


def rows(config: dict[str, Json], **values: Json) -> tuple[dict[str, dict[str, Json]], dict[str, Json]]:
    """The items of each target by its pattern, and the facts, of LoRA on a tiny model."""
    settings: dict[str, Json] = {"adapter.kind": "lora", "adapter.rank": 4, **{f"adapter.{name}": value for name, value in values.items()}}
    result = count(Request(values=settings, model_config=config))
    return {str(row["pattern"]): row for row in result.items["dry_run.targets"]}, result.facts


def test_one_of_two_is_missing() -> None:
    """PEFT goes on; the nearest real name is given."""
    found, facts = rows(TEXT, targets=["q_proj", "vproj"])
    assert (found["q_proj"]["matched"], found["vproj"]["matched"]) == (3, 0)
    assert "`v_proj`" in str(found["vproj"]["hint"]) and "dry_run.adapter.refused" not in facts
    assert facts["dry_run.adapter.matched"] == 3


def test_nothing_matches() -> None:
    """PEFT's words are kept; what is trained is then not known."""
    found, facts = rows(TEXT, targets=["qkv"])
    assert "not found in the base model" in str(facts["dry_run.adapter.refused"])
    assert "dry_run.trainable_params" not in facts and facts["dry_run.adapter.matched"] == 0
    assert found["qkv"]["matched"] == 0


def test_an_expression_of_another_release() -> None:
    """Names of vision language models moved in transformers 5."""
    found, facts = rows(LLAVA, targets=r"^model\.layers\.\d+\.self_attn\.q_proj$")
    assert "dry_run.adapter.refused" in facts
    (row,) = found.values()
    assert any("language_model.layers.0.self_attn.q_proj" in str(each) for each in row["nearest"])  # type: ignore[union-attr]


def test_a_block_cannot_hold_an_adapter() -> None:
    """PEFT refuses it."""
    assert "not supported" in str(rows(TEXT, targets=["mlp"])[1]["dry_run.adapter.refused"])


def test_the_vision_tower_is_hit() -> None:
    """A listed name matches in both; an expression need not."""
    row = rows(LLAVA, targets=["q_proj"])[0]["q_proj"]
    assert (row["vision"], row["elsewhere"]) == (2, 3)
    (row,) = rows(LLAVA, targets=r".*language_model.*q_proj")[0].values()
    assert row["vision"] == 0


@pytest.mark.parametrize(
    ("framework", "values", "modules"),
    [
        ("axolotl", {"flag.lora_target_linear": True}, 3 * 7 + 2 * 6 + 2),
        ("llamafactory", {"adapter.targets": "all", "tune.llm.mode": "lora", "tune.vision.mode": "frozen"}, 3 * 7),
        ("llamafactory", {"adapter.targets": "all", "tune.llm.mode": "lora", "tune.vision.mode": "lora"}, 3 * 7 + 2 * 6),
        ("trl", {"adapter.targets": "all-linear"}, 3 * 7 + 2 * 6 + 2),
        ("trl", {"adapter.targets": "q_proj,v_proj"}, 2 * (3 + 2)),
    ],
)
def test_all_linear_layers_as_the_framework_means_it(framework: str, values: dict[str, Json], modules: int) -> None:
    """Its word for all of them leaves out the head, and in some frameworks what is frozen."""
    result = count(Request(values={"adapter.kind": "lora", "adapter.rank": 4, **values}, framework=framework, model_config=LLAVA))
    assert result.facts["dry_run.adapter.matched"] == modules


def test_targets_that_are_not_given() -> None:
    """PEFT has its own for many types; for others nothing is claimed, since the script may have some too."""
    chosen = count(Request(values={"adapter.kind": "lora", "adapter.rank": 4}, model_config=TEXT))
    assert chosen.facts["dry_run.adapter.matched"] == 2 * 3
    other = count(
        Request(values={"adapter.kind": "lora", "adapter.rank": 4}, model_config={**TEXT, "model_type": "helium", "head_dim": 12})
    )
    assert "dry_run.adapter.refused" not in other.facts and "dry_run.trainable_params" not in other.facts


def test_saved_modules() -> None:
    """One that is there, and one that is not."""
    found, _ = rows(TEXT, targets=["q_proj"], modules_to_save=["lm_head", "embed_token"])
    assert found["lm_head"]["matched"] == 1
    assert (found["embed_token"]["matched"], found["embed_token"]["nearest"]) == (0, ["embed_tokens"])


def test_layers_out_of_range() -> None:
    """No layer of the model is meant."""
    assert "dry_run.adapter.refused" in rows(TEXT, targets=["q_proj"], layers=[7])[1]


@pytest.mark.parametrize(("kind", "targets"), [("lora", "model.(q_proj"), ("oft", ["q_proj"])])
def test_what_is_not_tried(kind: str, targets: Json) -> None:
    """An expression that is none, and an adapter that the dry run does not build."""
    with pytest.raises(DryRunProblem) as caught:
        count(Request(values={"adapter.kind": kind, "adapter.targets": targets}, model_config=TEXT))
    assert caught.value.kind == "bad-adapter"
