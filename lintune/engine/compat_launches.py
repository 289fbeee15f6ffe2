"""The launches of given paths, each read again with other releases, and the pins around them."""

from collections.abc import Callable, Sequence
from functools import partial

from lintune.engine.compat import Combination, LaunchSweep, RunAt, candidates, common, common_starting, exactly, inside, sweep
from lintune.engine.result import CheckOptions
from lintune.frameworks.context import Context
from lintune.frameworks.registry import read_config_file, read_launch
from lintune.launch.discover import discover, role_of
from lintune.launch.evaluate import evaluate
from lintune.launch.launches import launches_in
from lintune.launch.pins import FilePin
from lintune.launch.project import Project
from lintune.launch.provided import PROVIDED
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Site, Source
from lintune.syntax.shell.parser import parse_shell
from lintune.syntax.tree import Mapping
from lintune.values.value import Known
from lintune.values.version import Pin, Specifiers, Version


@dataclass(frozen=True, slots=True)
class ProjectPin:
    """A requirement of the project, and whether every launch given starts with it."""

    package: str
    specifier: str
    site: Site
    inside: bool | None
    """None where the requirement admits releases of both kinds."""
    in_force: bool
    """Whether it is the one that counts for a launch given."""


@dataclass(slots=True)
class Compat:
    """What `compat` answers."""

    launches: tuple[LaunchSweep, ...] = ()
    common: tuple[Combination, ...] = ()
    pins: tuple[ProjectPin, ...] = ()
    notes: list[str] = field(default_factory=list)
    missing: tuple[str, ...] = ()


def compat(paths: Sequence[str], options: CheckOptions, assumptions: Assumptions, packages: Sequence[str] = ()) -> Compat:
    """The sweep of every launch of the paths; `packages` limits it to some. `options` gives the rules that count."""
    from lintune.engine.catalogue import load_catalogue
    from lintune.engine.select import select_rules

    rules = candidates(select_rules(load_catalogue().rules, options.select, options.ignore))
    found = discover(paths)
    project = Project([file.path for file in found.files] or list(paths))
    result = Compat(missing=found.missing)
    sweeps: list[LaunchSweep] = []
    context = Context(project, "", assumptions, assumptions.environment)
    for file in found.files:
        source = project.read(file.path)
        launches = _launches(source, file.role, replace(context, script=file.path)) if source is not None else []
        if file.named and not launches:
            result.notes.append(_why_nothing(file.path))
        for run, run_at in launches:
            swept = _limited(sweep(run, run_at, rules), packages)
            if swept.packages:
                sweeps.append(swept)
            else:
                result.notes.append(f"{run.path}:{run.site.line}: the options of `{run.framework}` are not known by release")
    if not found.files and not found.missing:
        result.notes.extend(f"{path} holds no fine-tuning launch" for path in paths)
    result.launches, result.common = tuple(sweeps), common(sweeps)
    result.pins = _project_pins(sweeps, project)
    return result


def _why_nothing(path: str) -> str:
    if role_of(path) not in ("shell", "notebook", "yaml"):
        return f"{path}: only launch scripts and config files are swept; give the script that starts it"
    return f"{path} starts no fine-tuning launch"


def _limited(swept: LaunchSweep, packages: Sequence[str]) -> LaunchSweep:
    if not packages:
        return swept
    return replace(swept, packages=tuple(package for package in swept.packages if package.name in packages))


def _launches(source: Source, role: str, context: Context) -> list[tuple[Run, RunAt]]:
    """The training launches of a script or config file, each with the way to read it again."""
    if role in ("shell", "notebook"):
        return _shell_launches(source, role, context)
    if role != "yaml":
        return []
    from lintune.syntax.yaml import parse_yaml

    root = parse_yaml(source).root
    return _readable(lambda here: read_config_file(root, here), context) if isinstance(root, Mapping) else []


def _shell_launches(source: Source, role: str, context: Context) -> list[tuple[Run, RunAt]]:
    said = context.assumptions
    if role == "notebook":
        from lintune.launch.notebook_shell import notebook_commands

        commands = notebook_commands(source, said.environment, context.project)
    else:
        script = parse_shell(source)
        files = context.project
        commands = evaluate(script, arguments=said.arguments, environment=said.environment, files=files, provided=PROVIDED).commands
    return [pair for launch in launches_in(commands) for pair in _readable(partial(read_launch, launch), context)]


def _readable(read: Callable[[Context], Run | None], context: Context) -> list[tuple[Run, RunAt]]:
    """The run that `read` gives, if any, with the way to read it with one package at one release."""
    run = read(context)
    if run is None:
        return []

    def run_at(package: str, version: Version) -> Run:
        pins = {**context.assumptions.pins, package: exactly(package, version)}
        return read(replace(context, assumptions=replace(context.assumptions, pins=pins))) or run

    return [(run, run_at)]


def _project_pins(launches: Sequence[LaunchSweep], project: Project) -> tuple[ProjectPin, ...]:
    """The requirements of the swept packages beside and above the launches and their entry scripts, nearest first."""
    swept = {package.name for launch in launches for package in launch.packages}
    filed: dict[tuple[str, int], FilePin] = {}
    forced: set[tuple[str, int]] = set()
    for launch in launches:
        script = launch.run.get("script.path")
        near = [script.value] if isinstance(script, Known) and isinstance(script.value, str) else []
        for path in (*near, launch.run.path):
            for pin in project.pins_near(path):
                if pin.package in swept and pin.specifier:
                    filed.setdefault(_place(pin.site), pin)
        forced.update(_place(step.site) for pin in launch.run.versions.values() for step in pin.origin if step.site is not None)
    return tuple(found for key, pin in filed.items() if (found := _project_pin(pin, launches, key in forced)) is not None)


def _project_pin(pin: FilePin, launches: Sequence[LaunchSweep], in_force: bool) -> ProjectPin | None:
    try:
        parsed = Pin(pin.package, Specifiers.parse(pin.specifier))
    except ValueError:
        return None
    answer = inside(parsed, pin.package, common_starting(launches, pin.package))
    return ProjectPin(pin.package, pin.specifier, pin.site, answer, in_force)


def _place(site: Site) -> tuple[str, int]:
    return site.source.path, site.span.start
