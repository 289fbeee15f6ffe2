"""`lintune plan --format html`: the plans as a chart and as tables."""

from collections.abc import Iterator, Sequence

from lintune.plan.launch_plan import LaunchPlan
from lintune.report.chart import Bar
from lintune.report.html_page import NUMBER, escaped, page, prose, table, verdict
from lintune.report.memory_html import FOOTER
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
from lintune.report.svg_bars import COLOURS, bars_svg


def render_plan_html(plans: Sequence[LaunchPlan]) -> str:
    """The page."""
    body = ["<h1>Plan</h1>"]
    for each in plans:
        body.extend(_launch(each))
    return page("Plan", body, FOOTER, COLOURS)


def _launch(each: LaunchPlan) -> Iterator[str]:
    setting, found = each.setting, each.found
    yield f"<section><h2>{escaped(each.path)}</h2>"
    if setting is None or found is None:
        yield f"<p>No plan: {escaped(each.problem)}</p></section>"
        return
    cards = f"{setting.world} x {setting.gpu_name}" if setting.gpu_name else f"{setting.world} GPUs"
    yield f'<p class="soft">{escaped(setting.model.type)}, {escaped(each.tuning)}, on {escaped(cards)}</p>'
    yield f'<p class="big">{gib(found.device)} per GPU as configured: {verdict(verdict_of(each))} in {gib(each.capacity)}</p>'
    yield from _plans(each)
    yield _prices(each)
    yield _ceilings(each)
    yield from _effort(each)
    yield from (f'<p class="soft">Note: {prose(note)}</p>' for note in found.notes)
    yield "</section>"


def _plans(each: LaunchPlan) -> Iterator[str]:
    if each.found is None:
        return
    yield f"<h3>{'Plans that make it fit' if each.fitting else 'Plans that use what is free'}</h3>"
    yield from (f'<p class="soft">Left out: {escaped(name)}: {prose(error)}</p>' for name, error in each.refused)
    if each.fitting and (said := elsewhere_words(each)):
        yield f"<p>{escaped(said[:1].upper() + said[1:])}.</p>"
    if not each.offers:
        yield f"<p>None{f': the least is {gib(each.smallest)}' if each.smallest else ''}.</p>"
        return
    bars = [Bar("as configured", each.found, verdict_of(each))]
    bars += [Bar(f"plan {number}", offer.plan.estimate, offer.plan.verdict) for number, offer in enumerate(each.offers, 1)]
    yield bars_svg(f"Memory per GPU of the plans for {each.path}", bars, each.capacity)
    rows = []
    for number, offer in enumerate(each.offers, 1):
        plan, hours = offer.plan, each.hours[number - 1]
        settings = "<br>".join(f"<code>{escaped(name)} = {escaped(value)}</code>" for name, value in offer.written.settings)
        left = "".join(f"<br>by hand: {escaped(text)}" for text in offer.written.left)
        rows.append(
            (
                f"{number}. {escaped(title(offer))}",
                gib(plan.estimate.device),
                escaped(times(plan.time)) + (f"<br>{duration(hours)}" if hours else ""),
                gib(plan.estimate.host * plan.setting.world) if plan.estimate.host else "",
                escaped(reach_words(offer)),
                settings + left,
                verdict(plan.verdict),
            )
        )
    columns = (
        ("plan", ""),
        ("per GPU", NUMBER),
        ("time", NUMBER),
        ("host", NUMBER),
        ("what it changes", ""),
        ("settings", ""),
        ("fits", ""),
    )
    yield table(f"The least intrusive first: {RANKED}", columns, rows)


def _prices(each: LaunchPlan) -> str:
    rows = [
        (escaped(price.change.title), f"{-price.saved / 2**30:+,.1f} GiB", gib(price.device), times(price.time), verdict(price.verdict))
        for price in each.prices
    ]
    columns = (("change", ""), ("effect", NUMBER), ("per GPU", NUMBER), ("time", NUMBER), ("fits", ""))
    left = "".join(f'<p class="soft">Not here: {escaped(name)}: {prose(reason)}</p>' for name, reason in each.unspelled)
    return "<h3>Price of each change alone</h3>" + table("All else as configured", columns, rows) + left


def _ceilings(each: LaunchPlan) -> str:
    rows = [(escaped(limit.name), f"{limit.now:,}", *ceiling_words(limit)) for limit in each.ceilings]
    columns = (("setting", ""), ("now", NUMBER), ("certainly", NUMBER), ("perhaps", NUMBER))
    return "<h3>Largest that fits</h3>" + table(each.ceilings_of or "All else as configured", columns, rows)


def _effort(each: LaunchPlan) -> Iterator[str]:
    effort, disk = each.effort, each.disk
    if effort is None:
        return
    yield "<h3>What the run takes</h3>"
    yield from (f"<p>{escaped(line)}</p>" for line in steps_words(effort))
    if effort.hours:
        rows = [
            (
                f"{hours.gpus} x {escaped(hours.card)}",
                duration((hours.low, hours.high)),
                span(*hours.gpu_hours, ""),
                verdict(hours.verdict or verdict_of(each)),
            )
            for hours in effort.hours
        ]
        yield table("As configured, by kind of GPU", (("GPUs", ""), ("time", NUMBER), ("GPU-hours", NUMBER), ("fits", "")), rows)
    if disk is not None:
        parts = f"{gib(disk.model)} of the model" + (f" and {gib(disk.states)} of the optimizer" if disk.states else "")
        yield f"<p>A checkpoint takes {gib(disk.each)} on disk: {parts}</p>"
