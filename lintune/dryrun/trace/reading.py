"""What a request says of the step, as a `Setting` of the closed form and the `Plan` of a trace: one reading of the vocabulary for both."""

from collections.abc import Mapping
from dataclasses import replace as changed
from typing import cast

import torch

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Json, Request
from lintune.dryrun.trace.fsdp1 import Flat
from lintune.dryrun.trace.overlay import Sharding
from lintune.dryrun.trace.plan import Checkpointing, LossKind, Plan
from lintune.dryrun.trace.releases import releases_of
from lintune.memory.constants import value
from lintune.memory.optimizers import entry_of, find_optimizer, per_parameter
from lintune.memory.reading import NotEstimated, setting_of
from lintune.memory.setting import Setting
from lintune.models.decoder import UnknownArchitecture
from lintune.models.multimodal import model_of
from lintune.models.shapes import Model, Stack
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known

_HOLD = ("litgpt", "script")
"""Frameworks whose loop holds the logits during the backward pass: litgpt's chunks, fsdp_qlora's `output`."""
_SWIFT = ("ms-swift", "swift")
_PREFETCH = 50_000_000
"""deepspeed/runtime/zero/config.py stage3_prefetch_bucket_size."""
_CUT = 512
"""Tokens up to which samples are taken to be cut so often that two long ones follow each other."""
_TYPES = {2: torch.bfloat16, 4: torch.float32}
_FLASH = (
    "flash_attention_2",
    "flash_attention_3",
    "flash_attention_4",
    "flash_attn",
    "flash",
    "fa2",
    "fa3",
    "kernels-community/flash-attn",
)
_FLOAT16 = ("fp16", "float16", "half")


def setting_for(request: Request, config: dict[str, object]) -> Setting:
    """The setting of a request. Raises `DryRunProblem` where the run cannot be."""
    source = Source("", "")
    run = Run(request.framework, "", Site(source, Span(0, 0)))
    run.values = {name: Known(_data(value)) for name, value in request.values.items()}
    try:
        try:
            model = model_of(config)
        except (UnknownArchitecture, KeyError, ValueError, TypeError, ZeroDivisionError):
            model = _shapeless(config)
            run.values = {name: value for name, value in run.values.items() if not name.startswith("adapter.")}
        return setting_of(run, model)
    except NotEstimated as error:
        raise DryRunProblem("no-trace", str(error), "correct the launch") from None


def _shapeless(config: dict[str, object]) -> Model:
    """A model of which only the type is used: PEFT and transformers know the rest."""
    return Model(str(config.get("model_type", "")), Stack(0, (), ""), 0, 0, 0, True)


def _data(value: Json) -> Data:
    if isinstance(value, list):
        return tuple(_data(each) for each in value)
    if isinstance(value, dict):
        return {name: _data(each) for name, each in value.items()}
    return value


def plan_for(request: Request, setting: Setting) -> Plan:
    """The plan of a setting."""
    values, profile, notes = request.values, setting.profile, []
    computes = torch.float16 if values.get("precision.compute") in _FLOAT16 else _TYPES[setting.activation]
    autocast = computes if setting.autocast and setting.activation == 2 and _is_mixed(values) else None
    release = releases_of(values, setting.framework)
    loss = setting.fused_loss or (_torchtune_loss(values) if setting.framework == "torchtune" else "model")
    own = sharding_of(setting, values) is None or traces_fsdp(setting)
    optimizer = "adamw_torch_fused" if profile.fused_step and setting.optimizer == "adamw_torch" else setting.optimizer
    plan = Plan(
        attention=attention_of(setting.attention),
        expands_keys=profile.expands_keys,
        autocast=autocast,
        outputs_float=autocast is not None,
        loss=cast("LossKind", loss),
        floats_held=release.floats_held,
        copied_logits=release.copied,
        flattened=release.flattens,
        hold_graph=setting.framework == "litgpt" and setting.reached <= _CUT,
        hold_outputs=profile.holds_logits or setting.framework in _HOLD,
        offload=setting.activation_offload,
        emptied=_emptied(values),
        optimizer=optimizer if own else "lomo",
        foreach_copies=int(profile.step_copies),
        step_in_backward=setting.in_backward,
        clip=_clip(values.get("optim.max_grad_norm")),
        accumulate=setting.accum if own else 1,
        steps=2 if own or setting.stage == 3 else 1,
        checkpointing=_checkpointing(setting, values),
    )
    notes.append(f"attention `{plan.attention}`" + (" by the kernel that SDPA takes on CUDA" if plan.attention == "sdpa" else ""))
    notes.append(f"layers compute under autocast in {autocast}" if autocast else "no autocast")
    if setting.activation_offload:
        notes.append("what is kept for the backward pass goes to the host, as torchtune's `OffloadActivations` moves it")
    if plan.hold_outputs:
        notes.append("the loop holds the logits during the backward pass")
    return changed(plan, assumptions=tuple(notes))


