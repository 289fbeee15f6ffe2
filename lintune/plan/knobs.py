"""The changes that can make a launch smaller, knob by knob; the first of a knob is the least."""

from collections.abc import Callable, Iterator

from lintune.memory.modes import sharded, with_lora, with_micro
from lintune.memory.setting import Setting
from lintune.models.targets import find_targets
from lintune.plan.change import DATA, FEWER, OTHER, SAME, STATES, Change
from lintune.plan.facts import facts
from lintune.source.record import dataclass, replace

_SHORTEST = 256
_PLAIN_ADAM = frozenset(("adamw", "adam", "adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_apex_fused", "fusedadam"))
_RATE = "LoRA usually wants about ten times the learning rate of full tuning"
"""Schulman et al., LoRA Without Regret (2025): the best rate of LoRA is ten times that of full tuning, whatever the rank."""
_LADDER = (
    ("1", 1, False, False),
    ("2", 2, False, False),
    ("3", 3, False, False),
    ("2, optimizer on the host", 2, True, False),
    ("3, optimizer on the host", 3, True, False),
    ("3, all on the host", 3, True, True),
)


@dataclass(frozen=True, slots=True)
class Media:
    """How large an image may become, where a setting says so."""

    name: str = ""
    """`media.tiles` or `media.max_pixels`; empty where neither is a setting."""
    value: int = 0


def shrinking(setting: Setting, media: Media | None = None, fixed_optimizer: bool = False) -> tuple[tuple[Change, ...], ...]:
    """The changes by knob. `fixed_optimizer`: a DeepSpeed file decides it, so that the setting does nothing."""
    found = [
        _checkpointing(setting),
        tuple(_micro(setting)),
        tuple(_sharding(setting)),
        () if fixed_optimizer else tuple(_optimizer(setting)),
        _fused_loss(setting),
        tuple(_length(setting)),
        tuple(_media(setting, media or Media())),
        _vision(setting),
        tuple(_rank(setting)),
        _targets(setting),
        tuple(_tuning(setting)),
    ]
    return tuple(knob for knob in found if knob)


def _checkpointing(setting: Setting) -> tuple[Change, ...]:
    if setting.checkpoint or setting.megatron:
        return ()
    return (
        Change(
            "checkpointing",
            "gradient checkpointing",
            (("mem.ckpt", True),),
            SAME,
            lambda each: replace(each, checkpoint=True, checkpoint_vision=each.profile.checkpoints_vision),
        ),
    )


def _micro(setting: Setting) -> Iterator[Change]:
    """Smaller micro batches that leave the global batch as it is."""
    samples = setting.micro * setting.accum
    sizes = [size for size in range(setting.micro - 1, 0, -1) if samples % size == 0 and setting.micro >= 2 * size]
    for size in sizes[:4] if len(sizes) <= 4 else [*sizes[:3], 1]:
        yield micro_change(samples, size)


def micro_change(samples: int, size: int) -> Change:
    """The micro batch set to a size that divides the samples of a card and step."""
    accum = samples // size
    title = f"micro batch {size}, accumulation {accum}"
    return Change("micro", title, (("batch.micro", size), ("batch.accum", accum)), SAME, lambda each: with_micro(each, size))


def _sharding(setting: Setting) -> Iterator[Change]:
    """ZeRO stages above the present one, offload; under FSDP its own offload."""
    if setting.megatron or setting.tensor > 1 or setting.pipeline > 1:
        return
    if setting.fsdp:
        if not setting.offload_params:
            yield Change(
                "sharding",
                "FSDP with offload to the host",
                (("par.fsdp.offload", True),),
                SAME,
                lambda each: replace(each, offload_optimizer=True, offload_params=True),
            )
        return
    now = (setting.stage or 0, setting.offload_optimizer, setting.offload_params)
    for name, stage, optimizer, params in _LADDER:
        alone = setting.world == 1 and not optimizer
        less = stage < now[0] or (setting.offload_optimizer and not optimizer) or (setting.offload_params and not params)
        if not alone and not less and (stage, optimizer, params) != now and not (setting.quant and stage == 3):
            yield sharding_change(name, stage, optimizer, params)


def sharding_change(name: str, stage: int, optimizer: bool, params: bool) -> Change:
    """A stage of ZeRO with what goes to the host."""
    return Change("sharding", f"ZeRO-{name}", (("zero", name),), SAME, lambda each: sharded(each, stage, optimizer, params))


def _optimizer(setting: Setting) -> Iterator[Change]:
    """8-bit and paged states, where AdamW's are plain ones on the card."""
    if setting.optimizer.lower() not in _PLAIN_ADAM or setting.megatron or setting.offload_optimizer:
        return
    for name, title in (("adamw_bnb_8bit", "8-bit AdamW"), ("paged_adamw_8bit", "paged 8-bit AdamW")):
        yield Change("optimizer", title, (("optim.name", name),), STATES, _with_optimizer(name), "needs bitsandbytes")


