"""The run's model on the meta device: config, class, freezing, quantised layers, adapter. No weights, no network."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from lintune.dryrun.adapter import AdapterReport, kind_of, put_on
from lintune.dryrun.auto_class import (
    CLASSIFIER,
    CLASSIFYING,
    CORRECT,
    class_for,
    classifies,
    labels,
    native,
    native_config,
    own_code_failed,
    remote_config,
    said,
)
from lintune.dryrun.freezing import freeze, modes_of, thaw, unclear
from lintune.dryrun.own_packages import own_packages
from lintune.dryrun.parts import ends_of, part_of
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request
from lintune.dryrun.raw_config import RawConfig, raw_config
from lintune.dryrun.unfilled import unfilled
from lintune.models.config_file import MOST_PARAMS

_TYPES = {"bf16": "bfloat16", "bfloat16": "bfloat16", "fp16": "float16", "float16": "float16", "half": "float16", "fp32": "float32",
          "float32": "float32", "float": "float32", "16-bit": "bfloat16", "32-bit": "float32"}  # fmt: skip


@dataclass(slots=True)
class BuiltModel:
    """What was built."""

    model: Any
    """The module on the meta device: the base model, or PEFT's model around it."""
    config: Any
    """Its config object; None where the model was made from an inventory."""
    modes: dict[str, str]
    """How each part is trained."""
    embeds: frozenset[str]
    """Names of the input embedding's module in the base model."""
    heads: frozenset[str]
    """Names of the output head's module in the base model."""
    adapter: AdapterReport
    assumptions: list[str] = field(default_factory=list)
    source: str = ""
    """Where the config came from."""
    skeleton: bool = False
    """Whether it has names and shapes only, so that it can be counted and not run."""

    unclear: list[str] = field(default_factory=list)
    """Parts of which it is not known what is trained: no count of trained parameters can be right."""

    def part_of(self, name: str) -> str:
        """The part of a parameter or module, also of one that the adapter made or wrapped."""
        return part_of(name, self.embeds, self.heads)


def build_model(request: Request, runnable: bool = True) -> BuiltModel:
    """The model of a request. `runnable`: a model that has names and shapes only will not do. Raises `DryRunProblem`."""
    with unfilled():
        return _built(request, runnable)


def _built(request: Request, runnable: bool) -> BuiltModel:
    raw = raw_config(request)
    assumptions: list[str] = []
    with own_packages(runnable, assumptions) if request.options.trust_remote_code else nullcontext():
        base, config = base_model(request, raw, runnable, assumptions)
    ends = ends_of(base)
    there = {part_of(name, *ends) for name, _ in base.named_parameters()}
    modes = modes_of(request, kind_of(request) != "none", assumptions, there)
    freeze(base, modes, *ends)
    _quantise(base, request, raw, assumptions)
    model, report = put_on(base, request, modes, ends)
    if report.applied:
        thaw(model, modes, *ends)
    open_parts = unclear(request, modes, there)
    return BuiltModel(model, config, modes, *ends, report, assumptions, raw.source, config is None, open_parts)


def base_model(request: Request, raw: RawConfig, runnable: bool, assumptions: list[str]) -> tuple[Any, Any]:
    """The model without adapter, and its config object; (skeleton, None) where only names and shapes are known."""
    config, remote = config_object(request, raw)
    if config is not None:
        return instantiated(request, config, remote, assumptions)
    from lintune.dryrun.skeleton import skeleton_of
    from lintune.dryrun.trace.replicas.catalogue import replica_of

    replica = replica_of(raw, dtype_of(request, assumptions))
    if replica is not None:
        return replica, replica.config
    made = None if runnable else skeleton_of(raw)
    if made is not None:
        assumptions.append(f"`{raw.type}` is model code of its own: counted from the names and shapes that lintune ships")
        return made, None
    raise not_buildable(raw)


def config_object(request: Request, raw: RawConfig) -> tuple[Any, bool]:
    """The config object, and whether its class is code of the model's own; (None, False) where no class is at hand."""
    if not raw.type:
        raise DryRunProblem("bad-config", f"{raw.source} has no `model_type`", CORRECT)
    if native(raw.type):
        return native_config(raw), False
    if raw.values.get("auto_map") and raw.folder and request.options.trust_remote_code:
        return remote_config(raw), True
    return None, False


