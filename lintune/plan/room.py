"""The changes that use memory which is free: to be faster, or to train without what only saves memory."""

from collections.abc import Iterator

from lintune.memory.setting import Setting
from lintune.plan.change import OTHER, SAME, Change
from lintune.plan.knobs import micro_change, sharding_change
from lintune.source.record import replace


def growing(setting: Setting) -> tuple[tuple[Change, ...], ...]:
    """The changes by knob."""
    found = [_checkpointing(setting), tuple(_micro(setting)), tuple(_sharding(setting)), _quantisation(setting)]
    return tuple(knob for knob in found if knob)


def _checkpointing(setting: Setting) -> tuple[Change, ...]:
    if not setting.checkpoint or setting.megatron:
        return ()
    return (
        Change(
            "checkpointing",
            "no gradient checkpointing",
            (("mem.ckpt", False),),
            SAME,
            lambda each: replace(each, checkpoint=False, checkpoint_vision=False),
        ),
    )


def _micro(setting: Setting) -> Iterator[Change]:
    """Larger micro batches in place of accumulation, the global batch as it is."""
    samples = setting.micro * setting.accum
    sizes = [size for size in range(samples, setting.micro, -1) if samples % size == 0]
    for size in sizes[-5:]:
        yield micro_change(samples, size)


def _sharding(setting: Setting) -> Iterator[Change]:
    """Without what only saves memory: offload, and stages of ZeRO."""
    if setting.stage is None or setting.megatron:
        return
    if setting.offload_params:
        yield sharding_change("3, optimizer on the host", 3, True, False)
    if setting.offload_optimizer or setting.offload_params:
        yield sharding_change(str(setting.stage), setting.stage, False, False)
    if setting.stage == 3:
        yield sharding_change("2", 2, False, False)


def _quantisation(setting: Setting) -> tuple[Change, ...]:
    """LoRA over the base in 16 bits, which computes faster."""
    if setting.quant not in ("nf4", "nf4-dq", "int8") or not setting.targets:
        return ()
    return (Change("tuning", "LoRA over the base in 16 bits", (("tuning", "unquantised"),), OTHER, lambda each: replace(each, quant="")),)
