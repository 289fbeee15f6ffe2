"""Facts of known models, read from `models/minicpm.json`: which model a path names, and its architecture."""

from collections.abc import Mapping
from functools import lru_cache

from lintune.source.data import data_text
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """The language model: sizes as in its config.json."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool
    """Whether the output head shares the input embedding's weight."""
    qkv_bias: bool
    qk_norm: bool


@dataclass(frozen=True, slots=True)
class VisionShape:
    """The vision tower as it is loaded (a dropped last layer is not counted)."""

    hidden: int
    layers: int
    intermediate: int
    patch: int
    channels: int
    positions: int
    """Rows of the position embedding."""
    naming: str
    """Module names: `siglip` (q_proj, k_proj ...) or `timm` (a fused qkv)."""


@dataclass(frozen=True, slots=True)
class ResamplerShape:
    """The projector: learned queries that attend to the vision tower's output."""

    queries: int
    positions: int
    """Rows of a position embedding kept as a frozen parameter; 0 where it is a buffer."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of which the facts are shipped."""

    name: str
    family: str
    expected_llm_type: str | None
    """The `--llm_type` under which the data code builds prompts that the model's tokenizer understands."""
    llm_name: str
    image_tokens: int
    """Tokens that one image slice costs in the language model."""
    dtype: str
    decoder: DecoderShape | None
    vision: VisionShape | None
    resampler: ResamplerShape | None
    exact: bool
    """Whether the computed parameter total equals the published one to the parameter."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A known model and how a path was taken for it."""

    model: KnownModel
    by: str
    """`name` (the hub name), `folder` (the last component of a local path) or `config` (its config.json says so)."""


def recognise(path: str) -> Recognised | None:
    """The known model that a hub name or a local path names, by its last component; None where it names none.

    Suffixes that training or quantisation add (`-int4`, `_lora`) are not stripped: such a folder is another model.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    if not parts:
        return None
    model = _by_name().get(parts[-1].lower())
    if model is None:
        return None
    hub = len(parts) == 2 and not path.startswith(("/", "./", "../", "~")) and parts[0].lower() == "openbmb"
    return Recognised(model, "name" if hub else "folder")


@lru_cache(maxsize=1)
def _by_name() -> dict[str, KnownModel]:
    import json

    known: dict[str, KnownModel] = {}
    for entry in json.loads(data_text("models", "minicpm.json"))["models"]:
        model = _model(entry)
        for name in entry["aliases"]:
            known[name.lower()] = model
    return known


def _model(entry: Mapping[str, object]) -> KnownModel:
    llm, vision, resampler, published = (entry[key] for key in ("llm", "vision", "resampler", "published"))
    notes = entry["notes"]
    expected = entry["expected_llm_type"]
    return KnownModel(
        name=str(entry["name"]),
        family=str(entry["family"]),
        expected_llm_type=str(expected) if expected else None,
        llm_name=str(entry["llm_name"]),
        image_tokens=int(str(entry["image_tokens"])),
        dtype=str(entry["dtype"]),
        decoder=DecoderShape(**llm) if isinstance(llm, dict) else None,
        vision=VisionShape(**{key: vision[key] for key in vision if key != "kind"}) if isinstance(vision, dict) else None,
        resampler=ResamplerShape(**resampler) if isinstance(resampler, dict) else None,
        exact=isinstance(published, dict) and published["equal"] is True,
        notes=tuple(map(str, notes)) if isinstance(notes, list) else (),
    )
