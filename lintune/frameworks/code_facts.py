"""What the calls beside a training configuration say of the run: the model as it is loaded, quantisation, adapters."""

import re
from collections.abc import Iterable

from lintune.frameworks.code_config import CodeConfig, undecided
from lintune.frameworks.inventory import Part
from lintune.frameworks.trainer_settings import written
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import truth
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.scripts.calls import LibraryCall
from lintune.values.value import Absent, Known, Step, Unknown, Value

_MODEL = re.compile(
    r"(?:transformers|trl)\.(?!Auto(?:Tokenizer|Processor|Config|FeatureExtractor|ImageProcessor)\.)\w*(?:Model|For[A-Z])\w*\.from_pretrained$"
)
_UNSLOTH = re.compile(r"unsloth\.\w+\.from_pretrained$")
_UNSLOTH_PEFT = re.compile(r"unsloth\.\w+\.get_peft_model$")
_SECOND = re.compile(r"(?i)ref|teacher|reward|critic|value|judge|eval|base_model_2")
_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32"}
_KINDS = {"LoraConfig": "lora", "AdaLoraConfig": "adalora"}
_UNSLOTH_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_ADAPTER_WORDS = re.compile(r"(?i)peft|lora|adapter|unsloth|get_peft|prompt_tuning|prefix")
_FREEZES = re.compile(r"(?i)requires_grad|freez|LISA|galore")
_PLAIN = frozenset(
    (
        "os",
        "sys",
        "math",
        "json",
        "random",
        "time",
        "re",
        "logging",
        "typing",
        "dataclasses",
        "pathlib",
        "functools",
        "collections",
        "itertools",
        "datetime",
        "warnings",
        "copy",
        "glob",
        "gc",
        "torch",
        "transformers",
        "datasets",
        "trl",
        "accelerate",
        "bitsandbytes",
        "numpy",
        "pandas",
        "evaluate",
        "wandb",
        "tqdm",
        "sklearn",
        "argparse",
        "huggingface_hub",
        "matplotlib",
        "__future__",
    )
)
"""Imports that put no adapter on a model and freeze nothing."""


def add_facts(run: Run, code: CodeConfig) -> None:
    """Fill `model.*`, `adapter.*` and `tune.*` as far as the calls tell."""
    text = code.file.source.text
    closed = all(dotted.partition(".")[0] in _PLAIN for dotted in code.file.names.imports.values())
    model = _one(code, (call for call in code.file.calls if _MODEL.match(call.dotted) or _UNSLOTH.match(call.dotted)))
    if model is None and not (closed and not any(call.name.endswith("Trainer") for call in code.file.calls)):
        model = Unknown("the model is not loaded in this file")
    _add_model(run, model)
    _add_quantisation(run, code, model)
    if isinstance(model, LibraryCall) and any(_UNSLOTH_PEFT.match(call.dotted) for call in code.file.calls):
        run.values["adapter.full_finetuning"] = model.value("full_finetuning")
    _add_adapter(run, code, closed and not _ADAPTER_WORDS.search(text))
    why = Unknown("which parts are trained is decided by the script's code")
    run.unread["tune"] = why
    kind = run.get("adapter.kind")
    if not isinstance(kind, Known) or kind.value not in ("lora", "none"):
        return
    if kind.value == "lora" and (_FREEZES.search(text) or not isinstance(model, LibraryCall)):
        run.values["tune.llm.mode"] = along("lora", kind.origin)
    elif not _FREEZES.search(text) and isinstance(model, LibraryCall):
        _add_tuning(run, code, kind)


def _add_tuning(run: Run, code: CodeConfig, kind: Value) -> None:
    """The trained set where nothing but the adapter decides it; Unsloth's models have switches for the tower and the decoder."""
    targets = run.get("adapter.targets")
    frozen: dict[Part, Value] = {}
    made = [call for call in code.file.calls if _UNSLOTH_PEFT.match(call.dotted)]
    if made and len(made) == 1:
        seen, read = made[0].value("finetune_vision_layers"), made[0].value("finetune_language_layers")
        frozen = {"vision": _not(seen), "projector": _not(seen), "llm": _not(read)}
        if isinstance(targets, Absent):
            language = "FastLanguageModel" in made[0].dotted
            default = (Step("default", None, "default of unsloth"),)
            targets = Known(_UNSLOTH_TARGETS, default) if language else Known("all-linear", default)
    method = Method(kind, targets, run.get("adapter.modules_to_save"), {part: value for part, value in frozen.items() if written(value)})
    add_whole_model(run, method, "the adapter decides alone")


def _not(switch: Value) -> Value:
    on = truth(switch)
    return switch if on is None or isinstance(switch, Absent) else along(not on, switch.origin)


def _one(code: CodeConfig, calls: Iterable[LibraryCall]) -> LibraryCall | Unknown | None:
    """The one call that counts; unknown where several may."""
    found = code.near(calls)
    first = [call for call in found if not _SECOND.search(call.target)] or found
    if not first:
        return None
    if len(first) > 1:
        before = [call for call in first if call.site.span.start < code.config.site.span.start]
        # what is loaded after the configuration, to try the result, is not what was trained
        first = before if all(call.scope is code.config.scope for call in first) and len(before) == 1 else first
    if len(first) > 1:
        return undecided("the script loads more than one model", first[0])
    return first[0] if first[0].certain else undecided("it depends on conditions of the script", first[0])


