"""`lintune plan` for people: the plans, the price of each change, the ceilings, and what the run takes."""

from collections.abc import Iterator, Sequence

from lintune.plan.launch_plan import LaunchPlan, Offer
from lintune.report.cells import harmless
from lintune.report.paint import Paint
from lintune.report.plan_words import (
    RANKED,
    ceiling_words,
    duration,
    elsewhere_words,
    gib,
    reach_words,
    span,
    steps_words,
    times,
    title,
    verdict_of,
)

_SHOWN_REFUSALS = 3
_SMALL = 100 << 20
"""Changes that save less are only named."""


def render_plan(plans: Sequence[LaunchPlan], paint: Paint) -> str:
    """The report as text."""
    return "\n".join("\n".join(_launch(each, paint)) + "\n" for each in plans)


def _style(verdict: str) -> str:
    return {"fits": "good", "does not fit": "error"}.get(verdict, "warning")


def _launch(each: LaunchPlan, paint: Paint) -> Iterator[str]:
    setting, found = each.setting, each.found
    if setting is None or found is None:
        yield f"{paint('bold', harmless(each.path))}: no plan: {harmless(each.problem)}"
        return
    verdict = verdict_of(each)
    cards = f"{setting.world} x {setting.gpu_name}" if setting.gpu_name else f"{setting.world} GPU{'s' if setting.world > 1 else ''}"
    yield f"{paint('bold', harmless(each.path))}  {setting.model.type}, {each.tuning}, on {cards}"
    band = f"{gib(found.device)} per GPU ({found.low / 2**30:,.1f} to {gib(found.high)})"
    yield f"  as configured {band}: {paint(_style(verdict), verdict)} in {gib(each.capacity)}"
    yield ""
    yield from _offers(each, paint)
    yield from _prices(each, paint)
    yield from _ceilings(each, paint)
    yield from _effort(each, paint)
    for note in found.notes:
        yield f"  {paint('dim', 'note: ' + harmless(note))}"


def _offers(each: LaunchPlan, paint: Paint) -> Iterator[str]:
    if each.fitting:
        yield paint("bold", "  Plans that make it fit") + paint("dim", f"  ({RANKED})")
    elif verdict_of(each) != "fits":
        yield f"  {paint('error', 'No combination of the changes below makes it fit')}; the least is {gib(each.smallest)}"
        if said := elsewhere_words(each):
            yield f"  {said}"
        yield ""
        return
    elif each.better:
        yield paint("bold", "  It fits; this uses what is free") + paint("dim", f"  ({RANKED})")
    else:
        yield "  It fits, and no change would make it faster in the same memory"
        yield ""
        return
    for number, offer in enumerate(each.offers, 1):
        yield from _offer(number, offer, each.hours[number - 1], paint)
    for name, error in each.refused[:_SHOWN_REFUSALS]:
        yield paint("dim", f"  left out: {name}: {harmless(error)}")
    if each.fitting and (said := elsewhere_words(each)):
        yield paint("dim", f"  {said}")
    yield paint("dim", "  `--diff N` shows a plan as a diff, `--fix N` writes it")
    yield ""


def _offer(number: int, offer: Offer, hours: tuple[float, float] | None, paint: Paint) -> Iterator[str]:
    plan = offer.plan
    found = plan.estimate
    yield f"  {number}. {paint('bold', title(offer))}"
    size = f"{gib(found.device)} ({found.low / 2**30:,.1f} to {gib(found.high)})"
    took = f", {duration(hours)}" if hours else ""
    host = f", host memory {gib(found.host * plan.setting.world)}" if found.host > _SMALL else ""
    said = "" if plan.verdict == "fits" else f" {paint('warning', 'may fit')}"
    yield f"     {size}{said}; {times(plan.time)}{took}{host}"
    yield f"     {reach_words(offer)}"
    if offer.written.settings:
        yield f"     {paint('dim', ', '.join(f'{name} = {value}' for name, value in offer.written.settings))}"
    for text in offer.written.left:
        yield f"     {paint('warning', 'by hand')}: {harmless(text)}"


def _prices(each: LaunchPlan, paint: Paint) -> Iterator[str]:
    worth = [price for price in each.prices if price.saved >= _SMALL]
    rest = [price.change.title for price in each.prices if price.saved < _SMALL]
    if worth:
        yield paint("bold", "  Price of each change alone")
        width = max(len(price.change.title) for price in worth)
        for price in worth:
            saved = f"-{gib(price.saved)}"
            line = f"  {price.change.title:<{width}}  {saved:>11}  {gib(price.device):>11}  {times(price.time):>15}"
            yield f"{line}  {paint(_style(price.verdict), price.verdict)}"
    if rest:
        yield paint("dim", f"  saves nothing here: {', '.join(rest)}")
    if each.unspelled:
        yield from (paint("dim", f"  not here: {name}: {harmless(reason)}") for name, reason in each.unspelled)
    yield ""


def _ceilings(each: LaunchPlan, paint: Paint) -> Iterator[str]:
    yield paint("bold", f"  Largest that fits, {each.ceilings_of or 'all else as configured'}")
    yield f"  {'':<12}  {'now':>10}  {'certainly':>12}  {'perhaps':>12}"
    for limit in each.ceilings:
        certain, likely = ceiling_words(limit)
        yield f"  {limit.name:<12}  {limit.now:>10,}  {certain:>12}  {likely:>12}"
    yield ""


def _effort(each: LaunchPlan, paint: Paint) -> Iterator[str]:
    effort = each.effort
    if effort is None:
        return
    yield paint("bold", "  What the run takes")
    yield from (f"  {line}" for line in steps_words(effort))
    if effort.seconds_per_step:
        yield f"  {span(*effort.seconds_per_step, 'seconds per step')}, as configured"
    if effort.hours:
        yield f"  {'hours as configured on':<24}  {'time':>18}  {'GPU-hours':>20}"
        others = [hours for hours in effort.hours if hours.verdict == "does not fit"]
        for hours in (hours for hours in effort.hours if hours not in others):
            name = f"{hours.gpus} x {hours.card}"
            row = f"  {name:<24}  {duration((hours.low, hours.high)):>18}  {span(*hours.gpu_hours, ''):>20}"
            said = hours.verdict or verdict_of(each)
            yield f"{row}  {paint(_style(said), said)}"
        if others:
            yield paint("dim", f"  does not fit on {', '.join(hours.card for hours in others)}")
    disk = each.disk
    if disk is not None:
        parts = f"{gib(disk.model)} of the model" + (f" and {gib(disk.states)} of the optimizer" if disk.states else "")
        most = f"; at most {disk.kept} at once, {gib(disk.most)}" if disk.most and disk.kept is not None else ""
        yield f"  a checkpoint takes {gib(disk.each)} on disk: {parts}{most}"
