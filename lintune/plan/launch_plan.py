"""The plan of one launch: what fits, what each change is worth, the ceilings, a better use of what is free, and the effort."""

from collections.abc import Mapping

from lintune.memory.calibration import estimator_for
from lintune.memory.cards import on_cards
from lintune.memory.estimate import Estimate, estimate
from lintune.memory.modes import Estimator, tuning_name
from lintune.memory.reading import NotEstimated, setting_of
from lintune.memory.setting import Setting
from lintune.models.shapes import Model
from lintune.plan.change import Change, applied
from lintune.plan.effort import Data, Disk, Effort, disk_of, effort_of, usual_cards
from lintune.plan.knobs import Media, shrinking
from lintune.plan.prices import Ceiling, Price, ceilings, prices
from lintune.plan.room import growing
from lintune.plan.search import Plan, Search, faster, smaller
from lintune.plan.spelling import UNKNOWN, spelled
from lintune.plan.vetting import Vetting
from lintune.plan.writing import Written, written
from lintune.run.gpu import GIB, parse_gpu, usable_bytes
from lintune.run.known import truth, whole
from lintune.run.run import Run
from lintune.source.record import dataclass, replace
from lintune.values.value import Data as Plain

_MOST_CARDS = 512
"""Nobody asks for more to make a fine-tuning fit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked for."""

    gpu: str = ""
    budget: int = 0
    """Bytes per card that may be used; 0: what the card has less what is in use."""
    in_use: int = 0
    data: Data = Data()
    model: Model | None = None
    calibrated: bool = True
    """Whether the user's calibration counts."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan with what writes it."""

    plan: Plan
    written: Written


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What `lintune plan` says of one launch, or why there is nothing to say."""

    path: str
    problem: str = ""
    setting: Setting | None = None
    found: Estimate | None = None
    tuning: str = ""
    capacity: int = 0
    fitting: tuple[Offer, ...] = ()
    """Changes that make it fit, where it does not certainly fit."""
    better: tuple[Offer, ...] = ()
    """Changes that use what is free, where it fits."""
    prices: tuple[Price, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    ceilings_of: str = ""
    """What the ceilings are of, where it is not the launch as configured."""
    smallest: int = 0
    """Bytes of the least that was found, where nothing fits."""
    unspelled: tuple[tuple[str, str], ...] = ()
    """Changes that the framework has no setting for, with the reason."""
    effort: Effort | None = None
    disk: Disk | None = None
    refused: tuple[tuple[str, str], ...] = ()
    """Plans that would fit but bring an error of their own, with the error."""
    fits_on: tuple[str, ...] = ()
    """Cards that are used most and that the launch certainly fits as configured."""
    enough: int | None = None
    """Cards of its own kind on which it certainly fits as configured; None where more of them do not help."""
    hours: tuple[tuple[float, float] | None, ...] = ()
    """Of each offer on the launch's own card, where steps and card are known."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The plans by number."""
        return self.fitting or self.better


def plan_of(run: Run, asked: Asked) -> LaunchPlan:
    """The plan of a launch."""
    try:
        setting = on_cards(setting_of(run, asked.model), run, asked.gpu, asked.in_use)
    except (NotEstimated, ValueError) as error:
        return LaunchPlan(run.path, str(error))
    if not asked.budget and not setting.gpu_bytes:
        named = f"the memory of `{setting.gpu_name}` is not known" if setting.gpu_name else "the GPU is not known"
        return LaunchPlan(run.path, f"{named}: give it with `--gpu 8xA100-80G`, or the bytes to use with `--budget 24`")
    capacity = asked.budget or usable_bytes(setting.gpu_name, setting.gpu_bytes or 0) - asked.in_use
    return _Planner(run, setting, capacity, asked, estimator_for(setting) if asked.calibrated else estimate).plan()