def _add_model(run: Run, model: LibraryCall | Unknown | None) -> None:
    if model is None:
        return
    if not isinstance(model, LibraryCall):
        for name in ("model.id", "model.attn", "model.load_dtype", "precision.weights"):
            run.values[name] = model
        return
    unsloth = model.dotted.startswith("unsloth.")
    given = "model_name" if unsloth and "model_name" in model.arguments else "pretrained_model_name_or_path"
    run.values["model.id"] = model.value(given)
    run.values["model.loader"] = Known(model.dotted, (Step("script", model.site),))
    run.values["model.load_dtype"] = dtype = _dtype(model)
    ungiven = Unknown("the type in which the weights are loaded is not given")
    run.values["precision.weights"] = dtype if isinstance(dtype, Known) else ungiven
    run.values["model.attn"] = _attention(model)
    if unsloth:
        _add_unsloth_types(run, dtype)
        run.values["mem.unsloth"] = Known(True, (Step("script", model.site),))
        run.values["seq.max_len"] = model.value("max_seq_length")


def _add_unsloth_types(run: Run, dtype: Value) -> None:
    """Unsloth loads in the type that the card prefers, and trains in it, unless the script says otherwise."""
    chosen = Unknown("Unsloth chooses the type by the card")
    if isinstance(dtype, Absent):
        run.values["model.load_dtype"] = run.values["precision.weights"] = chosen
    if not any(written(run.get(f"flag.{name}")) for name in ("bf16", "fp16")):
        run.values["precision.compute"] = chosen


def _dtype(model: LibraryCall) -> Value:
    value = model.value("dtype") if "dtype" in model.arguments else model.value("torch_dtype")
    if isinstance(value, Known) and isinstance(value.value, str):
        known = _DTYPES.get(value.value.removeprefix("torch."))
        return along(known, value.origin) if known else Unknown("the type is that of the checkpoint", value.origin)
    return value


def _attention(model: LibraryCall) -> Value:
    old = model.value("use_flash_attention_2")
    if truth(old) is True:
        return along("flash_attention_2", old.origin)
    return model.value("attn_implementation")


def _add_quantisation(run: Run, code: CodeConfig, model: LibraryCall | Unknown | None) -> None:
    """`model.quant.*` from a `BitsAndBytesConfig` that the loading call gets, or from its own `load_in_4bit`."""
    if model is None:
        return
    if not isinstance(model, LibraryCall):
        run.unread["model.quant"] = model
        return
    if model.open_ended:
        run.unread["model.quant"] = Unknown(model.open_ended)
        return
    source: LibraryCall = model
    given = model.value("quantization_config")
    if not isinstance(given, Absent):
        configs = code.near(call for call in code.file.calls if call.dotted == "transformers.BitsAndBytesConfig")
        made = model.arguments["quantization_config"].made if "quantization_config" in model.arguments else ""
        if len(configs) != 1 or not configs[0].certain or made != "transformers.BitsAndBytesConfig":
            run.unread["model.quant"] = undecided("the quantisation depends on the script", model)
            return
        source = configs[0]
    for bits, name in ((4, "load_in_4bit"), (8, "load_in_8bit")):
        value = source.value(name)
        if truth(value) is True:
            run.values["model.quant.bits"] = along(bits, value.origin)
            run.values["model.quant.method"] = along("bnb", value.origin)
        elif isinstance(value, Unknown):
            run.unread["model.quant"] = value
    run.values["model.quant.type"] = source.value("bnb_4bit_quant_type")
    run.values["model.quant.double"] = source.value("bnb_4bit_use_double_quant")
    if model.dotted.startswith("unsloth.") and not model.arguments.keys() & {"load_in_4bit", "load_in_8bit", "full_finetuning"}:
        run.values["model.quant.bits"] = Known(4, (Step("default", None, "default of unsloth"),))
        run.values["model.quant.method"] = Known("bnb", (Step("default", None, "default of unsloth"),))


def _add_adapter(run: Run, code: CodeConfig, certainly_none: bool) -> None:
    """`adapter.*` from the configuration of the adapter and the call that puts it on the model."""
    made = code.near(call for call in code.file.calls if _UNSLOTH_PEFT.match(call.dotted))
    configs = made or code.near(call for call in code.file.calls if call.dotted.startswith("peft.") and call.name.endswith("Config"))
    wrapped = [call for call in code.file.calls if call.dotted == "peft.get_peft_model"]
    used = made or wrapped or [call for call in code.file.calls if "peft_config" in call.arguments or call.name == "add_adapter"]
    if certainly_none:
        run.values["adapter.kind"] = derived("none", "the script puts no adapter on the model", run.get("model.loader"))
        return
    if len(configs) != 1 or not configs[0].certain or not used or not all(call.certain for call in used):
        run.unread["adapter"] = undecided("the adapter is decided by the script's code", configs[0] if configs else None)
        return
    config = configs[0]
    origin = (Step("script", config.site),)
    run.values["adapter.kind"] = Known("lora" if made else _KINDS.get(config.name, config.name.removesuffix("Config").lower()), origin)
    if wrapped or made:
        run.values["adapter.wrapped"] = Known(True, (Step("script", (wrapped or made)[0].site),))
    for name, keyword, default in (
        ("adapter.rank", "r", 16 if made else 8),
        ("adapter.alpha", "lora_alpha", 16 if made else 8),
        ("adapter.dropout", "lora_dropout", 0.0),
    ):
        value = config.value(keyword)
        origin = (Step("default", None, "default of unsloth" if made else "default of peft"),)
        run.values[name] = Known(default, origin) if isinstance(value, Absent) else value
    for name, keyword in (
        ("adapter.targets", "target_modules"),
        ("adapter.modules_to_save", "modules_to_save"),
        ("adapter.bias", "bias"),
        ("adapter.layers", "layers_to_transform"),
    ):
        run.values[name] = config.value(keyword)
