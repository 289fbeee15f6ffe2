"""The peak of a run's memory per GPU: resident states and the worst phase.

    allocated = weights + states + live and communication buffers + max(loss phase, layer phase, step phase, evaluation), or the load phase
    reserved  = allocated x (1 + fragmentation) + a constant;   device = reserved + context

The phases: *load* (what stands while weights are read), *loss* (all kept activations, logits and their gradients), *layer* (kept
activations, one layer computed again and its temporaries), *step* (all gradients and the optimizer's temporaries), *evaluation*.
"""

from lintune.memory.constants import value
from lintune.memory.loading import host_load, load_part
from lintune.memory.loss import held_logits, loss_part
from lintune.memory.megatron import megatron_states, megatron_weights
from lintune.memory.moments import activations, autocast_copies, dequantised, evaluation, vision
from lintune.memory.setting import REFERENCES, Part, Setting
from lintune.memory.sharding import buffers, live_params, shard_weights
from lintune.memory.states import states_of, tied_gradient
from lintune.memory.weights import Trained, total_params, trained
from lintune.source.record import dataclass, replace


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
    """Load, loss, layer, step, and evaluation where there is one: what is allocated at the peak of each."""
    host: int
    """Bytes in the memory of the machine per GPU while the run trains."""
    host_load: int
    """Bytes in the memory of the machine, of all its processes, while weights are read."""
    total_params: int
    trained: Trained
    notes: tuple[str, ...]

    def fits(self, capacity: int) -> str:
        """`fits`, `uncertain` or `does not fit`."""
        if self.high <= capacity:
            return "fits"
        return "does not fit" if self.low > capacity else "uncertain"

    @property
    def phase(self) -> str:
        """The phase in which the peak stands."""
        return max(self.phases, key=lambda part: part.bytes).name


@dataclass(frozen=True, slots=True)
class _Peak:
    """The sums of one setting, whatever its band."""

    components: tuple[Part, ...]
    phases: tuple[Part, ...]
    certain: int
    """What no length changes."""
    host: int

    @property
    def allocated(self) -> int:
        """The peak over all phases."""
        return max(part.bytes for part in self.phases)


def estimate(setting: Setting) -> Estimate:
    """The estimate of a setting."""
    what = trained(setting)
    peak = _peak(setting, what)
    whole = _peak(replace(setting, reach=1.0), what) if setting.reach < 1 else peak
    reserved = _reserved(setting, peak.allocated)
    device = int(reserved + value("context"))
    longest = _reserved(replace(setting, reach=1.0), whole.allocated) + value("context")
    reached = 1.0 if setting.packed or setting.profile.full_length else value("reached_length")
    low = value("band_low") * (min(peak.certain, peak.allocated) + reached * max(0, peak.allocated - peak.certain))
    return Estimate(
        peak.allocated, reserved, device, int(low), int(longest * value("band_high")), peak.components, peak.phases, peak.host,
        host_load(setting), total_params(setting, what), what, (*setting.notes, *_notes(setting)),
    )  # fmt: skip


def _peak(setting: Setting, what: Trained) -> _Peak:
    states = megatron_states(setting, what) if setting.megatron else states_of(setting, what)
    weights, adapters, host_weights = (megatron_weights if setting.megatron else shard_weights)(setting, what)
    reference = _reference(setting, weights)
    resident = [weights, adapters, reference, states.master, states.optimizer, live_params(setting), buffers(setting, what)]
    base = sum(part.bytes for part in resident)
    held = _held(setting, states.gradients)
    kept, layer = activations(setting)
    seen, cache, logits = vision(setting), autocast_copies(setting), held_logits(setting)
    moments: dict[str, list[Part]] = {
        "loss": [held, kept, seen, loss_part(setting), cache],
        "layer": [held, kept, seen, layer, dequantised(setting), logits, *(() if setting.checkpoint else (cache,))],
        "step": [states.gradients, max(states.step, tied_gradient(setting), key=lambda part: part.bytes), logits],
    }
    if setting.eval_micro:
        moments["evaluation"] = [evaluation(setting)]
    loading = load_part(setting, weights.bytes + adapters.bytes + reference.bytes)
    phases = (loading, *(Part(name, base + sum(part.bytes for part in parts), "") for name, parts in moments.items()))
    worst = max(phases, key=lambda part: part.bytes)
    parts = (loading,) if worst is loading else (*resident, *moments[worst.name])
    certain = base + max(held.bytes, states.gradients.bytes + states.step.bytes)
    return _Peak(tuple(part for part in parts if part.bytes > 0), phases, certain, states.host + host_weights)


def _reserved(setting: Setting, allocated: int) -> int:
    """What the allocator holds: beyond what is allocated, blocks of freed scores and logits that do not fit what comes next."""
    profile = setting.profile
    reserved = allocated * (1 + profile.fragmentation) + profile.reserved_constant
    if setting.attention == "eager":
        reserved += value("eager_fragmentation") * setting.tokens * setting.model.llm.heads * setting.reached
    if setting.activation == 4 and setting.quant:
        reserved += value("logits_fragmentation") * held_logits(setting).bytes
    return int(reserved)


def _held(setting: Setting, gradients: Part) -> Part:
    """Gradients that are alive during forward and backward passes: with accumulation, and in DeepSpeed's buffers."""
    always = setting.accum > 1 or setting.stage is not None or setting.megatron
    return Part("gradients", gradients.bytes if always else 0, gradients.formula)


def _reference(setting: Setting, weights: Part) -> Part:
    """The reference model of preference tuning: a copy where all weights are tuned, the base without its adapter where LoRA is."""
    if setting.task not in REFERENCES or setting.targets or not setting.trains("llm"):
        return Part("reference model", 0, "")
    return Part("reference model", weights.bytes, "a second copy of the weights")


def _notes(setting: Setting) -> tuple[str, ...]:
    """What an estimate leaves out or takes for granted, beyond what was not said."""
    found = []
    if setting.reach < 1:
        found.append(
            f"without packing the longest sample is taken at {setting.reached:,} of {setting.length:,} tokens; the upper bound takes all"
        )
    if setting.task == "ppo":
        found.append("the reward and value models of PPO are not counted")
    if setting.task in ("grpo", "ppo"):
        found.append("what generates completions (vLLM on the same card, the cache of keys and values) is not counted")
    return tuple(found)
