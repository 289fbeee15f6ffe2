"""Vision-language models: a tower, a projector and a language model."""

from collections.abc import Callable, Mapping

from lintune.models.decoder import UnknownArchitecture, decoder_model
from lintune.models.reading import flag, mapping, normalised, number, text
from lintune.models.remote import adapted
from lintune.models.shapes import Linear, Model
from lintune.models.traits import TRAITS
from lintune.models.vision import audio_of, tower_of
from lintune.source.record import replace

_TEXT_TYPES = {
    "qwen2_vl": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen3_vl": "qwen3",
    "qwen3_vl_moe": "qwen3_moe",
    "qwen2_5_omni": "qwen2",
    "qwen2_5_omni_thinker": "qwen2",
    "mistral3": "mistral",
    "gemma3": "gemma3_text",
    "smolvlm": "llama",
    "idefics3": "llama",
    "llava_llama": "llama",
    "llava_qwen": "qwen2",
    "llava_mistral": "mistral",
    "qwen3_5": "qwen3_5_text",
    "qwen_vl": "qwen",
    "paligemma": "gemma",
}
_RENAMED_TEXT = {
    "qwen2_5_omni_text": "qwen2",
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe_text": "qwen3_moe",
}


def model_of(config: Mapping[str, object]) -> Model:
    """A model from a config.json; raises `UnknownArchitecture`, or `KeyError` for a size that is missing."""
    values = normalised(adapted(config))
    kind = text(values, "model_type")
    if kind in TRAITS:
        return decoder_model(values)
    build = _BUILDERS.get(kind)
    if build is None:
        return _from_inventory(config, kind)
    return build(values, _language(values, kind))


def _from_inventory(config: Mapping[str, object], kind: str) -> Model:
    """The model of a type that has no code of its own here, from its generated inventory. Raises `UnknownArchitecture`."""
    from lintune.models.from_inventory import model_from_inventory
    from lintune.models.inventories import NoInventory

    try:
        return model_from_inventory(config)
    except NoInventory as error:
        raise UnknownArchitecture(kind or "no `model_type`") from error


def _language(values: Mapping[str, object], kind: str) -> Model:
    """The language model: the nested `text_config` or `llm_config`, or the values beside the vision config."""
    nested = mapping(values, "text_config") or mapping(values, "llm_config") or dict(values)
    own = text(nested, "model_type")
    nested["model_type"] = _RENAMED_TEXT.get(own, own) if own in TRAITS or own in _RENAMED_TEXT else _TEXT_TYPES.get(kind, own)
    if "tie_word_embeddings" in values and kind.startswith("qwen"):
        nested["tie_word_embeddings"] = values["tie_word_embeddings"]
    model = decoder_model(nested)
    if kind in _INSIDE:
        model = replace(model, llm=replace(model.llm, prefix=_INSIDE[kind]))
    return replace(model, type=kind)


_INSIDE = {
    "qwen2_vl": "model.language_model.layers.{}",
    "qwen2_5_vl": "model.language_model.layers.{}",
    "qwen3_vl": "model.language_model.layers.{}",
    "qwen3_vl_moe": "model.language_model.layers.{}",
    "llava": "model.language_model.layers.{}",
    "llava_next": "model.language_model.layers.{}",
    "mistral3": "model.language_model.layers.{}",
    "gemma3": "model.language_model.layers.{}",
    "paligemma": "model.language_model.layers.{}",
    "qwen3_5": "model.language_model.layers.{}",
    "smolvlm": "model.text_model.layers.{}",
    "idefics3": "model.text_model.layers.{}",
    "internvl_chat": "language_model.model.layers.{}",
    "minicpmv": "llm.model.layers.{}",
    "qwen2_5_omni": "thinker.model.layers.{}",
}


