"""The peak of a run's memory per GPU: resident states and the worst phase.

    allocated = weights + states + live and communication buffers + max(loss phase, layer phase, step phase)
    reserved  = allocated x (1 + fragmentation) + a constant;   device = reserved + context

The phases: *loss* (all kept activations, logits and their gradients), *layer* (kept activations, one layer computed again and its
temporaries), *step* (all gradients and the optimizer's temporaries), *load* (what stands while weights are read).
"""

from lintune.memory.activations import attention_moment, backward_temporaries, stack_bytes
from lintune.memory.constants import value
from lintune.memory.loss import held_logits, loss_part
from lintune.memory.megatron import megatron_states, megatron_weights
from lintune.memory.setting import Part, Setting
from lintune.memory.sharding import buffers, live_params, shard_weights
from lintune.memory.states import states_of
from lintune.memory.weights import Trained, total_params, trained
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """Memory of one GPU, in bytes."""

    allocated: int
    reserved: int
    device: int
    low: int
    high: int
    components: tuple[Part, ...]
    """At the moment of the peak."""
    phases: tuple[Part, ...]
    host: int
    total_params: int
    trained: Trained
    notes: tuple[str, ...]

    def fits(self, capacity: int) -> str:
        """`fits`, `uncertain` or `does not fit`."""
        if self.high <= capacity:
            return "fits"
        return "does not fit" if self.low > capacity else "uncertain"


def estimate(setting: Setting) -> Estimate:
    """The estimate of a setting."""
    what = trained(setting)
    states = megatron_states(setting, what) if setting.megatron else states_of(setting, what)
    weights, adapters, host_weights = (megatron_weights if setting.megatron else shard_weights)(setting, what)
    live = live_params(setting)
    comm = buffers(setting, what)
    resident = [weights, adapters, states.master, states.optimizer, live, comm]
    base = sum(part.bytes for part in resident)
    held = _held(setting, states.gradients)
    kept, layer, vision = _activations(setting, what)
    loss = loss_part(setting)
    spread = _dequantised(setting)
    cache = _autocast_cache(setting)
    logits = held_logits(setting)
    step_moment = [states.gradients, states.step, logits]
    moments: dict[str, list[Part]] = {
        "loss": [held, kept, vision, loss, cache],
        "layer": [held, kept, vision, layer, spread, cache, logits],
        "step": step_moment,
    }
    sizes = {name: base + sum(part.bytes for part in parts) for name, parts in moments.items()}
    worst = max(sizes, key=lambda name: sizes[name])
    allocated = sizes[worst]
    phases = (
        Part("load", weights.bytes + adapters.bytes, "weights while they are read"),
        *(Part(name, size, "") for name, size in sizes.items()),
    )
    components = tuple(part for part in (*resident, *moments[worst]) if part.bytes > 0)
    reserved, device, low, high = band(setting, allocated, max(sizes["step"], base + held.bytes))
    return Estimate(
        allocated,
        reserved,
        device,
        low,
        high,
        components,
        phases,
        states.host + host_weights,
        total_params(setting, what),
        what,
        setting.notes,
    )


def band(setting: Setting, allocated: int, certain: int) -> tuple[int, int, int, int]:
    """Reserved, device, and the bounds of device; `certain` is the part of `allocated` that no length changes."""
    profile = setting.profile
    reserved = int(allocated * (1 + profile.fragmentation) + profile.reserved_constant)
    if setting.attention == "eager":
        reserved += int(value("eager_fragmentation") * setting.tokens * setting.model.llm.heads * setting.length)
    if setting.activation == 4 and setting.quant:
        reserved += int(value("logits_fragmentation") * held_logits(setting).bytes)
    device = int(reserved + value("context"))
    reached = 1.0 if setting.packed or profile.full_length else value("reached_length")
    low = value("band_low") * (min(certain, allocated) + reached * max(0, allocated - certain))
    return reserved, device, int(low), int(device * value("band_high"))


