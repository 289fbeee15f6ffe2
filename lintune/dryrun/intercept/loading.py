"""`from_pretrained` without weights and network: models on the meta device, configs of known models, stand-ins for tokenizers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from lintune.dryrun.auto_class import native, native_config, said
from lintune.dryrun.intercept.stand_in import StandIn, Tokenizer
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request
from lintune.dryrun.quantised import not_converted, quantise
from lintune.dryrun.raw_config import RawConfig, raw_config
from lintune.dryrun.skeleton import skeleton_of


@dataclass(slots=True)
class Loads:
    """What the script loaded."""

    request: Request
    models: list[dict[str, Json]] = field(default_factory=list)
    """Per model: its class, its name, and the settings it was loaded with."""
    assumptions: list[str] = field(default_factory=list)


def install(loads: Loads) -> None:
    """Replace transformers' loaders."""
    import transformers
    from transformers.models.auto import auto_factory

    transformers.PreTrainedModel.from_pretrained = classmethod(_model(loads))
    for auto in (auto_factory._BaseAutoModelClass, *auto_factory._BaseAutoModelClass.__subclasses__()):
        auto.from_pretrained = classmethod(_auto_model(loads))  # each class has a copy of its own
    owner: Any
    for owner in (transformers.AutoConfig, transformers.PretrainedConfig):
        owner.from_pretrained = classmethod(_config(loads, owner.from_pretrained.__func__))
    for owner in (transformers.AutoTokenizer, transformers.PreTrainedTokenizerBase):
        owner.from_pretrained = classmethod(_or_stand_in(owner.from_pretrained.__func__, Tokenizer, loads))
    for each in ("AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "ProcessorMixin", "ImageProcessingMixin",
                 "CLIPImageProcessor", "GenerationConfig"):  # fmt: skip
        owner = getattr(transformers, each, None)
        if owner is not None:
            owner.from_pretrained = classmethod(_or_stand_in(owner.from_pretrained.__func__, _Processor, loads))


class _Processor(StandIn):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.tokenizer = Tokenizer()


def _or_stand_in(original: Callable[..., Any], stand_in: type[StandIn], loads: Loads) -> Callable[..., Any]:
    def from_pretrained(cls: Any, name: Any, *given: Any, **keywords: Any) -> Any:
        try:
            return original(cls, name, *given, **keywords)
        except Exception:  # no such files, no network, a package that reads them is missing
            note = f"`{cls.__name__}` of `{name}` is not at hand: a stand-in"
            if note not in loads.assumptions:
                loads.assumptions.append(note)
            return stand_in()

    return from_pretrained


def _config(loads: Loads, original: Callable[..., Any]) -> Callable[..., Any]:
    def from_pretrained(cls: Any, name: Any, *given: Any, **keywords: Any) -> Any:
        try:
            return original(cls, name, *given, **keywords)
        except (OSError, ValueError, ImportError):
            raw = _raw(loads, str(name))
            config = native_config(raw) if native(raw.type) else _plain_config(raw)
            own: Any = cls
            if getattr(own, "model_type", "") and not isinstance(config, own):
                config = own(**{key: value for key, value in raw.values.items() if key != "model_type"})
            return (config, {}) if keywords.get("return_unused_kwargs") else config

    return from_pretrained


def _plain_config(raw: RawConfig) -> Any:
    import transformers

    return transformers.PretrainedConfig(**raw.values)


def _raw(loads: Loads, name: str) -> RawConfig:
    """The config of a model that the script names. Raises `DryRunProblem`."""
    asked = Request(values={**loads.request.values, "model.id": name, "model.name": None}, unknown={})
    if name == loads.request.values.get("model.id"):
        asked = loads.request
    return raw_config(asked)


def _auto_model(loads: Loads) -> Callable[..., Any]:
    def from_pretrained(cls: Any, name: Any, *given: Any, **keywords: Any) -> Any:
        import transformers

        config = keywords.pop("config", None)
        if config is None:
            try:
                config = transformers.AutoConfig.from_pretrained(name, trust_remote_code=loads.request.options.trust_remote_code)
            except DryRunProblem:
                raise
            except Exception as error:
                raise DryRunProblem("no-config", f"the config of `{name}` cannot be read: {said(error)}") from None
        found = cls._model_mapping.get(type(config), None)
        if found is None:
            return _skeleton(loads, cls, str(name), keywords)
        model_class = found[0] if isinstance(found, (list, tuple)) else found
        return _made(loads, model_class, config, str(name), keywords)

    return from_pretrained


def _skeleton(loads: Loads, cls: Any, name: str, keywords: dict[str, Any]) -> Any:
    """A model whose code is not in transformers, from the names and shapes that lintune has. Raises `DryRunProblem`."""
    raw = _raw(loads, name)
    made = skeleton_of(raw)
    if made is None:
        raise DryRunProblem("unknown-architecture", f"`{name}` ({raw.type}) needs model code of its own, which is not at hand")
    loads.assumptions.append(f"`{name}` is model code of its own: built from the names and shapes that lintune ships")
    _remember(loads, cls.__name__, name, keywords)
    return made


def _model(loads: Loads) -> Callable[..., Any]:
    def from_pretrained(cls: Any, name: Any, *given: Any, **keywords: Any) -> Any:
        config = keywords.pop("config", None)
        if config is None:
            config = cls.config_class.from_pretrained(name)
        return _made(loads, cls, config, str(name), keywords)

    return from_pretrained


def _made(loads: Loads, model_class: Any, config: Any, name: str, keywords: dict[str, Any]) -> Any:
    """The model on the meta device, quantised as it was asked for."""
    _remember(loads, model_class.__name__, name, keywords)
    dtype = keywords.get("dtype") or keywords.get("torch_dtype")
    if not isinstance(dtype, torch.dtype):
        dtype = getattr(torch, dtype, None) if isinstance(dtype, str) else None
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model = model_class(config)
    model = model.to(dtype or getattr(config, "dtype", None) or torch.bfloat16)
    model.tie_weights()
    bits, double = _quantisation(keywords)
    if bits:
        quantise(model, bits, double, not_converted(model))
        model.is_quantized = True
        setattr(model, f"is_loaded_in_{bits}bit", True)
    return model


def _quantisation(keywords: dict[str, Any]) -> tuple[int, bool]:
    config = keywords.get("quantization_config")
    if keywords.get("load_in_4bit") or getattr(config, "load_in_4bit", False):
        return 4, bool(getattr(config, "bnb_4bit_use_double_quant", False))
    return (8 if keywords.get("load_in_8bit") or getattr(config, "load_in_8bit", False) else 0), False


def _remember(loads: Loads, class_name: str, name: str, keywords: dict[str, Any]) -> None:
    shown = ("dtype", "torch_dtype", "device_map", "attn_implementation", "load_in_4bit", "load_in_8bit", "use_cache", "low_cpu_mem_usage")
    settings: dict[str, Json] = {key: str(keywords[key]) for key in shown if keywords.get(key) is not None}
    loads.models.append({"class": class_name, "name": name, "settings": settings})
