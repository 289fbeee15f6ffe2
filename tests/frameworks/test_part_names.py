"""The family of a model: by its name and class, and by the module paths that a script names."""

import pytest

from lintune.frameworks.part_names import LAYOUTS, Layout, layout_of


def name_of(layout: Layout | None) -> str:
    return layout.name if layout is not None else ""


@pytest.mark.parametrize(
    ("loaded", "name", "paths", "expected"),
    [
        ("transformers.AutoModelForCausalLM", "Qwen/Qwen2.5-7B", (), "decoder"),
        ("transformers.AutoModelForCausalLM", "Qwen/Qwen-VL-Chat", ("transformer.visual",), "qwen-vl-1"),
        ("transformers.AutoModelForCausalLM", "Qwen/Qwen-VL-Chat", ("visual",), ""),
        ("transformers.AutoModelForCausalLM", "Qwen/Qwen2-VL-7B-Instruct", ("visual", "model.layers[-1:]"), "qwen-vl"),
        ("transformers.AutoModel", "THUDM/chatglm2-6b", (), "chatglm-2"),
        ("transformers.AutoModel", "THUDM/chatglm-6b", ("transformer.layers[20:]",), "chatglm"),
        ("transformers.AutoModel", "some/encoder", (), ""),
        ("transformers.AutoModelForCausalLM", "internlm/internlm-xcomposer2-vl-7b", ("vit", "vision_proj"), "xcomposer"),
        ("transformers.AutoModelForCausalLM", "baichuan-inc/Baichuan2-7B-Base", (), "baichuan"),
        ("OwnForCausalLM", "x", ("model.vision_model", "model.vision2text"), "made"),
        ("OwnForCausalLM", "x", ("model.layers", "lm_head", "model.norm"), "decoder"),
        ("OwnForCausalLM", "x", ("model.memory",), ""),
        ("Own", "x", ("lang_encoder.lm_head", "vision_encoder", "perceiver"), "made"),
        ("Own", "x", ("something",), ""),
    ],
)
def test_the_family_has_a_place_for_every_path(loaded: str, name: str, paths: tuple[str, ...], expected: str) -> None:
    assert name_of(layout_of(loaded, paths, name, [(path, True) for path in paths])) == expected


def test_a_family_is_no_longer_taken_where_a_tower_is_put_elsewhere() -> None:
    assert name_of(layout_of("OwnForCausalLM", (), "", [("model.audio_memory", False)])) == "decoder"
    made = layout_of("OwnForCausalLM", (), "", [("model.image_tower", False), ("model.mm_joint_projector", False)])
    assert made is not None and made.name == "made"
    towers = {part: prefixes for part, prefixes, _ in made.roots if part in ("vision", "projector")}
    assert towers == {"vision": ("model.image_tower",), "projector": ("model.mm_joint_projector",)}


def test_a_tower_of_other_modules_is_no_towers_of_the_family() -> None:
    llava = [("model.vision_tower", False), ("model.mm_projector", False)]
    inner = layout_of("LlavaLlamaForCausalLM", ("mm_projector",), "", [*llava, ("model.vision_tower.vision_tower", False)])
    assert inner is not None and inner.name == "llava"
    two = [
        ("model.vision_tower.slow", False),
        ("model.vision_tower.fast.vision_tower", True),
        ("model.vision_tower.slow.vision_tower", True),
    ]
    other = layout_of("LlavaLlamaForCausalLM", ("mm_projector",), "", [*llava, *two])
    assert other is not None and other.name == "made"
    assert [prefixes[0] for part, prefixes, _ in other.roots if part == "vision"] == [
        "model.vision_tower.fast.vision_tower",
        "model.vision_tower.slow.vision_tower",
    ]


def test_a_transformer_joins_nothing() -> None:
    made = layout_of("Own", (), "", [("transformer.h", False), ("transformer.visual", True), ("transformer.visual.Qformer", True)])
    assert made is not None
    found = [(part, prefixes) for part, prefixes, _ in made.roots if part in ("vision", "projector")]
    assert found == [("vision", ("transformer.visual",)), ("projector", ("transformer.visual.Qformer",))]
    monkey = [("transformer.visual", True), ("transformer.visual.attn_pool", True), ("transformer.h", False), ("lm_head", False)]
    fitting = layout_of("TextMonkeyLMHeadModel", ("visual",), "Qwen/Qwen-VL", monkey)
    assert fitting is not None and fitting.name == "qwen-vl-1"


def test_what_joins_lies_in_the_tower() -> None:
    made = layout_of("Own", (), "", [("core.visual_encoder", True), ("core.visual_encoder.resampler", True), ("core.llm.layers", True)])
    assert made is not None
    assert {part: prefixes[0] for part, prefixes, _ in made.roots} == {
        "llm": "core.llm.model",
        "embed": "core.llm.model",
        "lm_head": "core.llm.lm_head",
        "vision": "core.visual_encoder",
        "projector": "core.visual_encoder.resampler",
    }


def test_a_classifier_has_no_head_of_words() -> None:
    layout = layout_of("transformers.Qwen2ForSequenceClassification", (), "", [("score", True)])
    assert layout is None or "lm_head" not in {part for part, *_ in layout.roots}
    own = layout_of("Qwen2_5_VLForSequenceClassification", ("visual",), "", [("visual", True), ("score", True)])
    assert own is not None and own.name == "qwen-vl" and "lm_head" not in {part for part, *_ in own.roots}


def test_every_family_tells_its_decoder_by_several_modules() -> None:
    for layout in LAYOUTS:
        leaves = list(layout.leaves())
        assert sum(part == "llm" for part, _ in leaves) >= 3, layout.name
        assert [part for part, _ in leaves].count("embed") == 1, layout.name
