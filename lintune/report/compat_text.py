"""`lintune compat` for people: each launch's windows of releases, what breaks outside of them, and what all launches share."""

from collections.abc import Iterator, Sequence

from lintune.engine.compat import Combination, LaunchSweep, PackageSweep, ReleaseWindow, common_starting, inside, taken_as
from lintune.engine.compat_launches import Compat, ProjectPin
from lintune.engine.finding import Finding
from lintune.report.cells import harmless
from lintune.report.paint import Paint
from lintune.surfaces.releases import releases
from lintune.values.value import Step
from lintune.values.version import Pin, Version

_MOST_REASONS = 6
"""More breaks of one window are counted; JSON has them all."""


def render_compat(result: Compat, paint: Paint) -> str:
    """All launches, then what they have in common and where the project's pins lie."""
    blocks = ["\n".join(_launch(launch, paint)) for launch in result.launches]
    together = "\n".join(_together(result, paint)) if result.launches else ""
    blocks += [together] if together else []
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _launch(launch: LaunchSweep, paint: Paint) -> Iterator[str]:
    site = launch.run.site
    head = " ".join(harmless(site.text.replace("\\\n", " ")).split())
    yield paint("bold", f"{launch.run.path}:{site.line}: {head} ({launch.run.framework})")
    always = launch.always
    for finding in always:
        yield f"  {paint('error', 'with every release')}  {_reason(finding)}"
    quiet = [package for package in launch.packages if _is_quiet(package)]
    for package in launch.packages:
        if package not in quiet or package.name == "transformers":
            yield from _package(package, always, paint)
    free = [package.name for package in quiet if package.name != "transformers"]
    if free:
        yield f"  {paint('gutter', ', '.join(free))}  no known release keeps it from starting"


def _is_quiet(package: PackageSweep) -> bool:
    """Whether there is nothing to say of a package: not pinned, and every known release will do."""
    return package.pin is None and not package.later and all(window.starts for window in package.windows)


def _package(package: PackageSweep, always: Sequence[Finding], paint: Paint) -> Iterator[str]:
    yield f"  {paint('gutter', package.name)}{_pinned(package, paint)}"
    width = max(len(_span(window.first, window.last)) for window in package.windows)
    for window in package.windows:
        yield from _window(window, always, width, paint)
    for each in package.later:
        kind = "wrong " if each.finding.stage == "whole-run" else "later "
        yield f"    {_span(each.first, each.last):<{width}}  {paint('warning', kind)}  {_reason(each.finding)}"


def _window(window: ReleaseWindow, always: Sequence[Finding], width: int, paint: Paint) -> Iterator[str]:
    span = f"{_span(window.first, window.last):<{width}}"
    said = {(finding.name, finding.message) for finding in always}
    own = [finding for finding in window.because if (finding.name, finding.message) not in said]
    if window.starts:
        yield f"    {span}  {paint('good', 'starts')}"
        return
    for index, finding in enumerate(own[:_MOST_REASONS]):
        yield f"    {span if not index else ' ' * width}  {paint('error', 'fails ') if not index else '      '}  {_reason(finding)}"
    if len(own) > _MOST_REASONS:
        yield f"    {' ' * width}          and {len(own) - _MOST_REASONS} more"
    if not own:
        yield f"    {span}  {paint('error', 'fails ')}  as with every release"


def _reason(finding: Finding) -> str:
    place = finding.primary
    position = place.source.position(place.span.start)
    return f"{finding.message}  [{finding.name}] {place.source.path}:{position.line}:{position.column}"


def _span(first: Version, last: Version) -> str:
    return first.text if first == last else f"{first.text} - {last.text}"


def _pinned(package: PackageSweep, paint: Paint) -> str:
    if package.pin is None:
        return "  not pinned"
    said = {True: paint("good", "it starts"), False: paint("error", "it does not start")}
    answer = said.get(package.pin_inside, "it starts with some releases that this admits")  # type: ignore[arg-type]
    return f"  pinned {package.pin.specifiers.text}{_where(package.pin)}: {answer}{_unreleased(package.pin)}"


def _where(pin: Pin) -> str:
    step = next((step for step in pin.origin if step.site is not None or step.note), Step("pin"))
    place = f"{step.site.source.path}:{step.site.line}" if step.site is not None else step.note
    return f" ({place})" if place else ""


def _unreleased(pin: Pin) -> str:
    """A remark where the pin names a release that lintune does not know."""
    near = taken_as(pin)
    return f"; {pin.specifiers.exact} is no release that lintune knows, taken as {near}" if near is not None else ""


def _together(result: Compat, paint: Paint) -> Iterator[str]:
    many = len(result.launches) > 1
    if many:
        yield paint("bold", f"all {len(result.launches)} launches")
        if result.common:
            for combination in result.common[:8]:
                yield f"  {paint('good', 'start together')} with {_combination(combination)}"
            if len(result.common) > 8:
                yield f"  and {len(result.common) - 8} more combinations (--format json)"
        else:
            yield f"  {paint('error', 'no combination of releases')} starts all of them"
    pins = [pin for pin in result.pins if (many or not pin.in_force) and _decides(result, pin.package)]
    if pins:
        yield "  pins of the project" if many else paint("gutter", "  other pins of the project")
        yield from (_project_pin(pin, paint) for pin in pins)
    if many and result.common and _in_force_outside(result):
        yield "  no pin in force is inside" + _but(result)


def _in_force_outside(result: Compat) -> bool:
    """Whether there are pins in force on packages that decide, and all launches start with none of them."""
    pins = [package.pin for launch in result.launches for package in launch.packages if package.pin and _decides(result, package.name)]
    return bool(pins) and not any(inside(pin, pin.package, common_starting(result.launches, pin.package)) for pin in pins)


def _decides(result: Compat, name: str) -> bool:
    """Whether some release of a package keeps a launch from starting."""
    return not all(common_starting(result.launches, name))


def _but(result: Compat) -> str:
    others = [pin for pin in result.pins if pin.inside and not pin.in_force and _decides(result, pin.package)]
    named = ", ".join(f"`{pin.package}{pin.specifier}` of {pin.site.source.path}" for pin in others)
    return f"; {named} would be, but it is not what these launches are installed with" if others else ""


def _combination(combination: Combination) -> str:
    """Packages of which every known release will do are not named, unless none decides."""
    bound = {name: window for name, window in combination.items() if window != (releases(name)[0], releases(name)[-1])}
    return ", ".join(f"{name} {_span(*window)}" for name, window in bound.items()) or "every known release"


def _project_pin(pin: ProjectPin, paint: Paint) -> str:
    said = {True: paint("good", "inside"), False: paint("error", "outside"), None: "partly inside"}[pin.inside]
    place = f"{pin.site.source.path}:{pin.site.line}"
    return f"    {pin.package}{pin.specifier} ({place}){', in force' if pin.in_force else ''}: {said}"