def _llava(values: Mapping[str, object], language: Model) -> Model:
    vision = mapping(values, "vision_config")
    tower = tower_of(vision, text(vision, "model_type") or "clip")
    width, hidden = tower.stack.hidden, language.llm.hidden
    prefix = "model.multi_modal_projector"
    names = (
        ("model.mm_projector.0", "model.mm_projector.2")
        if values["model_type"] != "llava"
        else (f"{prefix}.linear_1", f"{prefix}.linear_2")
    )
    projector = (Linear(names[0], width, hidden, bias=True), Linear(names[1], hidden, hidden, bias=True))
    patches = (tower.image // tower.patch) ** 2
    newline = hidden if values["model_type"] == "llava_next" else 0
    return replace(language, vision=replace(tower, tokens=patches), projector=projector, projector_vectors=newline)


def _qwen(values: Mapping[str, object], language: Model) -> Model:
    kind = str(values["model_type"])
    config = mapping(values, "vision_config")
    nested_kind = text(config, "model_type")
    tower = tower_of(config, nested_kind if "omni" in nested_kind else "qwen3_vl" if kind == "qwen3_5" else kind)
    width, out = tower.stack.hidden * tower.merge**2, language.llm.hidden
    if kind.startswith("qwen3"):
        more = len(deep) if isinstance(deep := config.get("deepstack_visual_indexes"), (list, tuple)) else 0
        projector = [
            Linear("model.visual.merger.linear_fc1", width, width, bias=True),
            Linear("model.visual.merger.linear_fc2", width, out, bias=True),
        ]
        for index in range(more):
            projector.append(Linear(f"model.visual.deepstack_merger_list.{index}.linear_fc1", width, width, bias=True))
            projector.append(Linear(f"model.visual.deepstack_merger_list.{index}.linear_fc2", width, out, bias=True))
        return replace(language, vision=tower, projector=tuple(projector), projector_vectors=2 * tower.stack.hidden + more * 2 * width)
    norm = tower.stack.hidden * (1 if tower.stack.norm == "rms" else 2)
    merger = (Linear("model.visual.merger.mlp.0", width, width, bias=True), Linear("model.visual.merger.mlp.2", width, out, bias=True))
    return replace(language, vision=tower, projector=merger, projector_vectors=norm)


def _omni(values: Mapping[str, object], language: Model) -> Model:
    made = _qwen({**values, "model_type": "qwen2_5_omni"}, language)
    audio = audio_of(mapping(values, "audio_config"))
    unused = number(values, "talker_params", 0)
    return replace(made, others=replace(audio, extra_matrices=audio.extra_matrices + unused))


def _internvl(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "vision_config"), "intern_vit")
    width, hidden = 4 * tower.stack.hidden, language.llm.hidden
    projector = (Linear("mlp1.1", width, hidden, bias=True), Linear("mlp1.3", hidden, hidden, bias=True))
    return replace(language, vision=replace(tower, merge=2, tokens=256), projector=projector, projector_vectors=2 * width)


def _mistral3(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "vision_config"), "pixtral")
    width, hidden = tower.stack.hidden, language.llm.hidden
    prefix = "model.multi_modal_projector"
    bias = flag(values, "multimodal_projector_bias")
    projector = (
        Linear(f"{prefix}.patch_merger.merging_layer", 4 * width, width),
        Linear(f"{prefix}.linear_1", width, hidden, bias=bias),
        Linear(f"{prefix}.linear_2", hidden, hidden, bias=bias),
    )
    return replace(language, vision=tower, projector=projector, projector_vectors=width)


def _smolvlm(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "vision_config"), "siglip")
    scale = number(values, "scale_factor", 2)
    projector = (Linear("model.connector.modality_projection.proj", tower.stack.hidden * scale**2, language.llm.hidden),)
    tokens = (tower.image // tower.patch // scale) ** 2
    return replace(language, vision=replace(tower, merge=scale, tokens=tokens), projector=projector)


def _gemma3(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "vision_config"), "siglip")
    bias = values["model_type"] == "paligemma"
    projector = (Linear("model.multi_modal_projector.linear", tower.stack.hidden, language.llm.hidden, bias=bias),)
    return replace(language, vision=replace(tower, tokens=256), projector=projector, projector_vectors=0 if bias else tower.stack.hidden)


def _resampler(queries: int, width: int, vision: int, norms: int, more: int) -> tuple[tuple[Linear, ...], int]:
    """Learned queries that attend to the tower's output: linear layers, and all other elements."""
    linears = (
        Linear("resampler.kv_proj", vision, width),
        Linear("resampler.attn.in_proj", width, 3 * width, bias=True),
        Linear("resampler.attn.out_proj", width, width, bias=True),
    )
    return linears, queries * width + norms * 2 * width + width * width + more


def _qwen_vl(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "visual"), "qwen_vl")
    projector, others = _resampler(256, language.llm.hidden, tower.stack.hidden, 3, 256 * language.llm.hidden)
    return replace(language, vision=tower, projector=projector, projector_vectors=others)


def _minicpmv(values: Mapping[str, object], language: Model) -> Model:
    tower = tower_of(mapping(values, "vision_config"), "siglip")
    queries, hidden = number(values, "query_num"), language.llm.hidden
    projector, others = _resampler(queries, hidden, tower.stack.hidden, 3, number(values, "resampler_positions", 0) * hidden)
    return replace(language, vision=replace(tower, tokens=queries), projector=projector, projector_vectors=others)


_BUILDERS: dict[str, Callable[[Mapping[str, object], Model], Model]] = {
    **dict.fromkeys(("llava", "llava_next", "llava_llama", "llava_mistral"), _llava),
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5"), _qwen),
    **dict.fromkeys(("qwen2_5_omni", "qwen2_5_omni_thinker"), _omni),
    "internvl_chat": _internvl,
    "mistral3": _mistral3,
    **dict.fromkeys(("smolvlm", "idefics3"), _smolvlm),
    **dict.fromkeys(("gemma3", "paligemma"), _gemma3),
    "qwen_vl": _qwen_vl,
    "minicpmv": _minicpmv,
}
