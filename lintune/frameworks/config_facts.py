"""What the config.json at hand says of a run's model, in the common vocabulary; loaded only where there is one."""

from collections.abc import Iterator, Mapping

from lintune.frameworks.block_classes import block_class_of
from lintune.models.config_file import ConfigAtHand
from lintune.models.reading import mapping, normalised
from lintune.models.remote import adapted
from lintune.run.run import Item, Run
from lintune.values.value import Data, Known, Step, Unknown, Value, site_of

_SHAPE = (
    ("hidden", "hidden_size"),
    ("layers", "num_hidden_layers"),
    ("heads", "num_attention_heads"),
    ("kv_heads", "num_key_value_heads"),
    ("intermediate", "intermediate_size"),
    ("vocab", "vocab_size"),
    ("max_positions", "max_position_embeddings"),
)
"""Facts of the language model by their names in the vocabulary and in Llama's config.json."""
_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
_METHODS = {"bitsandbytes": "bnb", "compressed-tensors": "compressed"}


def add_facts(run: Run, found: ConfigAtHand) -> None:
    """Let sizes, type, tied head, quantisation and block class be those of the file; what it does not tell is unknown."""
    run.values["model.config"] = Known(found.path, (*_origin(found), *run.get("model.id").origin))
    run.items["model.config_flaws"] = tuple(_items(run, found))
    if found.flaws:
        _forget(run, found)
        return
    _add_shape(run, found)
    _add_quantisation(run, found)
    block_class_of(run, found.values.get("model_type"), found.path)


def _origin(found: ConfigAtHand, key: str = "") -> tuple[Step, ...]:
    return (Step("model", note=f"{found.path} `{key}`" if key else found.path),)


def _items(run: Run, found: ConfigAtHand) -> Iterator[Item]:
    for flaw in found.flaws:
        fields: dict[str, Value] = {
            "kind": Known(flaw.kind),
            "message": Known(flaw.message),
            "path": Known(found.path),
            "line": Known(flaw.line),
        }
        yield Item(fields, site_of(run.get("model.id")))


def _forget(run: Run, found: ConfigAtHand) -> None:
    """What the table says of the model's shape does not hold of a model whose config.json says something else."""
    why = Unknown(found.why, run.get("model.id").origin, f"a whole {found.path}")
    for name in (*(name for name, _ in _SHAPE), "tied", "dtype", "vision_layers"):
        run.values[f"model.{name}"] = why
    block_class_of(run, None, found.path)


def _add_shape(run: Run, found: ConfigAtHand) -> None:
    values = normalised(adapted(found.values))
    inner = mapping(values, "text_config") or mapping(values, "llm_config")
    model = found.known.model if found.known is not None else None
    worked_out: dict[str, Data] = {}
    if model is not None:
        worked_out = {"hidden": model.llm.hidden, "layers": model.llm.depth, "vocab": model.vocab, "heads": model.llm.heads or None}
    for name, key in _SHAPE:
        value = inner.get(key, values.get(key))
        data = value if isinstance(value, int) and not isinstance(value, bool) else worked_out.get(name)
        if data is not None:
            run.values[f"model.{name}"] = Known(data, _origin(found, key))
        elif f"model.{name}" in run.values:
            run.values[f"model.{name}"] = Unknown(f"`{found.path}` leaves out `{key}`", _origin(found))
    if model is not None:
        run.values["model.tied"] = Known(model.tied, _origin(found, "tie_word_embeddings"))
        if "model.vision_layers" in run.values and model.vision is not None:
            run.values["model.vision_layers"] = Known(model.vision.stack.depth, _origin(found, "vision_config"))
    dtype = values.get("torch_dtype") or inner.get("torch_dtype")
    said = _DTYPES.get(dtype.removeprefix("torch.")) if isinstance(dtype, str) else None
    if said is not None:
        run.values["model.dtype"] = Known(said, _origin(found, "torch_dtype"))
    elif "model.dtype" in run.values:
        run.values["model.dtype"] = Unknown(f"`{found.path}` leaves out `torch_dtype`", _origin(found))


def _add_quantisation(run: Run, found: ConfigAtHand) -> None:
    """Weights that are quantised already: `from_pretrained` takes the file's settings, whatever else is asked for."""
    said = found.values.get("quantization_config")
    if not isinstance(said, Mapping) or not said:
        return
    method, origin = said.get("quant_method"), _origin(found, "quantization_config")
    four, eight = said.get("load_in_4bit") is True, said.get("load_in_8bit") is True
    if method is None and (four or eight):
        method = "bitsandbytes"
    run.values["model.prequantised"] = Known(True, origin)
    if not isinstance(method, str):
        run.values["model.quant.method"] = Unknown(f"the `quantization_config` of `{found.path}` names no method", origin)
        return
    name = _METHODS.get(method.lower(), method.lower())
    bits = said.get("bits") if isinstance(said.get("bits"), int) else 4 if four else 8 if eight or name == "fp8" else None
    run.values["model.quant.method"] = Known(name, origin)
    run.values["model.quant.bits"] = Known(bits, origin) if isinstance(bits, int) else Unknown(f"`{found.path}` names no bits", origin)
    if name == "bnb" and four:
        kind, double = said.get("bnb_4bit_quant_type", "fp4"), said.get("bnb_4bit_use_double_quant", False)
        run.values["model.quant.type"] = Known(str(kind), origin)
        run.values["model.quant.double"] = Known(double is True, origin)
