"""A run in the common vocabulary as the numbers of an estimate; what is missing is taken for granted and said."""

from lintune.memory.constants import constants, profile_of
from lintune.memory.optimizers import find_optimizer
from lintune.memory.setting import Profile, Setting
from lintune.models.catalogue import find_model
from lintune.models.shapes import Model
from lintune.models.targets import BadTarget, Target, find_targets
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.values.value import Absent, Data, Known

PARTS = ("llm", "embed", "lm_head", "vision", "projector")
_BYTES = {"fp32": 4, "float32": 4, "fp16": 2, "float16": 2, "bf16": 2, "bfloat16": 2, "16-bit": 2, "32-bit": 4}
_SAVED = {
    "embed": ("embed", "wte", "embedding", "word_embeddings"),
    "lm_head": ("lm_head", "output_layer", "embed_out"),
    "projector": ("projector", "resampler", "merger", "mlp1", "connector"),
    "vision": ("vision", "visual", "vpm"),
}
_NO = ("", "none", "no", "false", "off")
DEFAULT_LENGTH = 2048
_DEFAULT_BUCKET = 500_000_000
"""deepspeed/runtime/zero/config.py reduce_bucket_size."""


class NotEstimated(Exception):
    """Why there is no figure, in a sentence for people."""


def setting_of(run: Run, model: Model | None = None) -> Setting:
    """The setting of a run; `model` is used where the run names none that is known. Raises `NotEstimated`."""
    notes: list[str] = []
    shape = _model(run, model, notes)
    profile = profile_of(run.framework or text(run.get("launch.framework")) or "")
    modes = _modes(run, notes)
    targets, rank = _adapter(run, shape, modes)
    world = _positive(run, "derived.world_size", 0) or _world(run, notes)
    tensor, expert, context, pipeline = (_positive(run, f"par.{name}", 1) for name in ("tp", "ep", "cp", "pp"))
    for degree in (tensor * context * pipeline, expert * pipeline):
        if world % degree:
            kinds = f"tensor parallel {tensor} x context parallel {context} x pipeline {pipeline}, experts {expert}"
            raise NotEstimated(f"{world} processes cannot be split into {kinds}")
    megatron = _megatron(run, tensor * expert * pipeline)
    micro, length = _positive(run, "batch.micro", 0), _positive(run, "seq.max_len", 0)
    if not micro:
        micro = 1
        notes.append("batch.micro is not known: 1 is taken")
    if not length:
        length = DEFAULT_LENGTH
        notes.append(f"seq.max_len is not known: {DEFAULT_LENGTH} tokens are taken")
    images, patches = _images(run, shape, micro, profile.tiles)
    stage, fsdp = _stage(run), _fsdp(run)
    optimizer = _optimizer(run, notes)
    profile, stage, bucket = _recipe(run, shape, modes, profile, stage, notes)
    element = _element(run, stage)
    if stage is not None and fsdp:
        raise NotEstimated("DeepSpeed and FSDP are both on: only one of them can shard the model")
    return Setting(
        model=shape, framework=run.framework, profile=profile, modes=modes, targets=targets, rank=rank,
        dora=text(run.get("adapter.kind")) == "dora", dropout=_dropout(run, profile.dropout, rank),
        element=element, activation=_activation(run, element, profile, _quant(run)), quant=_quant(run),
        optimizer=optimizer, lowrank=_positive(run, "optim.lowrank_rank", 128),
        in_backward=_any(run, "optim.in_backward") or (run.framework == "torchtune" and "paged" in optimizer and world == 1),
        micro=micro, length=length, accum=_positive(run, "batch.accum", 1),
        checkpoint=_checkpoints(run, profile), checkpoint_vision=_vision_checkpoint(run, profile),
        packed=_any(run, "batch.packing"),
        attention=text(run.get("model.attn")) or "sdpa", fused_loss=_fused_loss(run), liger=_any(run, "mem.liger"),
        compiled=_any(run, "mem.compile"), activation_offload=_any(run, "mem.act_offload"),
        world=world, tensor=tensor, expert=expert,
        pipeline=pipeline,
        megatron=megatron, context=context, stage=stage, fsdp=fsdp,
        reshard="grad_op" not in (text(run.get("par.fsdp.strategy")) or "").lower(),
        offload_optimizer=_offloads(run, "par.ds.offload_opt") or _offloads(run, "par.fsdp.offload"),
        offload_params=_offloads(run, "par.ds.offload_param") or _offloads(run, "par.fsdp.offload"),
        bucket=_bucket(run) or bucket, images=images, patches=patches,
        gpu_bytes=whole(run.get("gpu.memory_bytes")), gpu_name=text(run.get("gpu.name")) or "", notes=tuple(notes),
    )  # fmt: skip


