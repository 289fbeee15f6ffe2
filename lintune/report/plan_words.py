"""Words and figures of a plan that its text and its page share."""

from lintune.plan.change import REACH
from lintune.plan.effort import Effort
from lintune.plan.launch_plan import LaunchPlan, Offer
from lintune.plan.prices import Ceiling

GIB = 2**30
RANKED = "ranked by what they change of the training, then by what they take away, then by time"


def gib(size: int) -> str:
    """Bytes in GiB."""
    return f"{size / GIB:,.1f} GiB"


def times(ratio: float) -> str:
    """A ratio of times per token: "1.4 x the time"."""
    return "same time" if 0.985 < ratio < 1.015 else f"{ratio:.2f} x the time"


def reach_words(offer: Offer) -> str:
    """What a plan changes of the training."""
    notes = [change.note for change in offer.plan.changes if change.note]
    return "; ".join([REACH[offer.plan.reach], *dict.fromkeys(notes)])


def title(offer: Offer) -> str:
    """The changes of a plan in one line."""
    return " + ".join(change.title for change in offer.plan.changes)


def span(low: float, high: float, unit: str) -> str:
    """A range in a unit, with as many digits as it deserves."""

    def short(value: float) -> str:
        return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"

    return f"{short(low)} to {short(high)} {unit}"


def duration(hours: tuple[float, float]) -> str:
    """A range of hours, in minutes where it is short."""
    low, high = hours
    return span(60 * low, 60 * high, "min") if high < 1.5 else span(low, high, "h")


def ceiling_words(limit: Ceiling) -> tuple[str, str]:
    """What certainly fits and what may fit."""
    certain, likely = (f"{size:,}{' and more' if size == limit.most else ''}" if size else "none" for size in (limit.certain, limit.likely))
    return certain, likely


def elsewhere_words(each: LaunchPlan) -> str:
    """Where the launch fits as it is: on other cards, or on more of them; empty where on none."""
    name = each.setting.gpu_name if each.setting is not None and each.setting.gpu_name else "this GPU"
    places = [*each.fits_on[:4], *([f"{each.enough} x {name}"] if each.enough else [])]
    return f"as configured it fits on {', '.join(places)}" if places else ""


def verdict_of(each: LaunchPlan) -> str:
    """Whether the launch fits as configured."""
    return each.found.fits(each.capacity) if each.found is not None else ""


def steps_words(effort: Effort) -> list[str]:
    """Samples, steps, tokens and operations, each with what it is."""
    lines = []
    data = effort.data
    if data.samples is not None:
        lines.append(f"{data.samples:,} samples per epoch ({data.source})")
    if effort.steps is not None:
        lines.append(f"{effort.steps:,} optimizer steps of {effort.global_batch:,} samples")
    else:
        lines.append(
            f"{effort.global_batch:,} samples per optimizer step; the number of steps is not known: `--samples N` says how many there are"
        )
    if effort.tokens is not None:
        most = f"{effort.tokens_per_sample:,} per sample on average" if data.tokens else f"at most, {effort.tokens_per_sample:,} per sample"
        lines.append(f"{effort.tokens / 1e6:,.1f} M tokens ({most})")
    lines.append(f"{effort.flops_per_sample / 1e12:,.1f} TFLOP per sample, recomputed ones counted")
    return lines
