"""What a run trains and in which types: modes of the parts, adapters, quantisation, optimizer, precision."""

from lintune.memory.asked import NOTHING, NotEstimated, listed, names_of, positive, switch, word
from lintune.memory.constants import constants
from lintune.memory.optimizers import find_optimizer
from lintune.memory.setting import Profile
from lintune.models.shapes import Model
from lintune.models.targets import BadTarget, Target, find_targets
from lintune.run.known import text, whole
from lintune.run.run import Run
from lintune.values.value import Known

PARTS = ("llm", "embed", "lm_head", "vision", "projector")
BYTES = {"fp32": 4, "float32": 4, "tf32": 4, "fp16": 2, "float16": 2, "bf16": 2, "bfloat16": 2, "16-bit": 2, "32-bit": 4, "fp8": 2}
"""Bytes of an element of a type (of activations under fp8, whose layers return 16 bits)."""
_MODES = ("frozen", "full", "lora", "lora+full", "saved_copy", "topk", "first", "partial", "conflict")
_SAVED = {
    "embed": ("embed", "wte", "embedding", "word_embeddings"),
    "lm_head": ("lm_head", "output_layer", "embed_out"),
    "projector": ("projector", "resampler", "merger", "mlp1", "connector"),
    "vision": ("vision", "visual", "vpm"),
}
_LOW_RANK = {"galore": "galore_adamw", "apollo": "apollo_adamw", "badam": "badam"}
_TINY = ("vera", "ia3", "fourierft", "vblora", "prompt", "prompt_tuning", "ptuning", "p_tuning", "ln_tuning", "reft", "randlora", "xs")
"""Adapters with so few weights that they do not show: counted as rank 1."""


def modes_of_parts(run: Run, notes: list[str]) -> tuple[dict[str, str], int]:
    """The mode of each part, and how many layers of the language model are trained where it is not all (0: all of them)."""
    adapter = word(run, "adapter.kind")
    modes = {part: mode for part in PARTS if (mode := text(run.get(f"tune.{part}.mode")))}
    if "llm" not in modes:
        modes["llm"] = "lora" if adapter else "full"
        notes.append(f"tune.llm.mode is not known: {modes['llm']} is taken")
    _check_modes(modes)
    if modes["llm"] == "conflict":
        notes.append(
            "the launch is refused, since full tuning and LoRA exclude each other: LoRA alone is estimated; `full` is the other way"
        )
        modes = {part: "lora" if part == "llm" else "frozen" if mode == "conflict" else mode for part, mode in modes.items()}
    layers = _some_layers(modes["llm"])
    if layers:
        modes["llm"] = "full"
    for part in ("embed", "lm_head", "projector"):
        modes.setdefault(part, "full" if modes["llm"] == "full" and not layers else "frozen")
    modes.setdefault("vision", "frozen")
    if adapter and not any("lora" in mode for mode in modes.values()):
        notes.append(f"adapter.kind is `{adapter}`, but no part is tuned with it")
    names = listed(run, "adapter.modules_to_save")
    for part, words in _SAVED.items():
        if any(each in name for name in names for each in words):
            modes[part] = "saved_copy"
    if not any(mode != "frozen" for mode in modes.values()):
        notes.append("nothing is trained of the parts that are counted")
    return modes, layers


def _check_modes(modes: dict[str, str]) -> None:
    for part, mode in modes.items():
        if mode.partition(":")[0] not in _MODES:
            raise NotEstimated(f"`tune.{part}.mode` is `{mode}`; known are {', '.join(_MODES[:5])}, topk:N and first:N")


def _some_layers(mode: str) -> int:
    """The number in `topk:2` or `first:2`."""
    kind, _, count = mode.partition(":")
    return int(count) if kind in ("topk", "first") and count.isdigit() else 0