def not_buildable(raw: RawConfig) -> DryRunProblem:
    """Why there is no class for a config."""
    if raw.values.get("auto_map") and raw.folder:
        return DryRunProblem(
            "remote-code", f"`{raw.type}` needs the Python code in `{raw.folder}`, which is not run unasked",
            "read it, then allow it with `--trust-remote-code`",
        )  # fmt: skip
    import transformers

    return DryRunProblem(
        "unknown-architecture", f"transformers {transformers.__version__} has no model of type `{raw.type}`",
        "upgrade transformers, give another interpreter with `--env PYTHON`, or download the model's folder with its code",
    )  # fmt: skip


def instantiated(request: Request, config: Any, remote: bool, assumptions: list[str], device: str = "meta") -> tuple[Any, Any]:
    """The model of a config object, on the meta device or with random weights on another.

    Raises `DryRunProblem` (`bad-config`) where its class fails.
    """
    import torch

    if classifies(request):
        config.num_labels = labels(request)
    auto = class_for(request, config, remote)
    if request.values.get("task.stage") in CLASSIFYING and auto.__name__ != CLASSIFIER:
        assumptions.append("the head of the classifier or reward model is not counted: the model is built as it generates")
    dtype = dtype_of(request, assumptions)
    more: dict[str, Any] = {"trust_remote_code": True} if remote else {}
    try:
        with torch.device(device):
            model = _made(auto, config, dtype, request, more)
    except Exception as error:  # whatever the model's own code raises
        if remote:
            raise own_code_failed(str(getattr(config, "name_or_path", "")), error) from None
        raise DryRunProblem("bad-config", f"`{auto.__name__}` cannot build this config: {said(error, config.to_dict())}", CORRECT) from None
    model.tie_weights()
    size = sum(each.numel() for each in model.parameters())
    if not 0 < size < MOST_PARAMS:
        raise DryRunProblem("bad-config", f"a model of these sizes has {size:.3g} parameters, as none has", CORRECT)
    return model, model.config


def _made(auto: Any, config: Any, dtype: Any, request: Request, more: dict[str, Any]) -> Any:
    """Built with scaled-dot-product attention where the class has it; which kernel really runs is the trace's business."""
    wanted = "eager" if request.values.get("model.attn") == "eager" else "sdpa"
    try:
        return auto.from_config(config, dtype=dtype, attn_implementation=wanted, **more)
    except (ValueError, ImportError, TypeError):
        return auto.from_config(config, **{_dtype_keyword(): dtype}, attn_implementation="eager", **more)


def _dtype_keyword() -> str:
    import transformers

    return "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"


def dtype_of(request: Request, assumptions: list[str]) -> Any:
    """The type that the weights are loaded in."""
    import torch

    for name in ("model.load_dtype", "precision.weights"):
        given = request.values.get(name)
        if isinstance(given, str) and given.removeprefix("torch.") in _TYPES:
            return getattr(torch, _TYPES[given.removeprefix("torch.")])
    compute = request.values.get("precision.compute")
    if compute in ("bf16", "fp16"):
        assumptions.append(f"the type of the weights is not known: {compute}, in which is computed, is taken")
        return getattr(torch, _TYPES[str(compute)])
    assumptions.append("the type of the weights is not known: fp32 is taken")
    return torch.float32


def quantisation_of(request: Request) -> tuple[int, bool]:
    """Bits of the base weights under bitsandbytes, and whether the constants are quantised again; 0 bits: not quantised."""
    method, bits = request.values.get("model.quant.method"), request.values.get("model.quant.bits")
    named = method.lower() if isinstance(method, str) else ""
    if named in ("none", "no") or (not named and bits not in (4, 8)):
        return 0, False
    if named and not named.startswith(("bnb", "bitsandbytes")):
        return 0, False
    return (8 if bits == 8 else 4), request.values.get("model.quant.double") is True


def _quantise(model: Any, request: Request, raw: RawConfig, assumptions: list[str]) -> None:
    bits, double = quantisation_of(request)
    method = request.values.get("model.quant.method")
    if not bits and isinstance(method, str) and method.lower() in ("gptq", "awq"):
        from lintune.dryrun.trace.gptq import pack

        packed = request.values.get("model.quant.bits")
        assumptions.append(f"{pack(model, packed if isinstance(packed, int) else 4)} linear layers are taken as {method} packs them")
        return
    stored = raw.values.get("quantization_config")
    if not bits and isinstance(stored, dict):
        assumptions.append(f"the stored weights are quantised ({stored.get('quant_method', 'some way')}): built as if they were not")
    if not bits:
        return
    from lintune.dryrun.quantised import not_converted, quantise

    count = quantise(model, bits, double, not_converted(model))
    assumptions.append(f"{count} linear layers are taken as bitsandbytes would pack them ({bits} bits)")
