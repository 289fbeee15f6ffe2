"""How long an optimizer step takes: arithmetic, what is gathered and reduced between cards, and what goes to the host and back.

A model of few terms, each with its source in `models/plan.json`: good for comparing settings, and for hours as a range.
"""

from lintune.memory.setting import Setting
from lintune.memory.weights import base_bytes, trained
from lintune.plan.facts import facts, figure
from lintune.plan.flops import work_of
from lintune.run.gpu import find_card
from lintune.source.record import dataclass

_OFF = 1.25
"""What is not arithmetic may take so much more or less."""
USUAL_TFLOPS = 312.0
"""Of an A100: taken for comparisons where the card is not known."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one optimizer step: as fast and as slow as such launches run, and in between."""

    fast: float
    slow: float
    middle: float
    """For comparing settings with each other."""
    tokens: int
    """Tokens that the whole run takes in per step, at the length that was asked for."""


@dataclass(frozen=True, slots=True)
class _Costs:
    """What a step takes beside the arithmetic, in seconds."""

    launch: float
    """Per micro batch: below this the card waits for the host to start kernels."""
    moved: float
    """Per micro batch: gathered, reduced, dequantised, brought from the host."""
    step: float
    """Once per step: the optimizer on the host."""


def pace_of(setting: Setting, card: str = "", length: int | None = None) -> Pace:
    """The pace of a setting on a card (its own where none is given), its samples `length` tokens long."""
    tflops = peak(card or setting.gpu_name) or USUAL_TFLOPS
    work = work_of(setting, length).total * setting.micro / setting.tensor / setting.context / setting.pipeline
    costs = _costs(setting, card or setting.gpu_name)
    low, high = facts()["speed"]["utilisation"]["value"]
    fast, slow, middle = (
        setting.accum * (max(work / (tflops * 1e12 * share), off * costs.launch) + off * costs.moved) + off * costs.step
        for share, off in ((high, 1 / _OFF), (low, _OFF), ((low * high) ** 0.5, 1.0))
    )
    replicas = max(1, setting.world // (setting.tensor * setting.context * setting.pipeline))
    return Pace(fast, slow, middle, setting.micro * setting.accum * replicas * (length or setting.length))


def seconds_per_token(setting: Setting, length: int) -> float:
    """The middle of the pace per token of samples of one length: what changes are compared by.

    The length is that of the launch as configured, also where a change cuts samples: no time is promised for what is not trained on.
    """
    pace = pace_of(setting, "", length)
    return pace.middle / pace.tokens


def peak(card: str) -> float | None:
    """The peak of a card in 1e12 operations a second; None where it is not known."""
    found = find_card(card) if card else None
    return found.tflops if found is not None else None


def _costs(setting: Setting, card: str) -> _Costs:
    what = trained(setting)
    passes = 3 if setting.checkpoint else 2
    launch = setting.model.llm.depth * figure("layer_seconds") * passes / 3 * (figure("zero3_hooks") if setting.stage == 3 else 1)
    exposed = 1 - figure("overlap")
    wire = figure("nvlink" if card in facts()["nvlink_cards"] or not card else "pcie")
    moved = step = 0.0
    weights = base_bytes(setting).bytes
    gradients = what.total * setting.element
    if setting.world > 1:
        sharded = setting.stage == 3 or (setting.fsdp and setting.reshard)
        if sharded:
            moved += exposed * (passes * weights + gradients) / wire
        elif setting.stage == 2 or setting.fsdp:
            moved += exposed * gradients / wire
        else:
            step += exposed * 2 * gradients / wire
    if setting.quant:
        each = figure("dequantise_gptq" if setting.quant.startswith(("gptq", "awq")) else "dequantise")
        moved += each * setting.model.llm.linear_elements
    shards = setting.shards
    if setting.offload_params:
        moved += passes * weights / shards / figure("pcie")
    if setting.offload_optimizer:
        step += what.total / figure("host_adam") + 2 * gradients / shards / figure("pcie")
    return _Costs(launch, moved, step)
