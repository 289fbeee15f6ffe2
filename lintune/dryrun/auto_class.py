"""From config values to transformers' config object and the class that the launch would build."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request
from lintune.dryrun.raw_config import RawConfig
from lintune.models.contradictions import contradictions

CORRECT = "correct the config.json, or copy the one that belongs to the weights"
GENERATIVE = ("AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModelForVision2Seq", "AutoModelForCausalLM",
              "AutoModelForSeq2SeqLM")  # fmt: skip
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
    for _, contradiction in contradictions(raw.values):
        raise DryRunProblem("bad-config", f"{raw.source} does not hold: {contradiction}", CORRECT)
    try:
        config = transformers.AutoConfig.for_model(raw.type, **values)
    except Exception as error:  # every release refuses in its own way
        raise DryRunProblem("bad-config", f"{raw.source} is refused: {said(error, raw.values)}", CORRECT) from None
    if isinstance(raw.values.get("architectures"), list):
        config.architectures = raw.values["architectures"]
    return config


def remote_config(raw: RawConfig) -> Any:
    """The config object of a model whose code lies in its folder; runs that code. Raises `DryRunProblem`."""
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(raw.folder, trust_remote_code=True)
    except Exception as error:
        raise own_code_failed(raw.folder, error) from None
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    return config


def own_code_failed(folder: str, error: Exception) -> DryRunProblem:
    """Model code that raised. That says nothing of the launch, whose packages may be others."""
    message = f"the model code in `{folder}` raises {type(error).__name__}: {said(error)}"
    if isinstance(error, ImportError):
        return DryRunProblem("remote-code", message, "install what it needs, or name an interpreter that has it with `--env PYTHON`")
    return DryRunProblem("remote-code", message, "give an interpreter with the packages that it was written for with `--env PYTHON`")


def said(error: BaseException, values: Mapping[str, Any] | None = None) -> str:
    """An exception in one line; `values`: of a config, of which those that the exception names are named with their keys."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, KeyError):
        text = f"nothing is called {text}"
    blamed = [f"`{name}` is `{value}`" for name, value in _texts(values or {}) if re.search(rf"\b{re.escape(value)}\b", text)]
    return f"{text} ({', '.join(blamed[:2])})" if blamed else text


def _texts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words that a config holds, with their keys; nested configs are looked into."""
    for name, value in values.items():
        if isinstance(value, str) and value.isprintable() and 2 < len(value) < 60 and name not in ("model_type", "transformers_version"):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _texts(value)


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
