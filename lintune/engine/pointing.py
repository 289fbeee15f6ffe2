"""From what a rule points at (`at`) to places in files: the value's own, its definition, the variables it came through."""

import re
from collections.abc import Iterable, Iterator, Sequence

from lintune.engine.finding import Location
from lintune.engine.rule import Target
from lintune.engine.scope import Scope
from lintune.engine.template import Template, parse_template, plain, render
from lintune.source.text import Site
from lintune.values.value import Absent, Known, Step, Value, is_default, site_of

_ASSIGNMENT = re.compile(r"(?:^|[\s;])(?:export\s+|local\s+|readonly\s+)?([A-Za-z_]\w*)\+?=(?:\(|\$\{\w+:?-)?[\"']?[^\s;|&]*$")


def locations_of(at: Sequence[tuple[Target, Template]], scope: Scope) -> tuple[Location, ...]:
    """The places of a finding, the primary one first; places named twice are joined."""
    found: list[Location] = []
    for target, label in at:
        found.extend(_target_locations(target, render(label, scope.value), scope))
    if not found:
        item = scope.item.site if scope.item is not None else None
        found.append(Location(item or scope.run.site))
    return _joined(found)


def _target_locations(target: Target, label: str, scope: Scope) -> Iterator[Location]:
    match target:
        case ("value", (name,)):
            yield from value_locations(name, label, scope)
        case ("item", _):
            if scope.item is not None:
                yield Location(scope.item.site or scope.run.site, label)
        case ("given", names):
            for name in names:
                if scope.given(name) is True:
                    yield from value_locations(name, label, scope)
        case ("launch", _):
            yield Location(scope.run.site, label)
        case ("guard", names):
            for guard in scope.run.guards:
                if guard.names.issuperset(names):
                    yield Location(guard.site, label)
        case ("pin", (package,)):
            pin = scope.run.versions.get(render(parse_template(package), scope.value).lower().replace("_", "-"))
            site = next((step.site for step in pin.origin if step.site is not None), None) if pin else None
            if pin and site:
                yield Location(site, label or f"`{pin.package}{pin.specifiers.text}` is required here")


def value_locations(name: str, label: str, scope: Scope) -> Iterator[Location]:
    """Where a value is written, then where the variables it came through are set; for a default, the launch and the definition."""
    value = scope.value(name)
    if is_default(value):
        yield from _default_locations(name, value, label, scope)
        return
    site = site_of(value)
    if site is None:
        item = scope.item.site if scope.item is not None and name.startswith("item.") else None
        missing = "not given" if isinstance(value, Absent) and not name.startswith(("item.", "derived.")) else ""
        yield Location(item or scope.run.site, ": ".join(part for part in (label, missing) if part))
        return
    yield Location(site, label)
    yield from _chain_locations(value.origin, site)


def _default_locations(name: str, value: Value, label: str, scope: Scope) -> Iterator[Location]:
    step = value.origin[0]
    shown = f" `{plain(value.value)}`" if isinstance(value, Known) else ""
    where = f"{step.site.source.path}:{step.site.line}" if step.site is not None else step.note
    note = f"`{_last(name)}` is not given; default{shown}" + (f" ({where})" if where else "")
    yield Location(_maker(step, scope), f"{label}: {note}" if label else note)
    if step.site is not None:
        yield Location(step.site, f"default of `{_last(name)}`")


def _maker(step: Step, scope: Scope) -> Site:
    """The launch, or the call that makes the configuration in its script, where the default is that of a library's class."""
    config = scope.run.values.get("script.config")
    if isinstance(config, Known) and step.note.startswith(("default of transformers", "default of trl")):
        return site_of(config) or scope.run.site
    return scope.run.site


def _last(name: str) -> str:
    return name.partition(".")[2] if name.startswith(("flag.", "item.", "env.", "run.")) else name


def _chain_locations(origin: Iterable[Step], first: Site) -> Iterator[Location]:
    for step in origin:
        if step.site is None or step.site == first or step.kind == "derived":
            continue
        match step.kind:
            case "variable" if step.site.text.startswith("$"):
                yield Location(step.site, "expanded here")
            case "variable":
                variable = assigned_variable(step)
                yield Location(step.site, f"`${variable}` is set here" if variable else "set here")
            case "default":
                yield Location(step.site, step.note or "default")
            case _:
                yield Location(step.site, step.note)


def assigned_variable(step: Step) -> str:
    """The name of the shell variable whose assignment holds a step's site; empty where it cannot be told."""
    if step.note.lstrip("$").isidentifier():
        return step.note.lstrip("$")
    if step.site is None:
        return ""
    source, span = step.site.source, step.site.span
    line = source.line_span(step.site.line)
    own = re.match(r"([A-Za-z_]\w*)\+?=", step.site.text)
    if own:
        return own[1]
    before = _ASSIGNMENT.search(source.text[max(line.start, span.start - 500) : span.start])
    return before[1] if before else ""


def _joined(found: Iterable[Location]) -> tuple[Location, ...]:
    """One location per place; labels of the same place are joined, the first is primary."""
    by_site: dict[tuple[int, int, int], Location] = {}
    for location in found:
        if location.site.source.part_of is not None:  # a file that the script writes: the reader looks at the script
            location = Location(Site(location.site.source.whole, location.site.span), location.label, location.role)
        key = (id(location.site.source), location.site.span.start, location.site.span.end)
        kept = by_site.get(key)
        if kept is None:
            by_site[key] = location
        elif location.label and location.label not in kept.label:
            by_site[key] = Location(kept.site, "; ".join(filter(None, (kept.label, location.label))))
    primary, *related = by_site.values()
    return (Location(primary.site, primary.label, "primary"), *related)
