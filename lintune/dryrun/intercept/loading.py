"""`from_pretrained` without weights and network: models on the meta device, configs of known models, stand-ins for tokenizers."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Any

import torch

from lintune.dryrun.auto_class import native, native_config, own_code_failed, said
from lintune.dryrun.intercept.stand_in import StandIn, Tokenizer
from lintune.dryrun.intercept.towers import tower_config
from lintune.dryrun.own_packages import own_packages
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request
from lintune.dryrun.quantised import QuantisedLinear, not_converted, quantise
from lintune.dryrun.raw_config import RawConfig, raw_config
from lintune.dryrun.skeleton import skeleton_of


@dataclass(slots=True)
class Loads:
    """What the script loaded."""

    request: Request
    models: list[dict[str, Json]] = field(default_factory=list)
    """Per model: its class, its name, and the settings it was loaded with."""
    assumptions: list[str] = field(default_factory=list)

    doubts: list[str] = field(default_factory=list)
    """Those of them that may have sent the script another way."""

    def note(self, sentence: str, doubtful: bool = True) -> None:
        """Take down what was taken for granted, once; `doubtful`: it may send the script another way."""
        if sentence not in self.assumptions:
            self.assumptions.append(sentence)
            self.doubts += [sentence] if doubtful else []


def install(loads: Loads) -> None:
    """Replace transformers' loaders."""
    import transformers
    from transformers.models.auto import auto_factory

    _missing_backends()
    transformers.PreTrainedModel.from_pretrained = classmethod(_model(loads))
    for auto in (auto_factory._BaseAutoModelClass, *auto_factory._BaseAutoModelClass.__subclasses__()):
        auto.from_pretrained = classmethod(_auto_model(loads))  # each class has a copy of its own
    owner: Any
    own = [getattr(transformers, name, None) for name in ("CLIPVisionConfig", "SiglipVisionConfig", "CLIPConfig", "SiglipConfig")]
    owners = [each for each in own if each is not None and "from_pretrained" in vars(each)]
    for owner in (transformers.AutoConfig, transformers.PretrainedConfig, *owners):
        owner.from_pretrained = classmethod(_config(loads, owner.from_pretrained.__func__))
    for owner in (transformers.AutoTokenizer, transformers.PreTrainedTokenizerBase):
        owner.from_pretrained = classmethod(_or_stand_in(owner.from_pretrained.__func__, Tokenizer, loads))
    for each in ("AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "ProcessorMixin", "ImageProcessingMixin",
                 "CLIPImageProcessor", "GenerationConfig"):  # fmt: skip
        owner = getattr(transformers, each, None)
        if owner is not None:
            owner.from_pretrained = classmethod(_or_stand_in(owner.from_pretrained.__func__, _Processor, loads))


def _missing_backends() -> None:
    """Classes that need a package which is not here load as stand-ins; so does the check of bitsandbytes' release."""
    import transformers
    from transformers.utils import import_utils

    dummy: Any = import_utils.DummyObject
    original = dummy.__getattribute__

    def get(cls: Any, name: str) -> Any:
        if name == "from_pretrained":
            return lambda *_, **__: Tokenizer() if "Token" in cls.__name__ else _Processor()
        return original(cls, name)

    dummy.__getattribute__ = get
    for owner, check in ((transformers.BitsAndBytesConfig, "post_init"), (import_module("transformers.utils.versions"), "require_version")):
        setattr(owner, check, _unless_missing(getattr(owner, check)))


def _unless_missing(check: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*given: Any, **keywords: Any) -> Any:
        with suppress(PackageNotFoundError):
            return check(*given, **keywords)

    return checked


class _Processor(StandIn):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.tokenizer = Tokenizer()


