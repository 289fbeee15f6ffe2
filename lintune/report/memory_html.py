"""`lintune memory --format html`: the figures of `memory_text` as a page, with the modes as a chart and as a table."""

from collections.abc import Iterator, Sequence

from lintune import __version__
from lintune.memory.estimate import Estimate
from lintune.memory.report import MemoryOfRun
from lintune.report.chart import GIB, Bar
from lintune.report.html_page import NUMBER, escaped, page, prose, table, verdict
from lintune.report.svg_bars import COLOURS, bars_svg

FOOTER = f"lintune {__version__}. Estimates in closed form; low and high are meant to bound what nvidia-smi shows 95 times in 100."


def render_memory_html(runs: Sequence[MemoryOfRun]) -> str:
    """The page."""
    body = ["<h1>Memory per GPU</h1>"]
    for number, each in enumerate(runs, 1):
        body.extend(memory_section(each, f"{number}. {each.path}" if len(runs) > 1 else each.path))
    return page("Memory per GPU", body, FOOTER, COLOURS)


def size(count: int) -> str:
    """Bytes in GiB."""
    return f"{count / GIB:,.1f} GiB"


def memory_section(each: MemoryOfRun, title: str) -> Iterator[str]:
    """One launch: what it takes, its components, and its alternatives."""
    found, setting = each.estimate, each.setting
    yield f"<section><h2>{escaped(title)}</h2>"
    if found is None or setting is None:
        yield f"<p>No estimate: {escaped(each.problem)}</p></section>"
        return
    share = 100 * found.trained.total / found.total_params
    yield f'<p class="soft">{escaped(setting.model.type)}, {found.total_params / 1e9:.2f} B parameters, {share:.2f} % trained</p>'
    said = verdict(found.fits(each.capacity)) if each.capacity is not None else ""
    card = f"{said} on {escaped(setting.gpu_name or 'the GPU')} with {size(each.capacity)} to use" if each.capacity is not None else ""
    yield f'<p class="big">{size(found.device)} per GPU</p>'
    inside = f"{size(found.low)} to {size(found.high)}; allocated {size(found.allocated)}, reserved {size(found.reserved)}"
    yield f"<p>{inside}{'; ' + card if card else ''}</p>"
    if found.host:
        yield f"<p>Host memory {size(found.host * setting.world)}</p>"
    yield from _traced(each)
    yield _components(each)
    yield f'<p class="soft">Phases: {", ".join(f"{part.name} {size(part.bytes)}" for part in found.phases)}</p>'
    bars = [Bar(mode.name, mode.estimate, _fits(each, mode.estimate)) for mode in each.modes]
    yield "<h3>Alternatives</h3>"
    yield bars_svg(f"Memory per GPU of {title}, by mode", bars, each.capacity)
    limit = f"; the dashed line is the card's {size(each.capacity)}" if each.capacity is not None else ""
    yield f'<p class="soft">Bars: what nvidia-smi would show. Whiskers: the band{limit}.</p>'
    yield _modes(each)
    yield from (f'<p class="soft">Note: {prose(note)}</p>' for note in found.notes)
    yield "</section>"


def _fits(each: MemoryOfRun, found: Estimate) -> str:
    return found.fits(each.capacity) if each.capacity is not None else ""


def _traced(each: MemoryOfRun) -> Iterator[str]:
    """What the dry run traced, where one was asked for."""
    traced = each.traced
    if traced is not None and traced.problem:
        yield f"<p>Not traced: {prose(traced.problem)}</p>"
    elif traced is not None:
        at = f"; the peak stands in {escaped(traced.peak)}" if traced.peak else ""
        yield f"<p>Traced: {', '.join(f'{name} {size(count)}' for name, count in traced.sizes)}{at}</p>"
        yield from (f'<p class="soft">{prose(note)}</p>' for note in traced.assumptions)


def _components(each: MemoryOfRun) -> str:
    parts = each.estimate.components if each.estimate is not None else ()
    rows = [(escaped(part.name), size(part.bytes), escaped(part.formula)) for part in parts]
    return table("What is held at the moment of the peak", (("component", ""), ("size", NUMBER), ("formula", "code")), rows)


def _modes(each: MemoryOfRun) -> str:
    rows = []
    for mode in each.modes:
        found = mode.estimate
        rows.append(
            (
                escaped(mode.name) + (f' <span class="soft">({escaped(mode.detail)})</span>' if mode.detail else ""),
                size(found.device),
                f"{found.low / GIB:,.1f} to {size(found.high)}",
                f"{found.trained.total / 1e6:,.1f} M",
                f"{100 * found.trained.total / found.total_params:.2f} %",
                verdict(_fits(each, found)),
            )
        )
    columns = (("mode", ""), ("per GPU", NUMBER), ("low to high", NUMBER), ("trained", NUMBER), ("of all", NUMBER), ("fits", ""))
    return table("The same figures, with what is trained", columns, rows)
