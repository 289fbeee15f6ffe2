"""How a script loads its model with the options of a launch, from the walk through it: type, attention, quantisation, placement."""

from functools import partial
from typing import TYPE_CHECKING

from lintune.frameworks.script_walk import trace_of
from lintune.run.run import Run
from lintune.values.value import Absent, Known, Step, Unknown, Value

if TYPE_CHECKING:
    from lintune.scripts.walk.trace import Call, ScriptTrace

_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32"}
_BESIDE = ("Tokenizer", "Processor", "Config", "Extractor", "TokenizerFast", "ImageProcessor")
_QUANT = (("model.quant.type", "bnb_4bit_quant_type"), ("model.quant.double", "bnb_4bit_use_double_quant"))


def add_walked_calls(run: Run) -> None:
    """Set `model.load_dtype`, `model.attn` and `model.quant.*` where nothing else did, to be found when they are asked for."""
    if run.walk is None:
        return
    for name, keywords in (("model.load_dtype", ("torch_dtype", "dtype")), ("model.attn", ("attn_implementation",))):
        if name not in run.values:
            run.pending.setdefault(name, partial(_loaded, run, keywords))
    if "model.quant.method" not in run.values:
        run.pending.setdefault("model.quant.method", partial(_method, run))
        run.pending.setdefault("model.quant.bits", partial(_bits, run))
        for name, keyword in _QUANT:
            run.pending.setdefault(name, partial(_quant, run, keyword))


def walked_device_map(run: Run) -> Value | None:
    """The `device_map` of the loading calls that are reached; None where no walk tells."""
    trace = trace_of(run)
    loads = _loads(trace) if trace is not None else []
    if not loads:
        return None
    found = [
        each.keywords.get("device_map", Absent() if each.complete else Unknown("it may be among keywords that are not known"))
        for each in loads
    ]
    placed = [value for value in found if not isinstance(value, Absent)]
    if not placed:
        return Absent() if all(each.certain for each in loads) else None
    value = placed[0]
    if isinstance(value, Known) and isinstance(value.value, str):
        return value if all(each.certain for each in loads) else Unknown("the device map depends on conditions of the script", value.origin)
    # a mapping names modules or the whole model
    call = next(each for each in loads if "device_map" in each.keywords or not each.complete)
    return (
        Known("placed", value.origin)
        if call.certain and "device_map" in call.keywords
        else Unknown("the device map is not known", value.origin)
    )


def walked_groups(run: Run) -> Value:
    """Whether the Trainer that the script makes builds optimizer groups of its own (`create_optimizer`)."""
    trace = trace_of(run)
    made = trace.trainers if trace is not None else ()
    found = {each.groups for each in made}
    if len(found) != 1 or None in found:
        return Unknown("the trainer was not found in the project" if not made else "which trainer is made is not known")
    return Known(found.pop(), tuple(Step("script", each.site) for each in made[:1]))


def _loads(trace: "ScriptTrace") -> "list[Call]":
    return [
        each for each in trace.loads if each.last == "from_pretrained" and not each.name.removesuffix(".from_pretrained").endswith(_BESIDE)
    ]


def _loaded(run: Run, keywords: tuple[str, ...]) -> Value:
    trace = trace_of(run)
    loads = _loads(trace) if trace is not None else []
    if len(loads) != 1 or not loads[0].certain:
        return Absent() if not loads else Unknown("the script loads more than one model")
    call = loads[0]
    value = next((call.keywords[name] for name in keywords if name in call.keywords), None)
    if value is None:
        return Absent() if call.complete else Unknown("it may be among keywords that are not known")
    if isinstance(value, Known) and isinstance(value.value, str):
        return Known(_DTYPES.get(value.value, value.value), value.origin)
    return value


def _config(run: Run) -> "Call | None":
    trace = trace_of(run)
    made = [each for each in trace.loads if each.last == "BitsAndBytesConfig"] if trace is not None else []
    return made[0] if len(made) == 1 and made[0].certain else None


def _method(run: Run) -> Value:
    call = _config(run)
    bits = _bits(run)
    if call is None or not isinstance(bits, Known):
        return bits if isinstance(bits, Unknown) else Absent()
    return Known("bnb", bits.origin)


def _bits(run: Run) -> Value:
    call = _config(run)
    if call is None:
        return Absent()
    for keyword, bits in (("load_in_4bit", 4), ("load_in_8bit", 8)):
        value = call.keywords.get(keyword, Absent())
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Known) and value.value is True:
            return Known(bits, value.origin)
    return Absent()


def _quant(run: Run, keyword: str) -> Value:
    call = _config(run)
    bits = _bits(run)
    if call is None or not isinstance(bits, Known) or bits.value != 4:
        return Absent()
    return call.keywords.get(keyword, Absent())