@dataclass(slots=True)
class _Planner:
    """One launch being planned."""

    run: Run
    setting: Setting
    capacity: int
    asked: Asked
    estimator: Estimator

    def plan(self) -> LaunchPlan:
        """All there is to say."""
        found = self.estimator(self.setting)
        if truth(self.run.get("tune.conflict")) is True:
            found = replace(found, notes=(*found.notes, f"the script refuses its tuning flags as they are; this plans {self.tuning}"))
        fits = found.fits(self.capacity) == "fits"
        fixed = truth(self.run.get("par.ds.has_optimizer")) is True
        vetting = Vetting(self.run)
        knobs, unspelled = self._possible(shrinking(self.setting, self._media(), fixed), vetting)
        search = Search(self.setting, knobs, self.capacity, self.estimator, self._resolved, vetting.allows)
        fitting = () if fits else self._offers(smaller(search))
        wider, _ = self._possible(growing(self.setting), vetting)
        better = self._offers(faster(replace(search, knobs=wider))) if fits else ()
        limits, of = self._ceilings(search, fits, fitting)
        each = prices(search)
        elsewhere = self._elsewhere()
        effort = effort_of(self.run, self.setting, self.asked.data, elsewhere)
        steps = effort.steps
        return LaunchPlan(
            self.run.path,
            "",
            self.setting,
            found,
            self.tuning,
            self.capacity,
            fitting,
            better,
            each,
            limits,
            of,
            0 if fits or fitting else min((price.device for price in each), default=found.device),
            unspelled,
            effort,
            disk_of(self.run, self.setting, steps),
            tuple(vetting.refused.items()),
            tuple(card for card, said in elsewhere.items() if said == "fits"),
            None if fits else self._enough(),
            tuple(self._hours(offer.plan.setting) for offer in fitting or better),
        )

    @property
    def tuning(self) -> str:
        """What the launch trains, in a few words."""
        return tuning_name(self.setting)

    def _possible(
        self, knobs: tuple[tuple[Change, ...], ...], vetting: Vetting
    ) -> tuple[tuple[tuple[Change, ...], ...], tuple[tuple[str, str], ...]]:
        """The changes that the framework has a setting for, or may have one for, and that bring no error; the others with the reason."""
        kept: list[tuple[Change, ...]] = []
        unspelled: list[tuple[str, str]] = []
        for knob in knobs:
            reasons = [(change, self._obstacle(change, vetting)) for change in knob]
            allowed = tuple(change for change, why in reasons if not why)
            unspelled += [(change.title, why) for change, why in reasons if change not in allowed]
            if allowed:
                kept.append(allowed)
        return tuple(kept), tuple(unspelled)

    def _obstacle(self, change: Change, vetting: Vetting) -> str:
        """Why a change cannot be made; empty where it can, or may be by hand."""
        missing = spelled(self.run, change).missing
        if missing and UNKNOWN not in missing and "DeepSpeed file" not in missing:
            return missing
        return "" if missing else vetting.error((change,), change.apply(self.setting))

    def _media(self) -> Media:
        for name in ("media.tiles", "media.max_pixels"):
            size = whole(self.run.get(name))
            if size is not None and size > 1:
                return Media(name, size)
        return Media()

    def _media_of(self, offer: Offer) -> Media:
        """The size of an image as a plan leaves it."""
        media = self._media()
        sizes = [value for change in offer.plan.changes for name, value in change.settings if name == media.name]
        return replace(media, value=int(str(sizes[-1]))) if sizes else media

    def _resolved(self, change: Change) -> Setting:
        """The launch's own script with a change of what it trains."""
        return self._what_if((change,)) or self.setting

    def _what_if(self, changes: tuple[Change, ...]) -> Setting | None:
        flags: dict[str, Plain] = {}
        for change in changes:
            flags.update((name, value) for name, value in spelled(self.run, change).settings if name.startswith("flag."))
        if self.run.what_if is None or not flags:
            return None
        return self._setting_with(flags)

    def _setting_with(self, flags: Mapping[str, Plain]) -> Setting | None:
        if self.run.what_if is None:
            return None
        try:
            made = setting_of(self.run.what_if(flags), self.asked.model)
        except (NotEstimated, ValueError):
            return None
        now = self.setting
        return replace(made, gpu_name=now.gpu_name, gpu_bytes=now.gpu_bytes, world=now.world, in_use=now.in_use)

    def _gpu(self) -> str:
        setting = self.setting
        return self.asked.gpu or (f"{setting.gpu_name}-{setting.gpu_bytes // GIB}G" if setting.gpu_name and setting.gpu_bytes else "")

    def _offers(self, plans: tuple[Plan, ...]) -> tuple[Offer, ...]:
        """The plans as the launch's own script would carry them out; one that then does not fit is left out."""
        offers = []
        for plan in plans:
            own = self._what_if(plan.changes)
            said = plan.verdict
            if own is not None:
                setting = applied(own, plan.changes)
                found = self.estimator(setting)
                plan = replace(plan, setting=setting, estimate=found, verdict=found.fits(self.capacity))
            if plan.verdict in ("fits", said):
                offers.append(Offer(plan, written(self.run, plan.changes)))
        return tuple(offers)

    def _ceilings(self, search: Search, fits: bool, fitting: tuple[Offer, ...]) -> tuple[tuple[Ceiling, ...], str]:
        """As configured; with the first plan, where the launch fits with nothing else."""
        found = ceilings(search, self._media())
        if fits or not fitting or any(limit.likely for limit in found):
            return found, ""
        return ceilings(replace(search, setting=fitting[0].plan.setting), self._media_of(fitting[0])), "with plan 1"

    def _elsewhere(self) -> dict[str, str]:
        """Whether the launch as configured fits the cards that are used most."""
        found = self.estimator(self.setting)
        sizes = {card: parse_gpu(card).memory_bytes for card in usual_cards()}
        own = self._gpu()
        return {
            card: found.fits(usable_bytes(parse_gpu(card).name, size))
            for card, size in sizes.items()
            if size and parse_gpu(card) != (parse_gpu(own) if own else None)
        }

    def _enough(self) -> int | None:
        """The least number of cards, by doubling, over which the launch as configured certainly fits: sharding has to divide something."""
        world = self.setting.world * 2
        while world <= _MOST_CARDS:
            if self.estimator(replace(self.setting, world=world)).fits(self.capacity) == "fits":
                return world
            world *= 2
        return None

    def _hours(self, setting: Setting) -> tuple[float, float] | None:
        effort = effort_of(self.run, setting, self.asked.data)
        return (effort.hours[0].low, effort.hours[0].high) if effort.hours else None
