"""The run's model with real weights on a real device: random ones, or those of its folder."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from lintune.dryrun.adapter import AdapterReport, kind_of, put_on
from lintune.dryrun.build import config_object, instantiated, not_buildable, quantisation_of
from lintune.dryrun.freezing import freeze, modes_of, thaw
from lintune.dryrun.own_packages import own_packages
from lintune.dryrun.parts import ends_of, part_of
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request
from lintune.dryrun.raw_config import RawConfig, raw_config
from lintune.dryrun.step.shrink import fewer_layers, mend, shrink

MOST_ON_CPU = 400_000_000
"""Parameters of a shrunken model that one step on the CPU is tried with."""


@dataclass(slots=True)
class RealModel:
    """What is stepped."""

    model: Any
    config: Any
    modes: dict[str, str]
    ends: tuple[frozenset[str], frozenset[str]]
    adapter: AdapterReport
    assumptions: list[str] = field(default_factory=list)
    shrunken: list[str] = field(default_factory=list)
    """What was made smaller; empty where the model has its own size."""
    weights: str = "random"
    """`random` or `real`."""

    def part_of(self, name: str) -> str:
        """The part of a parameter."""
        return part_of(name, *self.ends)


def real_model(request: Request, device: str, small: bool) -> RealModel:
    """The model of a request on a device, frozen and with its adapter as the run says. Raises `DryRunProblem`."""
    raw = raw_config(request)
    assumptions: list[str] = []
    with own_packages(True, assumptions) if request.options.trust_remote_code else nullcontext():
        base, config, changes, weights = _base(request, raw, device, small, assumptions)
    mend(config)
    if weights == "random":
        _fill_zeros(base)
    ends = ends_of(base)
    modes = modes_of(request, kind_of(request) != "none", assumptions)
    freeze(base, modes, *ends)
    model, report = put_on(base, request, modes, ends, meta=False)
    if report.refused:
        raise DryRunProblem("bad-adapter", f"PEFT refuses the adapter: {report.refused}", "correct the adapter's targets")
    if report.applied:
        thaw(model, modes, *ends)
    return RealModel(model, config, modes, ends, report, assumptions, changes, weights)


def _fill_zeros(model: Any) -> None:
    """Matrices that a class leaves at zero until weights are loaded get random values: zeros would send gradients to infinity."""
    for parameter in model.parameters():
        if parameter.dim() > 1 and parameter.is_floating_point() and not bool(parameter.flatten()[:999].any() or parameter.any()):
            parameter.data.normal_(0.0, 0.02)


def _base(request: Request, raw: RawConfig, device: str, small: bool, assumptions: list[str]) -> tuple[Any, Any, list[str], str]:
    config, remote = config_object(request, raw)
    if config is None:
        raise not_buildable(raw)
    if not small:
        if request.options.weights:
            return *_loaded(request, raw, device, assumptions), [], "real"
        if quantisation_of(request)[0]:
            return *_quantised(request, config, remote, device, assumptions), [], "random"
        return *instantiated(request, config, remote, assumptions, device), [], "random"
    changes = shrink(config)
    try:
        made = instantiated(request, config, remote, assumptions, device)
    except DryRunProblem:
        config, remote = config_object(request, raw)
        changes = fewer_layers(config)
        size = sum(each.numel() for each in instantiated(request, config, remote, [])[0].parameters())
        if size > MOST_ON_CPU:
            raise DryRunProblem(
                "not-built", f"`{raw.type}` cannot be made small enough for a step on the CPU", "run `--dry-run=step` where a GPU is"
            ) from None
        made = instantiated(request, config, remote, assumptions, device)
    if quantisation_of(request)[0]:
        made = _quantised_on_cpu(request, config, remote, device, assumptions) or made
    return *made, changes, "random"


def _quantised_on_cpu(request: Request, config: Any, remote: bool, device: str, assumptions: list[str]) -> tuple[Any, Any] | None:
    """The shrunken model with bitsandbytes' own layers, which have kernels for the CPU since 0.46; None where that cannot be."""
    try:
        made = _quantised(request, config, remote, device, assumptions)
    except Exception as error:  # not installed, or a release without these kernels
        why = str(error) if isinstance(error, DryRunProblem) else f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        assumptions.append(f"the layers are not quantised on the CPU ({why}): their own weights are frozen instead")
        return None
    assumptions.append("quantised by bitsandbytes, with its kernels for the CPU")
    return made


def _quantised(request: Request, config: Any, remote: bool, device: str, assumptions: list[str]) -> tuple[Any, Any]:
    """A base whose linear layers are bitsandbytes' own, where it is installed: made on the host, packed as it is moved."""
    bits, double = quantisation_of(request)
    if find_spec("bitsandbytes") is None:
        raise DryRunProblem("extra-missing", "quantised layers need `bitsandbytes`", "pip install bitsandbytes")
    from lintune.dryrun.step.packed import pack

    model, made = instantiated(request, config, remote, assumptions, "cpu")
    dtype, kind = next(model.parameters()).dtype, request.values.get("model.quant.type")
    pack(model, bits, double, kind if isinstance(kind, str) else "nf4", dtype)
    model.is_loaded_in_4bit, model.is_loaded_in_8bit = bits == 4, bits == 8
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(model.to(device), use_gradient_checkpointing=False), made


def _loaded(request: Request, raw: RawConfig, device: str, assumptions: list[str]) -> tuple[Any, Any]:
    """The real weights of the model's folder."""
    if not raw.folder:
        raise DryRunProblem(
            "no-weights", "the weights are not at hand", "download the model's folder and name it, or leave out `--weights`"
        )
    from lintune.dryrun.auto_class import class_for
    from lintune.dryrun.build import dtype_of

    config, remote = config_object(request, raw)
    auto = class_for(request, config, remote)
    try:
        model = auto.from_pretrained(raw.folder, torch_dtype=dtype_of(request, assumptions), trust_remote_code=remote).to(device)
    except (OSError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise DryRunProblem("no-weights", f"the weights in `{raw.folder}` cannot be loaded: {said}", "leave out `--weights`") from None
    return model, model.config
