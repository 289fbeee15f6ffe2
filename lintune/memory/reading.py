"""A run in the common vocabulary as the numbers of an estimate; what is missing is taken for granted and said."""

from lintune.memory.asked import NotEstimated, is_said, positive, switch
from lintune.memory.choices import (
    activation_bytes,
    adapter_of,
    dropout_of,
    fused_loss,
    modes_of_parts,
    optimizer_of,
    quantisation,
    stage_of,
    weight_bytes,
)
from lintune.memory.constants import constants, profile_of
from lintune.memory.layout import Layout, layout_of
from lintune.memory.setting import Profile, Setting
from lintune.models.at_hand import config_at_hand
from lintune.models.catalogue import Known as KnownModel
from lintune.models.catalogue import find_model
from lintune.models.shapes import Model
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.values.value import Known, is_default
from lintune.values.version import Version

__all__ = ["DEFAULT_LENGTH", "NotEstimated", "setting_of"]
DEFAULT_LENGTH = 2048
_ATTENTION = ("sdpa", "eager", "flash", "fa", "flex", "xformers", "sage", "auto", "kernels-community", "ring", "ulysses", "paged", "ao")


def setting_of(run: Run, model: Model | None = None) -> Setting:
    """The setting of a run; `model` is used where the run names none that is known. Raises `NotEstimated`."""
    notes: list[str] = []
    shape = _model(run, model, notes)
    modes, layers = modes_of_parts(run, notes)
    layout, quant = layout_of(run, notes), quantisation(run)
    profile, stage, bucket = _profile(run, shape, modes, layout, quant, notes)
    targets, rank = adapter_of(run, shape, modes)
    micro, length = _batch(run, notes)
    images, patches = _images(run, shape, micro, profile.tiles)
    attention = text(run.get("model.attn")) or "sdpa"
    if not attention.startswith(_ATTENTION):
        notes.append(f"the attention `{attention}` is not known: it is taken to write no scores to memory")
    optimizer, element = optimizer_of(run, notes), weight_bytes(run, stage, notes)
    checkpoint, whole_experts = _checkpoints(run, profile), _whole_experts(run, shape, quant, notes)
    return Setting(
        model=shape, framework=run.framework, profile=profile, modes=modes, layers_trained=layers, targets=targets, rank=rank,
        dora=text(run.get("adapter.kind")) == "dora", dropout=dropout_of(run, profile.dropout, rank),
        element=element, activation=activation_bytes(run, element, profile, quant), quant=quant, whole_experts=whole_experts,
        optimizer=optimizer, lowrank=positive(run, "optim.lowrank_rank", 128),
        in_backward=switch(run, "optim.in_backward") or (run.framework == "torchtune" and "paged" in optimizer and layout.world == 1),
        task=stage_of(run), micro=micro, eval_micro=_eval_batch(run), length=length, reach=_reach(run),
        accum=positive(run, "batch.accum", 1), checkpoint=checkpoint, checkpoint_vision=_vision_checkpoint(run, profile, checkpoint),
        packed=switch(run, "batch.packing"), attention=attention,
        fused_loss=fused_loss(run), liger=switch(run, "mem.liger"), compiled=switch(run, "mem.compile"),
        activation_offload=switch(run, "mem.act_offload", "mem.unsloth"),
        world=layout.world, per_node=layout.per_node, tensor=layout.tensor, expert=layout.expert, pipeline=layout.pipeline,
        megatron=layout.megatron, context=layout.context, stage=stage,
        fsdp=layout.fsdp, fsdp2=_second_fsdp(run, profile), reshard=layout.reshard,
        offload_optimizer=layout.offload_optimizer, offload_params=layout.offload_params, bucket=layout.bucket or bucket,
        images=images, patches=patches, conflict=truth(run.get("tune.conflict")) is True or text(run.get("tune.llm.mode")) == "conflict",
        gpu_bytes=whole(run.get("gpu.memory_bytes")), gpu_name=text(run.get("gpu.name")) or "", notes=tuple(notes),
    )  # fmt: skip


def _model(run: Run, given: Model | None, notes: list[str]) -> Model:
    if given is not None:
        return given
    asked = run.get("model.id")
    name = text(asked)
    if isinstance(asked, Known) and asked.value is not None and name is None:
        raise NotEstimated(f"`model.id` is `{str(asked.value)[:40]}`; a text is expected")
    if not name:
        raise NotEstimated("the model is not known: `model.id` is missing; give its config.json with `--model-config PATH`")
    known = _shape_named(run, name)
    if known is None:
        raise NotEstimated(f"`{name}` is not among the known models; give its config.json with `--model-config PATH`")
    if not known.exact_name:
        notes.append(f"`{name}` is taken for {known.id} by its name")
    if known.counted == "no":
        notes.append(f"the shape of {known.id} was not confirmed against its weights")
    return known.model


