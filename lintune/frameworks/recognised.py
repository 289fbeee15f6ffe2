"""The MiniCPM model of a run: by its name, or by the config.json at hand, whose sizes then win over those of the table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lintune.frameworks.known_models import DecoderShape, KnownModel, Recognised, ResamplerShape, VisionShape, recognise
from lintune.run.known import text
from lintune.run.run import Run
from lintune.source.record import replace

if TYPE_CHECKING:
    from lintune.models.config_file import ConfigAtHand

_BY_VERSION = {
    ("minicpmv", "2.5"): "openbmb/MiniCPM-Llama3-V-2_5",
    ("minicpmv", "2.6"): "openbmb/MiniCPM-V-2_6",
    ("minicpmo", "2.6"): "openbmb/MiniCPM-o-2_6",
    ("minicpmv", "4.0"): "openbmb/MiniCPM-V-4",
    ("minicpmv", "4.5"): "openbmb/MiniCPM-V-4_5",
}
"""By `model_type` and `version` of config.json."""

HOW = {"name": "by its name", "folder": "by the last component of its path", "config": "by its config.json"}
"""`Recognised.by` in words."""


def recognise_in(run: Run, name: str) -> Recognised | None:
    """The known model that a name or a path names in a run; its shapes are empty where its config.json cannot be counted."""
    from lintune.models.at_hand import config_at_hand

    config = config_at_hand(run, name)
    if config is None:
        return recognise(name)
    found = _by_config(config.values) or recognise(name)
    return Recognised(_reshaped(found.model, config), found.by) if found is not None else None


def told_by(run: Run, model: KnownModel) -> str:
    """Where the shapes of a recognised model come from, for people: its config.json at hand, else its name in the table."""
    from lintune.models.at_hand import config_at_hand

    name = text(run.get("model.id"))
    config = config_at_hand(run, name) if name else None
    return config.path if config is not None else model.name


def _by_config(values: Mapping[str, object]) -> Recognised | None:
    origin = values.get("_name_or_path")
    found = recognise(origin) if isinstance(origin, str) else None
    if found is None:
        listed = _BY_VERSION.get((str(values.get("model_type")), str(values.get("version"))))
        found = recognise(listed) if listed else None
    return Recognised(found.model, "config") if found is not None else None


def _reshaped(model: KnownModel, config: "ConfigAtHand") -> KnownModel:
    """The model with the sizes of its config.json."""
    unknown = replace(model, decoder=None, vision=None, resampler=None, exact=False)
    if config.known is None:
        return unknown
    try:
        decoder, vision, resampler = _shapes(model, config.values)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return unknown
    same = (decoder, vision, resampler) == (model.decoder, model.vision, model.resampler)
    return replace(model, decoder=decoder, vision=vision, resampler=resampler, exact=model.exact and same)


def _shapes(model: KnownModel, values: Mapping[str, object]) -> tuple[DecoderShape, VisionShape | None, ResamplerShape]:
    """The three shapes; the tower of MiniCPM-V 2 is not in its config.json but in its code, so it stays."""
    from lintune.models.reading import flag, mapping, normalised, number
    from lintune.models.reading import text as word
    from lintune.models.remote import adapted

    whole = normalised(adapted(values))
    inner, tower = mapping(whole, "text_config"), mapping(whole, "vision_config")
    hidden, heads, kind = number(inner, "hidden_size"), number(inner, "num_attention_heads"), word(inner, "model_type")
    decoder = DecoderShape(
        hidden, number(inner, "num_hidden_layers"), heads, number(inner, "num_key_value_heads", heads),
        number(inner, "head_dim", hidden // heads), number(inner, "intermediate_size"), number(inner, "vocab_size"),
        flag(inner, "tie_word_embeddings"), kind == "qwen2", kind == "qwen3",
    )  # fmt: skip
    vision = model.vision
    if "hidden_size" in tower:
        edge = number(tower, "image_size", 980) // number(tower, "patch_size", 14)
        vision = VisionShape(
            number(tower, "hidden_size"), number(tower, "num_hidden_layers"), number(tower, "intermediate_size"),
            number(tower, "patch_size", 14), number(tower, "num_channels", 3), edge * edge, "siglip",
        )  # fmt: skip
    positions = model.resampler.positions if model.resampler is not None else 0
    return decoder, vision, ResamplerShape(number(whole, "query_num"), positions)