def _with_optimizer(name: str) -> Callable[[Setting], Setting]:
    return lambda each: replace(each, optimizer=name)


def _fused_loss(setting: Setting) -> tuple[Change, ...]:
    if setting.fused_loss or setting.megatron or setting.model.type not in facts()["liger_types"]:
        return ()
    fused = (("mem.liger", True),)
    note = "needs liger-kernel"
    return (Change("loss", "Liger kernels", fused, SAME, lambda each: replace(each, fused_loss="liger", liger=True), note),)


def _length(setting: Setting) -> Iterator[Change]:
    for loss, part in enumerate((0.75, 0.5, 0.25), 1):
        tokens = int(setting.length * part) // 64 * 64
        if tokens >= _SHORTEST:
            yield length_change(tokens, loss)


def length_change(tokens: int, loss: float = 1.0) -> Change:
    """The longest sample."""
    title, settings = f"samples of at most {tokens:,} tokens", (("seq.max_len", tokens),)
    return Change("length", title, settings, DATA, lambda each: replace(each, length=tokens), "longer samples are cut", loss)


def _media(setting: Setting, media: Media) -> Iterator[Change]:
    """Fewer slices, or fewer pixels, of an image."""
    if not media.name or not setting.patches:
        return
    word = "slices" if media.name == "media.tiles" else "pixels"
    for part in (2, 4):
        size = media.value // part
        if size >= 1 and (word == "slices" or size >= 100_000):
            patches = setting.patches // setting.micro * size // media.value
            title = f"images of at most {size:,} {word}" if size != 1 or word == "pixels" else "images in one slice"
            note = "small print may become unreadable"
            yield Change("media", title, ((media.name, size),), DATA, _with_patches(patches), note, part / 2)


def _with_patches(patches: int) -> Callable[[Setting], Setting]:
    return lambda each: replace(each, patches=patches * each.micro)


def _vision(setting: Setting) -> tuple[Change, ...]:
    if not setting.trains("vision") or setting.targets:
        return ()
    return (
        Change(
            "vision",
            "vision tower frozen",
            (("tune.vision.mode", "frozen"),),
            FEWER,
            lambda each: replace(each, modes={**each.modes, "vision": "frozen"}),
            loss=2.0,
        ),
    )


def _rank(setting: Setting) -> Iterator[Change]:
    for part in (2, 4):
        if setting.targets and setting.rank // part >= 8:
            yield rank_change(setting.rank // part, part / 2)


def rank_change(rank: int, loss: float = 1.0) -> Change:
    """The rank of LoRA."""
    title, settings = f"LoRA of rank {rank}", (("adapter.rank", rank),)
    return Change("rank", title, settings, FEWER, lambda each: replace(each, rank=rank) if each.targets else each, loss=loss)


def _targets(setting: Setting) -> tuple[Change, ...]:
    """LoRA on queries and values alone, as its paper has it, where it is on more."""
    roles = {target.linear.role for target in setting.targets}
    if not roles - {"q", "v", "qkv"}:
        return ()
    chosen = find_targets(setting.model, "q_proj,v_proj")
    if not chosen or sum(target.fans for target in chosen) >= sum(target.fans for target in setting.targets):
        return ()
    return (
        Change(
            "targets",
            "LoRA on queries and values only",
            (("adapter.targets", "attention"),),
            FEWER,
            lambda each: replace(each, targets=chosen) if each.targets else each,
            loss=2.0,
        ),
    )


def _tuning(setting: Setting) -> Iterator[Change]:
    if setting.megatron or setting.fsdp:
        return
    if not setting.targets and setting.trains("llm"):
        yield Change("tuning", "LoRA in place of full tuning", (("tuning", "lora"),), OTHER, with_lora, _RATE, 3.0)
    if setting.quant or setting.stage == 3:
        return
    if setting.targets:
        quantised = (("tuning", "quantised"),)
        yield Change("tuning", "QLoRA: the base in 4 bits", quantised, OTHER, _quantised, "needs bitsandbytes", 1.0)
    elif setting.trains("llm"):
        chosen = (("tuning", "qlora"),)
        yield Change("tuning", "QLoRA in place of full tuning", chosen, OTHER, _quantised, f"needs bitsandbytes; {_RATE}", 4.0)


def _quantised(setting: Setting) -> Setting:
    """LoRA over 4-bit weights, as the launch's own script would quantise them where that is known."""
    return replace(with_lora(setting), quant=setting.quant or "nf4-dq")