def _shape_named(run: Run, name: str) -> KnownModel | None:
    """The model by its config.json, else by the table. A language model that a vision tower is put on is known by its whole name."""
    config, whole_name = config_at_hand(run, name), text(run.get("model.name"))
    if config is None:
        return find_model(whole_name or name) or find_model(name)
    alone = config.known is not None and config.known.model.vision is None
    if alone and whole_name and (whole_model := find_model(whole_name)) is not None and whole_model.model.vision is not None:
        return whole_model
    if config.known is None:
        raise NotEstimated(config.why)
    return config.known


def _batch(run: Run, notes: list[str]) -> tuple[int, int]:
    """Samples of a micro batch and tokens of a sample."""
    micro, length = positive(run, "batch.micro", 0), positive(run, "seq.max_len", 0)
    if not micro:
        micro = 1
        notes.append("batch.micro is not known: 1 is taken")
    if not length:
        length = DEFAULT_LENGTH
        notes.append(f"seq.max_len is not known: {DEFAULT_LENGTH} tokens are taken")
    return micro, length


def _reach(run: Run) -> float:
    """The share of the length that is allowed which the longest sample is taken to have: less than all where it is said not to pack."""
    value = run.get("batch.packing")
    said = isinstance(value, Known) and value.value is False and not is_default(value)
    return float(constants()["constants"]["unpacked_length"]["value"]) if said else 1.0


def _eval_batch(run: Run) -> int:
    """Samples of an evaluation batch; 0 where nothing is evaluated, or it is not known."""
    strategy = text(run.get("run.eval_strategy"))
    return positive(run, "batch.eval_micro", 0) if strategy not in (None, "no") else 0


def _profile(
    run: Run, model: Model, modes: dict[str, str], layout: Layout, quant: str, notes: list[str]
) -> tuple[Profile, int | None, int]:
    """How the framework trains, with what the official recipe of a model family adds where a run file says nothing of sharding.

    Returns the profile, the ZeRO stage and the elements of its reduce bucket.
    """
    profile, stage = profile_of(run.framework or text(run.get("launch.framework")) or ""), layout.stage
    if switch(run, "mem.unsloth"):
        profile = profile_of("unsloth")
    if switch(run, "precision.pure"):
        profile = replace(profile, autocast=False, adapter_bytes=2)
    recipe = constants()["recipes"].get(model.type)
    said = stage is not None or any(name.startswith(("par.", "ds.", "launch.launcher")) for name in run.values)
    if not recipe or said or profile is not profile_of("hf-trainer"):
        return profile, stage, 0
    chosen = recipe["full" if modes["llm"] == "full" else "qlora" if quant else "lora"]
    if "stage" in chosen:
        notes.append(f"ZeRO-{chosen['stage']} is taken: {recipe['source']} trains so")
    return replace(profile, **chosen.get("profile", {})), chosen.get("stage"), int(chosen.get("bucket", 0))


def _whole_experts(run: Run, model: Model, quant: str, notes: list[str]) -> bool:
    """Whether experts stay in 16 bits: with bitsandbytes from transformers 5 on; where the release is open, they are taken as quantised."""
    if quant not in ("nf4", "nf4-dq", "int8") or not any(layer.experts for layer in model.llm.layers):
        return False
    pin = run.versions.get("transformers")
    found = pin.specifiers.exact if pin is not None else None
    if found is None or run.framework == "axolotl":  # which quantises stacked experts itself
        notes.append("experts are taken as quantised; from transformers 5 on bitsandbytes leaves them in 16 bits, stacked as they are")
        return False
    return Version.parse("5") <= found


def _second_fsdp(run: Run, profile: Profile) -> bool:
    said = whole(run.get("par.fsdp.version"))
    return profile.fsdp2 if said is None else said == 2


def _checkpoints(run: Run, profile: Profile) -> bool:
    """Whether layers are checkpointed: as said, else as the framework does."""
    if is_said(run, "mem.ckpt_llm", "mem.ckpt"):
        return switch(run, "mem.ckpt_llm", "mem.ckpt")
    return profile.checkpoints


def _vision_checkpoint(run: Run, profile: Profile, checkpoint: bool) -> bool:
    if is_said(run, "mem.ckpt_vision"):
        return switch(run, "mem.ckpt_vision")
    return profile.checkpoints_vision and checkpoint


def _images(run: Run, model: Model, micro: int, usual: int) -> tuple[int, int]:
    """Images (tiles, frames) of a micro batch, and their patches."""
    vision = model.vision
    if vision is None:
        return 0, 0
    frames = positive(run, "media.frames", 1)
    images = micro * positive(run, "media.images", 1) * frames
    tiles = positive(run, "media.tiles", usual if frames == 1 else 1)
    if vision.image:
        edge = vision.image // vision.patch
        return images * tiles, images * tiles * edge * edge
    pixels = positive(run, "media.video_max_pixels" if frames > 1 else "media.max_pixels", 1280 * 28 * 28)
    return images, images * pixels // vision.patch**2