def _model(run: Run, given: Model | None, notes: list[str]) -> Model:
    if given is not None:
        return given
    name = text(run.get("model.id"))
    if not name:
        raise NotEstimated("the model is not known: `model.id` is missing; give its config.json with `--model-config PATH`")
    known = find_model(text(run.get("model.name")) or name) or find_model(name)
    if known is None:
        raise NotEstimated(f"`{name}` is not among the known models; give its config.json with `--model-config PATH`")
    if not known.exact_name:
        notes.append(f"`{name}` is taken for {known.id} by its name")
    if known.counted == "no":
        notes.append(f"the shape of {known.id} was not confirmed against its weights")
    return known.model


def _positive(run: Run, name: str, default: int) -> int:
    value = run.get(name)
    if isinstance(value, Absent):
        return default
    found = whole(value)
    if found is None:
        return default
    if found < 1:
        raise NotEstimated(f"`{name}` is {found}; it must be at least 1")
    return found


def _world(run: Run, notes: list[str]) -> int:
    processes, nodes = _positive(run, "launch.nproc", 0), _positive(run, "launch.nnodes", 1)
    if not processes:
        processes = whole(run.get("gpu.count")) or 1
        notes.append(f"the number of processes is not known: {processes} is taken")
    return processes * nodes


def _megatron(run: Run, divided: int) -> bool:
    """Whether Megatron trains: its launcher, or ms-swift with a degree that only its Megatron commands have."""
    swift = run.framework in ("swift", "ms-swift") and divided > 1 and not isinstance(run.get("par.ds.stage"), Known)
    return text(run.get("launch.launcher")) == "megatron" or swift


def _modes(run: Run, notes: list[str]) -> dict[str, str]:
    lora = text(run.get("adapter.kind")) not in (None, *_NO)
    modes = {part: mode for part in PARTS if (mode := text(run.get(f"tune.{part}.mode")))}
    if "llm" not in modes:
        modes["llm"] = "lora" if lora else "full"
        notes.append(f"tune.llm.mode is not known: {modes['llm']} is taken")
    if modes["llm"] == "conflict":
        modes["llm"] = "full"
    for part in ("embed", "lm_head"):
        modes.setdefault(part, "full" if modes["llm"] == "full" else "frozen")
    modes.setdefault("projector", "full" if modes["llm"] == "full" else "frozen")
    modes.setdefault("vision", "frozen")
    saved = run.get("adapter.modules_to_save")
    names = _names(saved.value) if isinstance(saved, Known) else ()
    for part, words in _SAVED.items():
        if any(word in name for name in names for word in words):
            modes[part] = "saved_copy"
    return modes


def _names(data: Data) -> tuple[str, ...]:
    if isinstance(data, str):
        return tuple(part.strip() for part in data.split(",") if part.strip())
    return tuple(str(part) for part in data) if isinstance(data, tuple) else ()


def _adapter(run: Run, model: Model, modes: dict[str, str]) -> tuple[tuple[Target, ...], int]:
    if not any("lora" in mode for mode in modes.values()):
        return (), 0
    rank = _positive(run, "adapter.rank", 8)
    value = run.get("adapter.targets")
    wanted: str | tuple[str, ...] = "q_proj,v_proj"
    if isinstance(value, Known) and value.value:
        wanted = value.value if isinstance(value.value, str) else _names(value.value)
    frozen = frozenset(part for part in ("vision", "projector", "audio") if modes.get(part, "frozen") == "frozen") | {"audio"}
    try:
        found = find_targets(model, wanted, frozen)
    except BadTarget as error:
        raise NotEstimated(str(error)) from None
    if not found:
        raise NotEstimated(f"`{wanted}` names no linear layer of this model")
    return found, rank


def _any(run: Run, *names: str) -> bool:
    """The first of these switches that is known."""
    for name in names:
        value = run.get(name)
        if isinstance(value, Known):
            return truth(value) is True
    return False


def _optimizer(run: Run, notes: list[str]) -> str:
    """The optimizer by name: the low-rank or block-wise one where it is chosen apart."""
    name = text(run.get("derived.effective_optim")) or text(run.get("optim.name")) or "adamw_torch"
    for kind in ("galore", "apollo", "badam"):
        if text(run.get("optim.lowrank")) == kind or _any(run, f"flag.use_{kind}"):
            eight = "_8bit" if kind == "galore" and "8bit" in name else ""
            layerwise = "_layerwise" if _any(run, "optim.lowrank_layerwise", f"flag.{kind}_layerwise") else ""
            return {"galore": "galore_adamw", "apollo": "apollo_adamw", "badam": "badam"}[kind] + eight + layerwise
    if find_optimizer(name) is None:
        notes.append(f"the states of `{name}` are not known: AdamW's are taken")
    return name


def _offloads(run: Run, name: str) -> bool:
    value = run.get(name)
    return isinstance(value, Known) and (value.value is True or (isinstance(value.value, str) and value.value.lower() not in _NO))