def _torchtune_loss(values: Mapping[str, Json]) -> str:
    """torchtune's loss: in chunks, compiled with the model, unless its config says otherwise."""
    component, compiled = values.get("flag.loss._component_"), values.get("mem.compile") is not False
    if isinstance(component, str) and "CrossEntropyLoss" in component and "Linear" not in component:
        return "plain compiled" if compiled else "plain"
    return "compiled" if compiled else "chunked"


def _emptied(values: Mapping[str, Json]) -> str:
    """Where the loop empties the cache: scripts between steps, the Trainer after the forward pass of every nth step."""
    if values.get("flag.torch_empty_cache_steps") == 1:
        return "backward"
    steps = values.get("mem.empty_cache_steps")
    return "forward" if isinstance(steps, int) and steps > 0 else ""


def _is_mixed(values: Mapping[str, Json]) -> bool:
    """Whether the Trainer's mixed precision is on: not where both of its switches are said to be off."""
    return values.get("precision.bf16") is not False or values.get("precision.fp16") is not False


def sharding_of(setting: Setting, values: Mapping[str, Json]) -> Sharding | None:
    """How DeepSpeed divides what a launch holds; None where nothing is divided.

    Buckets: the Trainer's `auto` of ZeRO-3 is the square of the hidden width, and 0.9 of it to prefetch (transformers
    integrations/deepspeed.py); two reduce buckets where reduction overlaps the backward pass, which the files that ms-swift ships have
    turned off (swift/config/zero2.json).
    """
    if setting.stage in (None, 0):
        return None
    square, prefetch = setting.model.llm.hidden**2, values.get("ds.zero_optimization.stage3_prefetch_bucket_size")
    said = values.get("ds.zero_optimization.overlap_comm")
    overlaps = said if isinstance(said, bool) else setting.framework not in _SWIFT
    trained = 8.0 if find_optimizer(setting.optimizer) is None else per_parameter(entry_of(setting), 4)
    return Sharding(
        ranks=setting.shards,
        stage=setting.stage,
        bucket=setting.bucket or (square if setting.stage == 3 else int(value("zero_bucket"))),
        buckets=2 if overlaps else 1,
        prefetch=prefetch if isinstance(prefetch, int) else int(0.9 * square) or _PREFETCH,
        accumulates=setting.accum > 1,
        step=_step_copies(setting),
        states=0 if "paged" in setting.optimizer else trained,
        offload_optimizer=setting.offload_optimizer,
        offload_parameters=setting.offload_params,
    )


def _step_copies(setting: Setting) -> float:
    """Bytes per element of the share beside fp32 gradients: torch's unfused AdamW makes copies, ZeRO 1 and 2 flatten 16-bit gradients."""
    entry, profile = entry_of(setting), setting.profile
    copies = float(entry.get("step", 0)) * profile.step_copies if entry.get("foreach") and not profile.fused_step else 0.0
    return max(4 * copies, 0.0 if setting.stage == 3 else 2.0)


def flat_of(setting: Setting, values: Mapping[str, Json]) -> Flat | None:
    """How FSDP's first version divides a launch; None without it, and where its second version is traced as such."""
    if not setting.fsdp or setting.shards == 1 or traces_fsdp(setting):
        return None
    mixed = setting.profile.autocast and setting.element == 2 and setting.activation == 2 and _is_mixed(values)
    return Flat(setting.shards, 2.0 if mixed else 1.0, setting.offload_params, setting.reshard)


def traces_fsdp(setting: Setting) -> bool:
    """Whether the launch shards by FSDP 2 in a way that can be traced: nothing quantised."""
    return setting.fsdp2 and setting.shards > 1 and not setting.quant


def attention_of(name: str) -> str:
    """An attention by the name that the trace knows; SDPA for those that it does not."""
    lowered = name.lower()
    if lowered in _FLASH or "flash" in lowered:
        return "flash_attention_2"
    return "eager" if lowered == "eager" else "sdpa"


def _checkpointing(setting: Setting, values: dict[str, Json]) -> Checkpointing:
    if not setting.checkpoint:
        return ""
    return "non-reentrant" if values.get("mem.ckpt_reentrant") is False or setting.framework == "torchtune" else "reentrant"


def _clip(value: Json) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 1.0
