"""The alternatives of a run: the same launch in other modes of tuning and with more sharding or offload, each with its memory."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from lintune.memory.estimate import Estimate, estimate
from lintune.memory.setting import Setting
from lintune.models.targets import find_targets
from lintune.source.record import dataclass, replace

Estimator: TypeAlias = Callable[[Setting], Estimate]
"""What makes an estimate of a setting: the closed form, or the closed form as calibrated on a GPU."""
Group: TypeAlias = str
"""`configured`, `tuning` (what is trained), or `sharding` (where it is kept)."""

_FULL = {"llm": "full", "embed": "full", "lm_head": "full", "projector": "full", "vision": "frozen"}
_OUTER = frozenset(("vision", "projector", "audio"))


@dataclass(frozen=True, slots=True)
class Mode:
    """One alternative."""

    name: str
    estimate: Estimate
    configured: bool = False
    """Whether it is the launch as it stands."""
    group: Group = "tuning"
    detail: str = ""
    """Of the configured mode, and of modes as the launch's own script carries them out: what is trained."""


def modes_of(setting: Setting, estimator: Estimator = estimate, own: Mapping[str, Setting | None] | None = None) -> tuple[Mode, ...]:
    """As configured first, then the modes of tuning, then the ladder of sharding and offload for the configured mode.

    `own`: modes of tuning by name as the launch's own script carries them out, where that is known; None where it cannot.

    A mode of tuning that the launch is in stands there too; a rung of the ladder that it stands on does not.
    """
    detail = tuning_name(setting) + (" kept; the launch itself is refused" if setting.conflict else "")
    found = [Mode("as configured", estimator(setting), True, "configured", detail)]
    for name, changed in tunings(setting):
        mine = (own or {}).get(name)
        kept = (
            f"this script's: {tuning_name(mine)}, rank {mine.rank}"
            if mine is not None
            else "no setting of it"
            if name in (own or {})
            else ""
        )
        found.append(Mode(name, estimator(mine or changed), changed == setting, detail=kept))
    found += [Mode(name, estimator(changed), False, "sharding") for name, changed in _ladder(setting) if changed != setting]
    return tuple(found)


def tuning_name(setting: Setting) -> str:
    """What is trained, in a few words: `LoRA`, `QLoRA`, `full`, `projector only`."""
    if setting.targets:
        name = "QLoRA" if setting.quant else "DoRA" if setting.dora else "LoRA"
        copied = [part for part in ("embed", "lm_head", "vision", "projector") if setting.trains(part)]
        return f"{name} and {', '.join(copied)}" if copied else name
    parts = [part for part in ("llm", "vision", "projector", "embed", "lm_head") if setting.trains(part)]
    if setting.trains("llm"):
        has_vision = setting.model.vision is not None
        return "full" if not has_vision else "full, vision too" if setting.trains("vision") else "full, vision frozen"
    return f"{', '.join(parts)} only" if parts else "nothing is trained"


def tunings(setting: Setting) -> Iterator[tuple[str, Setting]]:
    """The launch with other parts trained, all else as it is."""
    plain = replace(setting, targets=(), rank=0, quant="", dora=False)
    if setting.model.vision is not None:
        yield "full, vision too", replace(plain, modes={**_FULL, "vision": "full"})
        yield "full, vision frozen", replace(plain, modes=dict(_FULL))
        yield "projector only", replace(plain, modes={"projector": "full", "llm": "frozen"})
    else:
        yield "full", replace(plain, modes=dict(_FULL))
    adapted = with_lora(setting)
    yield "LoRA", replace(adapted, quant="")
    yield "QLoRA", replace(adapted, quant=setting.quant or "nf4-dq")


def with_lora(setting: Setting, rank: int = 16) -> Setting:
    """The launch with its own LoRA, or where it has none with LoRA on every linear layer of the language model."""
    if setting.targets:
        return setting
    targets = find_targets(setting.model, "all-linear", _OUTER)
    modes = {"llm": "lora", "embed": "frozen", "lm_head": "frozen", "projector": "frozen", "vision": "frozen"}
    return replace(setting, targets=targets, rank=setting.rank or rank, modes=modes)


def _ladder(setting: Setting) -> Iterator[tuple[str, Setting]]:
    """Checkpointing, then ZeRO by stage where there are several processes, then offload; what is on already is left out."""
    if not setting.checkpoint:
        yield "with gradient checkpointing", replace(setting, checkpoint=True, checkpoint_vision=True)
    if setting.micro > 1:
        yield "micro batch 1", with_micro(setting, 1)
    if setting.world > 1:
        for stage in (1, 2, 3):
            yield f"ZeRO-{stage}", sharded(setting, stage)
    yield "ZeRO-2, optimizer on the host", sharded(setting, 2, offload_optimizer=True)
    yield "ZeRO-3, optimizer on the host", sharded(setting, 3, offload_optimizer=True)
    yield "ZeRO-3, all on the host", sharded(setting, 3, offload_optimizer=True, offload_params=True)


def sharded(setting: Setting, stage: int, offload_optimizer: bool = False, offload_params: bool = False) -> Setting:
    """The launch under DeepSpeed's ZeRO, which takes the place of FSDP."""
    return replace(setting, stage=stage, fsdp=False, offload_optimizer=offload_optimizer, offload_params=offload_params)


def with_micro(setting: Setting, micro: int) -> Setting:
    """The launch with another micro batch and the global batch as near to the same as whole steps allow."""
    samples = setting.micro * setting.accum
    return replace(
        setting,
        micro=micro,
        accum=max(1, samples // micro),
        images=setting.images * micro // setting.micro,
        patches=setting.patches * micro // setting.micro,
    )
