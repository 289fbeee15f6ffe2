"""From config values to transformers' config object and the class that the launch would build."""

from typing import Any

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request
from lintune.dryrun.raw_config import GIVE_ONE, RawConfig

GENERATIVE = ("AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM")
OTHERS = ("AutoModelForMaskedLM", "AutoModel")
CLASSIFIER = "AutoModelForSequenceClassification"
CLASSIFYING = {"cls", "seq_cls", "sequence_classification", "rm", "reward", "prm"}
"""Values of `task.stage` that put a classification head on the model."""
_NOT_BUILT_FROM = ("quantization_config", "auto_map")


def native(model_type: str) -> bool:
    """Whether transformers itself has the type, so that no remote code is needed."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return model_type in CONFIG_MAPPING


def native_config(raw: RawConfig) -> Any:
    """The config object. A quantisation of the stored weights is left out: it says nothing of the parameters.

    Raises `DryRunProblem` (`bad-config`) where transformers refuses the values.
    """
    import transformers

    values = {name: value for name, value in raw.values.items() if name not in (*_NOT_BUILT_FROM, "model_type")}
    contradiction = contradiction_in(raw.values)
    if contradiction:
        raise DryRunProblem("bad-config", f"{raw.source} contradicts itself: {contradiction}", "correct the config.json")
    try:
        config = transformers.AutoConfig.for_model(raw.type, **values)
    except Exception as error:  # every release refuses in its own way
        raise DryRunProblem("bad-config", f"{raw.source} is refused: {said(error)}", "correct the config.json") from None
    if isinstance(raw.values.get("architectures"), list):
        config.architectures = raw.values["architectures"]
    return config


def remote_config(raw: RawConfig) -> Any:
    """The config object of a model whose code lies in its folder; runs that code. Raises `DryRunProblem`."""
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(raw.folder, trust_remote_code=True)
    except Exception as error:
        raise DryRunProblem("bad-config", f"the model code in `{raw.folder}` failed: {said(error)}", GIVE_ONE) from None
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    return config


def said(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def contradiction_in(values: dict[str, Any], where: str = "") -> str:
    """What no model of these sizes can be, as a sentence; empty where nothing is wrong. Nested configs are looked into."""
    for name, value in values.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 0 and name in _SIZES:
            return f"`{where}{name}` is {value}"
    heads, keys, hidden = (_whole(values.get(name)) for name in ("num_attention_heads", "num_key_value_heads", "hidden_size"))
    if heads and keys and heads % keys:
        return f"`{where}num_attention_heads` ({heads}) is no multiple of `num_key_value_heads` ({keys})"
    if heads and hidden and hidden % heads and not _whole(values.get("head_dim")) and "kv_lora_rank" not in values:
        return f"`{where}hidden_size` ({hidden}) is no multiple of `num_attention_heads` ({heads})"
    kinds, layers = values.get("layer_types"), _whole(values.get("num_hidden_layers"))
    if isinstance(kinds, list) and layers and len(kinds) != layers:
        return f"`{where}layer_types` names {len(kinds)} layers, `num_hidden_layers` says {layers}"
    for name in ("text_config", "vision_config", "llm_config", "audio_config"):
        nested = values.get(name)
        if isinstance(nested, dict) and (found := contradiction_in(nested, f"{name}.")):
            return found
    return ""


_SIZES = {
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "vocab_size", "head_dim",
    "num_experts", "depth", "embed_dim", "patch_size", "image_size",
}  # fmt: skip


def _whole(value: Any) -> int:
    """A positive whole number; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def classifies(request: Request) -> bool:
    """Whether the task puts a classification head on the model. LLaMA-Factory's reward models keep the language model's head."""
    return request.values.get("task.stage") in CLASSIFYING and request.framework != "llamafactory"


def wanted_classes(request: Request) -> tuple[str, ...]:
    """Auto classes in the order in which they are tried; a type without a classifier is built as it generates."""
    return (*((CLASSIFIER,) if classifies(request) else ()), *GENERATIVE, *OTHERS)


def labels(request: Request) -> int:
    """Outputs of the classification head: one for a reward model, as many classes as the run says, else two."""
    if request.values.get("task.stage") in ("rm", "reward"):
        return 1
    given = request.values.get("flag.num_labels", request.values.get("task.num_labels"))
    return given if isinstance(given, int) and given > 0 else 2


def class_for(request: Request, config: Any, remote: bool) -> Any:
    """The Auto class that builds the run's model. Raises `DryRunProblem` (`unknown-architecture`)."""
    import transformers

    for name in wanted_classes(request):
        auto = getattr(transformers, name, None)
        if auto is None:
            continue
        if remote and name in (getattr(config, "auto_map", None) or {}):
            return auto
        if not remote and type(config) in auto._model_mapping:
            return auto
    kind = getattr(config, "model_type", "?")
    raise DryRunProblem(
        "unknown-architecture", f"transformers {transformers.__version__} has no model of type `{kind}` for this task",
        "upgrade transformers in the interpreter of the dry run, or give another one with `--env PYTHON`",
    )  # fmt: skip
