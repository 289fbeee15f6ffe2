"""How much there is to do: samples, steps, tokens, hours on a kind of card, and what checkpoints take on disk."""

from lintune.memory.setting import Setting
from lintune.memory.states import states_of
from lintune.memory.weights import adapter_element, trained
from lintune.plan.facts import facts
from lintune.plan.flops import work_of
from lintune.plan.speed import pace_of, peak
from lintune.run.gpu import parse_gpu
from lintune.run.known import number, text, truth, whole
from lintune.run.run import Run
from lintune.source.record import dataclass, replace


@dataclass(frozen=True, slots=True)
class Data:
    """What is trained on."""

    samples: int | None = None
    """Of one epoch; None where it is not known."""
    source: str = ""
    """Where that is known from."""
    tokens: int | None = None
    """Mean tokens of a sample; None where not said: the longest is taken, an upper bound unless samples are packed."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The whole run on one kind of card."""

    card: str
    tflops: float
    low: float
    high: float
    """Hours."""
    gpus: int
    verdict: str
    """Whether the launch fits there; empty where it was not looked at."""

    @property
    def gpu_hours(self) -> tuple[float, float]:
        """Hours times cards."""
        return self.low * self.gpus, self.high * self.gpus


@dataclass(frozen=True, slots=True)
class Effort:
    """What a run takes."""

    data: Data
    global_batch: int
    steps: int | None
    """Optimizer steps; None where neither samples nor `max_steps` are known."""
    tokens_per_sample: int
    tokens: int | None
    """Of the whole run; an upper bound where the mean length is not known."""
    flops_per_sample: float
    seconds_per_step: tuple[float, float] | None
    """On the launch's own card."""
    hours: tuple[Hours, ...]
    """On its own card first."""


def effort_of(run: Run, setting: Setting, data: Data, fits: dict[str, str] | None = None) -> Effort:
    """The effort of a launch; `fits` holds the cards to compare with, with whether it fits there."""
    length = min(data.tokens or setting.length, setting.length)
    replicas = max(1, setting.world // (setting.tensor * setting.context * setting.pipeline))
    batch = setting.micro * setting.accum * replicas
    steps = _steps(run, data, batch)
    own = peak(setting.gpu_name)
    pace = pace_of(setting, "", length) if own else None
    cards = {setting.gpu_name: "", **(fits or {})} if own else dict(fits or {})
    return Effort(
        data,
        batch,
        steps,
        length,
        steps * batch * length if steps is not None else None,
        work_of(setting, length).total,
        (pace.fast, pace.slow) if pace else None,
        tuple(_hours(setting, card, length, steps, said) for card, said in cards.items()) if steps is not None else (),
    )


def _steps(run: Run, data: Data, batch: int) -> int | None:
    most = whole(run.get("run.max_steps"))
    if most is not None and most > 0:
        return most
    epochs = number(run.get("run.epochs"))
    if data.samples is None or epochs is None:
        return None
    return max(1, round(-(-data.samples // batch) * epochs))


def _hours(setting: Setting, card: str, length: int, steps: int, verdict: str) -> Hours:
    name = parse_gpu(card).name
    pace = pace_of(replace(setting, gpu_name=name), name, length)
    return Hours(card, peak(name) or 0.0, steps * pace.fast / 3600, steps * pace.slow / 3600, setting.world, verdict)


def usual_cards() -> tuple[str, ...]:
    """Cards that a launch is compared on."""
    return tuple(facts()["usual_cards"])


@dataclass(frozen=True, slots=True)
class Disk:
    """Checkpoints in bytes."""

    model: int
    """What is saved of the model: all of it, or the adapter with saved copies."""
    states: int
    """Optimizer states and master weights of a checkpoint that training can go on from."""
    kept: int | None
    """How many checkpoints stand at once at most; None where that is not known."""

    @property
    def each(self) -> int:
        """One checkpoint."""
        return self.model + self.states

    @property
    def most(self) -> int | None:
        """All that stand at once."""
        return self.each * self.kept if self.kept is not None else None


def disk_of(run: Run, setting: Setting, steps: int | None) -> Disk:
    """The checkpoints of a launch, over all of its processes."""
    what = trained(setting)
    if setting.targets:
        model = what.adapters * adapter_element(setting) + what.copies * setting.element
    else:
        model = setting.model.params * setting.element
    alone = states_of(replace(setting, world=1, tensor=1, offload_optimizer=False, offload_params=False), what)
    states = alone.master.bytes + alone.optimizer.bytes + alone.host
    if truth(run.get("run.save_only_model")) is True:
        states = 0
    return Disk(model, states, _kept(run, steps))


def _kept(run: Run, steps: int | None) -> int | None:
    strategy, every = text(run.get("run.save_strategy")), number(run.get("run.save_steps"))
    if strategy == "no":
        return 0
    if strategy == "epoch":
        epochs = number(run.get("run.epochs"))
        made = int(epochs) if epochs is not None else None
    elif steps is not None and every:
        made = int(steps // (every if every >= 1 else max(1.0, every * steps)))
    else:
        made = None
    limit = whole(run.get("run.save_limit"))
    if limit is not None and limit > 0:
        # the newest is written before the oldest goes
        return min(made, limit + 1) if made is not None else limit + 1
    return made
