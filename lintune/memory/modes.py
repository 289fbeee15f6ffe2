"""The alternatives of a run: the same launch in other modes of tuning and with more sharding or offload, each with its memory."""

from collections.abc import Callable, Iterator

from lintune.memory.estimate import Estimate, estimate
from lintune.memory.setting import Setting
from lintune.models.targets import find_targets
from lintune.source.record import dataclass, replace

_FULL = {"llm": "full", "embed": "full", "lm_head": "full", "projector": "full", "vision": "frozen"}


@dataclass(frozen=True, slots=True)
class Mode:
    """One alternative."""

    name: str
    estimate: Estimate
    configured: bool = False


def modes_of(setting: Setting) -> tuple[Mode, ...]:
    """As configured first, then the modes of tuning, then the ladder of sharding and offload for the configured mode."""
    found = [Mode("as configured", estimate(setting), True)]
    found += [Mode(name, estimate(changed)) for name, changed in _tunings(setting)]
    found += [Mode(name, estimate(changed)) for name, changed in _ladder(setting)]
    return tuple(found)


def _tunings(setting: Setting) -> Iterator[tuple[str, Setting]]:
    plain = replace(setting, targets=(), rank=0, quant="", dora=False)
    has_vision = setting.model.vision is not None
    if has_vision:
        yield "full, vision too", replace(plain, modes={**_FULL, "vision": "full"})
        yield "full, vision frozen", replace(plain, modes=dict(_FULL))
        yield "projector only", replace(plain, modes={"projector": "full", "llm": "frozen"})
    else:
        yield "full", replace(plain, modes=dict(_FULL))
    adapted = _lora(setting)
    yield "LoRA", replace(adapted, quant="")
    yield "QLoRA", replace(adapted, quant="nf4-dq" if setting.quant != "nf4" else "nf4")


def _lora(setting: Setting) -> Setting:
    if setting.targets:
        return setting
    targets = find_targets(setting.model, "all-linear", frozenset(("vision", "projector", "audio")))
    modes = {"llm": "lora", "embed": "frozen", "lm_head": "frozen", "projector": "frozen", "vision": "frozen"}
    return replace(setting, targets=targets, rank=setting.rank or 16, modes=modes)


def _ladder(setting: Setting) -> Iterator[tuple[str, Setting]]:
    """Checkpointing, then ZeRO by stage where there are several processes, then offload; what is on already is left out."""
    if not setting.checkpoint:
        yield "with gradient checkpointing", replace(setting, checkpoint=True, checkpoint_vision=True)
    if setting.micro > 1:
        yield "micro batch 1", replace(setting, micro=1, patches=setting.patches // setting.micro, accum=setting.accum * setting.micro)
    sharded: Callable[..., Setting] = lambda stage, **more: replace(setting, stage=stage, fsdp=False, **more)  # noqa: E731
    if setting.world > 1:
        for stage in (1, 2, 3):
            if setting.stage != stage:
                yield f"ZeRO-{stage}", sharded(stage, offload_optimizer=False, offload_params=False)
    if not (setting.stage == 2 and setting.offload_optimizer):
        yield "ZeRO-2, optimizer on the host", sharded(2, offload_optimizer=True, offload_params=False)
    if not (setting.stage == 3 and setting.offload_optimizer and setting.offload_params):
        yield "ZeRO-3, all on the host", sharded(3, offload_optimizer=True, offload_params=True)