def _held(setting: Setting, gradients: Part) -> Part:
    """Gradients that are alive during forward and backward passes: with accumulation, and in DeepSpeed's buffers."""
    always = setting.accum > 1 or setting.stage is not None or setting.megatron
    return Part("gradients", gradients.bytes if always else 0, gradients.formula)


def _activations(setting: Setting, what: Trained) -> tuple[Part, Part, Part]:
    """Kept activations of the language model, one layer computed again, and what the vision tower keeps."""
    model, tokens, e = setting.model, setting.tokens, setting.activation
    total, most = stack_bytes(setting, model.llm, "llm")
    h, depth = model.llm.hidden, model.llm.depth
    split = setting.tensor
    last = tokens * h * (4 * e if setting.trains("llm") else 2 * e)
    temporaries = tokens * backward_temporaries(setting, model.llm)
    scores = tokens * attention_moment(setting, model.llm)
    again = max(tokens * most + temporaries, scores) / split
    if setting.checkpoint:
        layers = 2 if setting.activation_offload else depth
        kept = Part(
            "activations",
            int(tokens * e * h * layers + last),
            f"{e} B x {tokens:,} tokens x {h} x {layers} layer inputs, and the last norm's",
        )
        return kept, Part("recomputed layer", int(again), f"{most:,.0f} B x {tokens:,} tokens, and temporaries"), _vision(setting)
    factor = value("compiled") if setting.compiled else 1.0
    kept = Part(
        "activations",
        int(tokens * total * factor / split + last),
        f"{total / depth:,.0f} B x {tokens:,} tokens x {depth} layers on average",
    )
    temporaries = max(temporaries, scores - tokens * most)
    return kept, Part("backward temporaries", int(temporaries / split), "8 h + 4 i per token"), _vision(setting)


def _vision(setting: Setting) -> Part:
    """What a trained (or adapted) vision tower keeps; a frozen one keeps nothing."""
    vision = setting.model.vision
    tuned = setting.trains("vision") or any(target.part == "vision" for target in setting.targets)
    if vision is None or not setting.patches:
        return Part("vision activations", 0, "")
    h = vision.stack.hidden
    if not tuned:
        size = setting.patches * 12 * h
        return Part("vision activations", size, f"a frozen tower's output and temporaries: 12 B x {setting.patches:,} patches x {h}")
    total, most = stack_bytes(setting, vision.stack, "vision")
    if setting.checkpoint_vision:
        return Part(
            "vision activations", int(setting.patches * (2 * h * vision.stack.depth + most)), f"checkpointed, {setting.patches:,} patches"
        )
    return Part(
        "vision activations",
        int(setting.patches * total),
        f"{total / vision.stack.depth:,.0f} B x {setting.patches:,} patches x {vision.stack.depth} layers",
    )


def _autocast_cache(setting: Setting) -> Part:
    """The 16-bit copies of fp32 weights that autocast keeps through forward and backward pass."""
    if setting.element != 4 or setting.activation != 2 or setting.quant:
        return Part("autocast copies", 0, "")
    count = setting.model.llm.linear_elements
    return Part("autocast copies", 2 * count, f"2 B x {count:,} weights of linear layers")


def _dequantised(setting: Setting) -> Part:
    """The 16-bit copy of the largest quantised matrix."""
    if not setting.quant:
        return Part("dequantised", 0, "")
    largest = max(
        (linear.fan_in * linear.fan_out for layer in setting.model.llm.layers for linear in layer.linears if linear.copies == 1), default=0
    )
    if not setting.quant.startswith(("gptq", "awq")):
        return Part("dequantised", 2 * largest, f"2 B x {largest:,} weights of the largest quantised matrix")
    each, layer = value("gptq_unpacked"), max(layer.linear_elements for layer in setting.model.llm.layers)
    size = int(each * largest) + 2 * layer
    return Part(
        "dequantised", size, f"{each:g} B x {largest:,} weights of a matrix being unpacked, 2 B x {layer:,} of the layer kept for backward"
    )