def adapter_of(run: Run, model: Model, modes: dict[str, str]) -> tuple[tuple[Target, ...], int]:
    """LoRA's targets and rank; none where nothing has an adapter."""
    if not any("lora" in mode for mode in modes.values()):
        return (), 0
    kind = word(run, "adapter.kind")
    rank = 1 if kind.startswith(_TINY) else positive(run, "adapter.rank", 8)
    value = run.get("adapter.targets")
    wanted: str | tuple[str, ...] = "q_proj,v_proj"
    if isinstance(value, Known) and value.value:
        wanted = value.value if isinstance(value.value, str) else names_of(value.value)
    frozen = frozenset(part for part in ("vision", "projector", "audio") if modes.get(part, "frozen") == "frozen") | {"audio"}
    try:
        found = find_targets(model, wanted, frozen)
    except BadTarget as error:
        raise NotEstimated(str(error)) from None
    if not found:
        raise NotEstimated(f"`{wanted}` names no linear layer of this model")
    return found, rank


def optimizer_of(run: Run, notes: list[str]) -> str:
    """The optimizer by name: the low-rank or block-wise one where it is chosen apart."""
    name = text(run.get("derived.effective_optim")) or text(run.get("optim.name")) or "adamw_torch"
    for kind, entry in _LOW_RANK.items():
        if word(run, "optim.lowrank") == kind or switch(run, f"flag.use_{kind}"):
            eight = "_8bit" if kind == "galore" and "8bit" in name else ""
            layerwise = "_layerwise" if switch(run, "optim.lowrank_layerwise", f"flag.{kind}_layerwise") else ""
            return entry + eight + layerwise
    if find_optimizer(name) is None:
        notes.append(f"the states of `{name}` are not known: AdamW's are taken")
    return name


def quantisation(run: Run) -> str:
    """A key of `quantised` in `models/memory.json`; empty without."""
    method, bits = word(run, "model.quant.method"), whole(run.get("model.quant.bits"))
    if not method:
        return "nf4" if bits == 4 else "int8" if bits == 8 else ""
    if method.startswith(("bnb", "bitsandbytes")):
        return "int8" if bits == 8 else "nf4-dq" if switch(run, "model.quant.double") else "nf4"
    name = f"{method}{bits or 4}" if method not in ("fp8", "mxfp4") else method
    if name not in constants()["quantised"]:
        raise NotEstimated(f"the quantisation `{method}` with {bits} bits is not known")
    return name


def weight_bytes(run: Run, stage: int | None, notes: list[str]) -> int:
    """Bytes of a weight that is not quantised: 2 under DeepSpeed with 16 bits, which casts the model."""
    weights = text(run.get("precision.weights")) or text(run.get("model.load_dtype")) or text(run.get("precision.compute")) or "bf16"
    compute = text(run.get("precision.compute")) or weights
    if stage is not None and BYTES.get(compute, 4) == 2:
        return 2
    unknown = [name for name in dict.fromkeys((weights, compute)) if name not in BYTES and name != "auto"]
    notes.extend(f"the type `{name}` is not known: {8 * BYTES.get(weights, 2)} bits are taken" for name in unknown)
    return BYTES.get(weights, 2)


def activation_bytes(run: Run, element: int, profile: Profile, quant: str) -> int:
    """Bytes of an activation: those of the type that is computed in; an fp32 embedding without autocast makes all of them fp32."""
    if profile.upcast and not profile.autocast and quant in ("nf4", "nf4-dq", "int8"):
        return 4
    return BYTES.get(text(run.get("precision.compute")) or "", element)


def dropout_of(run: Run, default: bool, rank: int) -> bool:
    """Whether LoRA has dropout."""
    value = run.get("adapter.dropout")
    if isinstance(value, Known) and isinstance(value.value, (int, float)):
        return value.value > 0
    return default and rank > 0


def fused_loss(run: Run) -> str:
    """`liger`, `cce` or empty: how the loss avoids the logits of all tokens."""
    if any("cut_cross_entropy" in name or "cce" in name for name in listed(run, "mem.kernels")):
        return "cce"
    return "liger" if switch(run, "mem.liger") else "cce" if switch(run, "mem.unsloth") else ""


def stage_of(run: Run) -> str:
    """`sft`, `dpo`, `rm` and the like; `sft` where it is not known."""
    found = word(run, "task.stage")
    return found if found and found not in NOTHING else "sft"