def _or_stand_in(original: Callable[..., Any], stand_in: type[StandIn], loads: Loads) -> Callable[..., Any]:
    def from_pretrained(cls: Any, name: Any, *given: Any, **keywords: Any) -> Any:
        try:
            return original(cls, name, *given, **keywords)
        except Exception:  # no such files, no network, a package that reads them is missing
            loads.note(f"`{cls.__name__}` of `{name}` is not at hand: a stand-in", doubtful=False)
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
            if not getattr(config, "architectures", None):
                config.architectures = _architectures(raw.type)
            return (config, {}) if keywords.get("return_unused_kwargs") else config

    return from_pretrained


def _plain_config(raw: RawConfig) -> Any:
    import transformers

    values = {key: value for key, value in raw.values.items() if key not in ("auto_map", "model_type")}
    vision = values.get("vision_config")
    if isinstance(vision, dict):  # MiniCPM-V's config repeats it
        values.setdefault("patch_size", vision.get("patch_size", 14))
    return transformers.PretrainedConfig(**values)


def _architectures(kind: str) -> list[str] | None:
    """The class that a checkpoint of a type names, where its config is a shipped one without it."""
    from transformers.models.auto import modeling_auto

    for table in ("MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES", "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"):
        found = getattr(modeling_auto, table, {}).get(kind)
        if found:
            return [found if isinstance(found, str) else found[0]]
    return None


def _raw(loads: Loads, name: str) -> RawConfig:
    """The config of a model that the script names. Raises `DryRunProblem`."""
    tower = tower_config(name)
    if tower is not None and not os.path.isdir(name):
        return RawConfig(tower, f"the known tower {name}", "", name)
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
        found = _own_class(loads, cls, config, str(name)) or cls._model_mapping.get(type(config), None)
        if found is None:
            return _skeleton(loads, cls, str(name), keywords)
        model_class = found[0] if isinstance(found, (list, tuple)) else found
        return _made(loads, model_class, config, str(name), keywords)

    return from_pretrained


def _own_class(loads: Loads, cls: Any, config: Any, name: str) -> Any:
    """The class that the model's own code names for an Auto class, where that code is at hand and may run; None otherwise."""
    named = getattr(config, "auto_map", None) or {}
    if not loads.request.options.trust_remote_code or cls.__name__ not in named or not os.path.isdir(name):
        return None
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    try:
        with own_packages(False, loads.assumptions):
            return get_class_from_dynamic_module(named[cls.__name__], name)
    except Exception as error:
        raise own_code_failed(name, error) from None


def _skeleton(loads: Loads, cls: Any, name: str, keywords: dict[str, Any]) -> Any:
    """A model whose code is not in transformers, from the names and shapes that lintune has. Raises `DryRunProblem`."""
    raw = _raw(loads, name)
    made: Any = skeleton_of(raw)
    if made is None:
        raise DryRunProblem("unknown-architecture", f"`{name}` ({raw.type}) needs model code of its own, which is not at hand")
    loads.assumptions.append(f"`{name}` is model code of its own: built from the names and shapes that lintune ships")
    _remember(loads, cls.__name__, name, keywords)
    return _as_loaded(made, raw, name)


def _as_loaded(made: Any, raw: RawConfig, name: str) -> Any:
    """A skeleton with what scripts call of a model before they train it."""
    made.config, made.name_or_path = _plain_config(raw), name
    made.generation_config, made.dtype, made.device = StandIn(), torch.bfloat16, torch.device("meta")
    for method in ("enable_input_require_grads", "gradient_checkpointing_enable", "gradient_checkpointing_disable", "tie_weights",
                   "resize_token_embeddings", "prepare_inputs_for_generation",
                   "_prepare_encoder_decoder_kwargs_for_generation"):  # fmt: skip
        setattr(made, method, lambda *_, **__: made.get_input_embeddings())
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
        for layer in model.modules():
            if isinstance(layer, QuantisedLinear):  # PEFT asks bitsandbytes' weights for it
                layer.weight.compress_statistics, layer.weight.quant_type = double, "nf4"
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