def _stage(run: Run) -> int | None:
    stage = whole(run.get("par.ds.stage"))
    if stage is not None and stage not in (0, 1, 2, 3):
        raise NotEstimated(f"ZeRO has stages 0 to 3, not {stage}")
    return stage


def _fsdp(run: Run) -> bool:
    mode = run.get("par.fsdp.mode")
    named = isinstance(mode, Known) and bool(mode.value) and str(mode.value).lower() not in _NO
    strategy = text(run.get("par.fsdp.strategy"))
    return named or _any(run, "par.fsdp.on") or bool(strategy and strategy.lower() not in ("no_shard", *_NO))


def _activation(run: Run, element: int, profile: Profile, quant: str) -> int:
    """Bytes of an activation: those of the type that is computed in; an fp32 embedding without autocast makes all of them fp32."""
    if profile.upcast and not profile.autocast and quant in ("nf4", "nf4-dq", "int8"):
        return 4
    return _BYTES.get(text(run.get("precision.compute")) or "", element)


def _recipe(
    run: Run, model: Model, modes: dict[str, str], profile: Profile, stage: int | None, notes: list[str]
) -> tuple[Profile, int | None, int]:
    """What the official recipe of a model family adds where a run file says nothing of sharding: profile, ZeRO stage and bucket."""
    recipe = constants()["recipes"].get(model.type)
    said = stage is not None or any(name.startswith(("par.", "ds.", "launch.launcher")) for name in run.values)
    if not recipe or said or profile is not profile_of("hf-trainer"):
        return profile, stage, 0
    kind = "full" if modes["llm"] == "full" else "qlora" if _quant(run) else "lora"
    chosen = recipe[kind]
    if "stage" in chosen:
        notes.append(f"ZeRO-{chosen['stage']} is taken: {recipe['source']} trains so")
    return replace(profile, **chosen.get("profile", {})), chosen.get("stage"), int(chosen.get("bucket", 0))


def _element(run: Run, stage: int | None) -> int:
    weights = text(run.get("precision.weights")) or text(run.get("model.load_dtype")) or text(run.get("precision.compute")) or "bf16"
    compute = text(run.get("precision.compute")) or weights
    if stage is not None and _BYTES.get(compute, 4) == 2:
        return 2
    return _BYTES.get(weights, 2)


def _quant(run: Run) -> str:
    method, bits = text(run.get("model.quant.method")), whole(run.get("model.quant.bits"))
    if not method or method.lower() in _NO:
        return "nf4" if bits == 4 else "int8" if bits == 8 else ""
    if method.startswith(("bnb", "bitsandbytes")):
        return "int8" if bits == 8 else "nf4-dq" if _any(run, "model.quant.double") else "nf4"
    name = f"{method}{bits or 4}" if method != "fp8" else "fp8"
    if name not in constants()["quantised"]:
        raise NotEstimated(f"the quantisation `{method}` with {bits} bits is not known")
    return name


def _vision_checkpoint(run: Run, profile: Profile) -> bool:
    if isinstance(run.get("mem.ckpt_vision"), Known):
        return _any(run, "mem.ckpt_vision")
    return profile.checkpoints_vision and _checkpoints(run, profile)


def _checkpoints(run: Run, profile: Profile) -> bool:
    """Whether layers are checkpointed: as said, else as the framework does."""
    said = any(isinstance(run.get(name), Known) for name in ("mem.ckpt_llm", "mem.ckpt"))
    return _any(run, "mem.ckpt_llm", "mem.ckpt") if said else profile.checkpoints


def _bucket(run: Run) -> int:
    """Elements of DeepSpeed's reduce bucket: as its file says, else the library's default; 0 where no file was read."""
    said = run.get("ds.zero_optimization.reduce_bucket_size")
    if isinstance(said, Absent):
        return _DEFAULT_BUCKET if text(run.get("par.ds.file")) else 0
    return whole(said) or 0


def _dropout(run: Run, default: bool, rank: int) -> bool:
    value = run.get("adapter.dropout")
    if isinstance(value, Known) and isinstance(value.value, (int, float)):
        return value.value > 0
    return default and rank > 0


def _fused_loss(run: Run) -> str:
    kernels = run.get("mem.kernels")
    names = _names(kernels.value) if isinstance(kernels, Known) else ()
    if any("cut_cross_entropy" in name or "cce" in name for name in names):
        return "cce"
    return "liger" if _any(run, "mem.liger") else ""


def _images(run: Run, model: Model, micro: int, usual: int) -> tuple[int, int]:
    """Images of a micro batch, and their patches."""
    vision = model.vision
    if vision is None:
        return 0, 0
    images = micro * _positive(run, "media.images", 1)
    tiles = _positive(run, "media.tiles", usual)
    if vision.image:
        edge = vision.image // vision.patch
        return images * tiles, images * tiles * edge * edge
    pixels = _positive(run, "media.max_pixels", 1280 * 28 * 28)
    return images, images * pixels // vision.patch**2
