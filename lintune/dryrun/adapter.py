"""The run's adapter, put on by PEFT itself; and how its target names match the modules of the model."""

import re
from contextlib import nullcontext
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from lintune.dryrun.parts import part_of
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request

NONE = ("", "none", "no", "full", "false")
ALL = ("all", "all-linear", "all_linear")
_PROMPTS = {"prompt_tuning": "PromptTuningConfig", "prompt": "PromptTuningConfig", "p_tuning": "PromptEncoderConfig",
            "ptuning": "PromptEncoderConfig", "prefix_tuning": "PrefixTuningConfig", "prefix": "PrefixTuningConfig"}  # fmt: skip
_LORA = ("lora", "qlora", "dora", "lora+", "rslora", "pissa", "longlora")
_DECIDING = ("adapter.kind", "adapter.targets", "adapter.rank", "adapter.modules_to_save", "adapter.layers", "adapter.bias")
"""Settings that decide how many parameters an adapter trains."""
OWN_ALL = ("llamafactory", "swift", "ms-swift", "llava", "qwen2u1", "internvl", "qwenvl")
"""Frameworks whose word for all linear layers leaves out the parts that are frozen."""


@dataclass(slots=True)
class TargetReport:
    """What one target name (or the expression) matches."""

    pattern: str
    kind: str
    """`name`, `expression`, `all-linear`, `saved` (modules_to_save) or `parameter` (target_parameters)."""
    matched: int
    parts: dict[str, int] = field(default_factory=dict)
    """Matched modules by part."""
    nearest: list[str] = field(default_factory=list)
    """Real names, where nothing matched."""


@dataclass(slots=True)
class AdapterReport:
    """What the adapter does."""

    kind: str = "none"
    targets: list[TargetReport] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    """Names of the modules that got one, as the model has them."""
    applied: bool = False
    """False where there is no adapter, or PEFT refused it."""
    refused: str = ""
    """What PEFT said where it refused what the launch asks for."""
    unknown: list[str] = field(default_factory=list)
    """Settings of the adapter that the run leaves open, so that no count of it can be right."""


def kind_of(request: Request) -> str:
    """`lora`, `dora`, `vera`, `ia3`, `prompt_tuning` ..., or `none`."""
    given = request.values.get("adapter.kind")
    kind = given.lower().replace("-", "_") if isinstance(given, str) else ""
    if kind in NONE:
        return "none"
    dora = request.values.get("flag.use_dora") is True or request.values.get("adapter.dora") is True
    return "dora" if dora and kind in ("lora", "qlora") else kind


def names_in(value: Json) -> list[str] | str | None:
    """Target modules as PEFT would get them: a list of names, or a text that is one expression; None where nothing is given."""
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)] or None
    if not isinstance(value, str) or not value.strip():
        return None
    parts = [part.strip() for part in re.split(r"[,\s]+", value.strip()) if part.strip()]
    if all(re.fullmatch(r"[\w.-]+", part) for part in parts) and ("," in value or len(parts) > 1 or "." not in value):
        return parts
    return value


def put_on(
    model: Any, request: Request, modes: dict[str, str], ends: tuple[frozenset[str], frozenset[str]], meta: bool = True
) -> tuple[Any, AdapterReport]:
    """The model with its adapter (its weights on the meta device, or real), and the report; PEFT's refusal is in the report.

    Raises `DryRunProblem` for kinds that are not built.
    """
    import peft

    kind = kind_of(request)
    open_settings = [name for name in _DECIDING if name in request.unknown]
    if kind == "none":
        return model, AdapterReport(unknown=[name for name in open_settings if name == "adapter.kind"])
    config, report = _config(peft, model, request, modes, ends, kind)
    report.unknown = open_settings
    try:
        made = _wrapped(peft, model, config, meta and kind not in _PROMPTS)
    except (ValueError, KeyError) as error:
        # what stands in for a setting that is not known, or not given, may be refused where the launch's own is not
        if request.values.get("adapter.targets") is None and "adapter.targets" not in report.unknown:
            report.unknown.append("adapter.targets")
        report.refused = "" if report.unknown else " ".join(str(error).split())[:400]
        return model, report
    report.applied = True
    report.modules = list(getattr(made.base_model, "targeted_module_names", []))
    report.modules += list(getattr(made.base_model, "targeted_parameter_names", []))
    return made, report


def _wrapped(peft: Any, model: Any, config: Any, meta: bool) -> Any:
    """PEFT's model; on the meta device also with releases that fill weights on the host unless they are told where (before 0.13)."""
    import inspect

    import torch

    if "low_cpu_mem_usage" in inspect.signature(peft.get_peft_model).parameters:
        return peft.get_peft_model(model, config, low_cpu_mem_usage=meta)
    with torch.device("meta") if meta else nullcontext():
        return peft.get_peft_model(model, config)


