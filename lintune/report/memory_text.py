"""`lintune memory` for people: the figure, a bar of its components, the phases, and the alternatives with what fits."""

from collections.abc import Iterator, Sequence

from lintune.memory.estimate import Estimate
from lintune.memory.report import MemoryOfRun
from lintune.report.chart import GIB, Bar, terminal_bars
from lintune.report.paint import Paint

_BAR = 48
_STYLES = ("good", "second", "warning", "info", "error", "help", "bold")


def render_memory(runs: Sequence[MemoryOfRun], paint: Paint) -> str:
    """The report as text."""
    return "\n".join("\n".join(_run(each, paint)) + "\n" for each in runs)


def _size(count: int) -> str:
    return f"{count / GIB:,.1f} GiB"


def _run(each: MemoryOfRun, paint: Paint) -> Iterator[str]:
    found, setting = each.estimate, each.setting
    if found is None or setting is None:
        yield f"{paint('bold', each.path)}: no estimate: {each.problem}"
        return
    share = 100 * found.trained.total / found.total_params
    yield f"{paint('bold', each.path)}  {setting.model.type}, {found.total_params / 1e9:.2f} B parameters, {share:.2f} % trained"
    inside = f"allocated {_size(found.allocated)}, reserved {_size(found.reserved)}"
    yield f"  per GPU {paint('bold', _size(found.device))}  ({_size(found.low)} to {_size(found.high)}; {inside})"
    yield from _traced(each, paint)
    if each.capacity is not None:
        verdict = found.fits(each.capacity)
        yield f"  {paint(_verdict_style(verdict), verdict)} on {setting.gpu_name or 'the GPU'} with {_size(each.capacity)} to use"
    if found.host:
        yield f"  host memory {_size(found.host * setting.world)}"
    yield ""
    yield from _components(found, paint)
    yield ""
    yield "  phases   " + "   ".join(f"{part.name} {_size(part.bytes)}" for part in found.phases)
    yield ""
    yield from _modes(each, paint)
    for note in found.notes:
        yield f"  {paint('dim', 'note: ' + note)}"


def _traced(each: MemoryOfRun, paint: Paint) -> Iterator[str]:
    """The traced figures below the estimate, and where the two disagree by more than a tenth."""
    traced, off = each.traced, each.disagreement
    if traced is None:
        return
    if traced.problem:
        yield f"  {paint('warning', 'not traced')}: {traced.problem}"
        return
    at = f"; the peak stands in {traced.peak}" if traced.peak else ""
    yield f"  traced  {', '.join(f'{name} {_size(size)}' for name, size in traced.sizes)}{at}"
    if off is not None and abs(off) > 10:
        yield f"  {paint('warning', f'the closed form is {off:+.0f} % off the trace')}: the trace is nearer"
    for note in traced.assumptions:
        yield f"  {paint('dim', 'assumed: ' + note)}"


def _verdict_style(verdict: str) -> str:
    return {"fits": "good", "does not fit": "error"}.get(verdict, "warning")


def _components(found: Estimate, paint: Paint) -> Iterator[str]:
    total = sum(part.bytes for part in found.components) or 1
    cells = [(part, round(_BAR * part.bytes / total)) for part in found.components]
    yield "  " + "".join(paint(_STYLES[index % len(_STYLES)], "█" * width) for index, (_, width) in enumerate(cells))
    for index, (part, _) in enumerate(cells):
        yield f"  {paint(_STYLES[index % len(_STYLES)], '■')} {part.name:<22} {_size(part.bytes):>11}  {paint('dim', part.formula)}"


def _modes(each: MemoryOfRun, paint: Paint) -> Iterator[str]:
    width = max(len(mode.name) for mode in each.modes)
    share = f"{'trained':>11}  {'%':>6}"
    yield paint("bold", f"  {'mode':<{width}}  {'per GPU':>11}  {'low to high':>23}  {share}")
    for mode in each.modes:
        found = mode.estimate
        verdict = found.fits(each.capacity) if each.capacity is not None else ""
        trained = f"{found.trained.total / 1e6:,.1f} M  {100 * found.trained.total / found.total_params:>6.2f}"
        band = f"{found.low / GIB:,.1f} to {found.high / GIB:,.1f} GiB"
        same = f"  ({mode.detail})" if mode.detail else "  (as configured)" if mode.configured else ""
        sizes = f"{_size(found.device):>11}  {band:>23}  {trained:>19}"
        yield f"  {mode.name:<{width}}  {sizes}  {paint(_verdict_style(verdict), verdict)}{paint('dim', same)}".rstrip()
    yield ""
    yield from terminal_bars([Bar(mode.name, mode.estimate) for mode in each.modes], each.capacity, paint)