def _config(
    peft: Any, model: Any, request: Request, modes: dict[str, str], ends: tuple[frozenset[str], frozenset[str]], kind: str
) -> tuple[Any, AdapterReport]:
    values = request.values
    task = "SEQ_CLS" if type(model).__name__.endswith("ForSequenceClassification") else "CAUSAL_LM"
    report = AdapterReport(kind)
    if kind in _PROMPTS:
        tokens = values.get("adapter.tokens")
        return getattr(peft, _PROMPTS[kind])(task_type=task, num_virtual_tokens=tokens if isinstance(tokens, int) else 20), report
    targets = _targets(model, request, modes, ends)
    saved = values.get("adapter.modules_to_save")
    saved_names = names_in(saved)
    runnable = hasattr(model, "prepare_inputs_for_generation") or task == "SEQ_CLS"
    given: dict[str, Any] = {"task_type": task} if runnable else {}
    if targets is not None:
        given["target_modules"] = targets
    if isinstance(saved_names, list):
        given["modules_to_save"] = saved_names
    _report_targets(report, model, request, targets, saved_names, ends)
    if kind == "ia3":
        return peft.IA3Config(**given, feedforward_modules=_feedforward(targets)), report
    if isinstance(values.get("adapter.rank"), int):
        given["r"] = values["adapter.rank"]
    for name, key in (("layers", "layers_to_transform"), ("layers_pattern", "layers_pattern"), ("exclude", "exclude_modules"),
                      ("rank_pattern", "rank_pattern")):  # fmt: skip
        if values.get(f"adapter.{name}"):
            given[key] = values[f"adapter.{name}"]
    if kind == "vera":
        return peft.VeraConfig(**given), report
    if kind not in _LORA:
        raise DryRunProblem("bad-adapter", f"the adapter `{kind}` is not built by the dry run", "check it without `--dry-run`")
    if isinstance(values.get("adapter.bias"), str):
        given["bias"] = values["adapter.bias"]
    if values.get("adapter.target_parameters"):
        given["target_parameters"] = values["adapter.target_parameters"]
    alpha, dropout = values.get("adapter.alpha"), values.get("adapter.dropout")
    if isinstance(alpha, (int, float)):
        given["lora_alpha"] = alpha
    if isinstance(dropout, (int, float)):
        given["lora_dropout"] = dropout
    return peft.LoraConfig(**given, use_dora=kind == "dora"), report


def _feedforward(targets: list[str] | str | None) -> list[str]:
    names = targets if isinstance(targets, list) else []
    return [name for name in names if name.rpartition(".")[2] in ("down_proj", "fc2", "dense_4h_to_h", "w2", "c_proj")]


def _targets(model: Any, request: Request, modes: dict[str, str], ends: tuple[frozenset[str], frozenset[str]]) -> list[str] | str | None:
    """The target modules as the framework would hand them to PEFT; None lets PEFT choose by the model's type."""
    given = names_in(request.values.get("adapter.targets"))
    words = [given] if isinstance(given, str) else given or []
    if any(word in ALL for word in words):
        if request.framework in OWN_ALL or any(word == "all" for word in words):
            return _linears(model, modes, ends)
        return "all-linear"
    if given is None and request.values.get("flag.lora_target_linear") is True:
        # axolotl src/axolotl/loaders/adapter.py find_all_linear_names: last components, the head left out
        found = {name.rpartition(".")[2] for name, part in _linear_parts(model, ends) if part != "lm_head"}
        return sorted(found - {"lm_head", "output"})
    if given is None and request.framework in OWN_ALL:
        return _linears(model, modes, ends)
    return given


def _linears(model: Any, modes: dict[str, str], ends: tuple[frozenset[str], frozenset[str]]) -> list[str]:
    """Every linear layer of the parts that are not frozen, the output head left out."""
    return [name for name, part in _linear_parts(model, ends) if part != "lm_head" and (part == "llm" or "lora" in modes[part])]


def _linear_parts(model: Any, ends: tuple[frozenset[str], frozenset[str]]) -> list[tuple[str, str]]:
    """The names of all linear layers with their parts."""
    from torch import nn

    return [(name, part_of(name, *ends)) for name, module in model.named_modules() if isinstance(module, nn.Linear)]


def _report_targets(
    report: AdapterReport, model: Any, request: Request, targets: list[str] | str | None, saved: list[str] | str | None,
    ends: tuple[frozenset[str], frozenset[str]],
) -> None:  # fmt: skip
    """How each given target matches, as PEFT matches it (tuners_utils.py check_target_module_exists)."""
    names = [name for name, _ in model.named_modules() if name]
    given = names_in(request.values.get("adapter.targets"))
    if isinstance(targets, str) and targets != "all-linear":
        report.targets.append(_matched(targets, "expression", [name for name in names if _fullmatch(targets, name)], names, ends))
    for word in given if isinstance(given, list) else ():
        if word not in ALL:
            report.targets.append(_matched(word, "name", [name for name in names if _ends_with(name, word)], names, ends))
    for word in saved if isinstance(saved, list) else ():
        report.targets.append(_matched(word, "saved", [name for name in names if _ends_with(name, word)], names, ends))
    parameters = names_in(request.values.get("adapter.target_parameters"))
    own = [name for name, _ in model.named_parameters()]
    for word in parameters if isinstance(parameters, list) else ():
        report.targets.append(_matched(word, "parameter", [name for name in own if _ends_with(name, word)], own, ends))


def _ends_with(name: str, word: str) -> bool:
    return name == word or name.endswith(f".{word}")


def _fullmatch(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error as error:
        raise DryRunProblem("bad-adapter", f"the target expression `{pattern}` is not valid: {error}", "correct the expression") from None


def _matched(pattern: str, kind: str, matched: list[str], names: list[str], ends: tuple[frozenset[str], frozenset[str]]) -> TargetReport:
    parts: dict[str, int] = {}
    for name in matched:
        part = part_of(name, *ends)
        parts[part] = parts.get(part, 0) + 1
    return TargetReport(pattern, kind, len(matched), parts, [] if matched else nearest(pattern, names))


def nearest(pattern: str, names: list[str]) -> list[str]:
    """Up to three real names that were probably meant: last components for a plain word, whole names for an expression."""
    if re.fullmatch(r"[\w.]+", pattern):
        last = {name.rpartition(".")[2] for name in names} - {""}
        return get_close_matches(pattern.rpartition(".")[2], sorted(last), 3, 0.55)
    plain = re.sub(r"\\d\+|\[0-9\]\+|\.\*", "0", pattern).replace("\\", "")
    return get_close_matches(plain, names, 3, 0.4)
