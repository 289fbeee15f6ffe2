"""For which releases a launch starts: windows over the known releases of each package, and what breaks outside of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, product

from lintune.engine.compat_edges import option_edges, rule_windows, surfaces_of, windowed_packages
from lintune.engine.evaluate_rules import evaluate_rules
from lintune.engine.finding import Finding
from lintune.engine.rule import Rule
from lintune.engine.scope import Scope
from lintune.frameworks.library_guards import FILL_IN, raised_by_release
from lintune.frameworks.missing_classes import NAME as MISSING_CLASS
from lintune.run.run import Run
from lintune.source.record import dataclass, replace
from lintune.surfaces.releases import recent_releases, releases
from lintune.surfaces.surface import surface_of
from lintune.values.value import Step
from lintune.values.version import Pin, Specifiers, Version

BEFORE_TRAINING = ("start", "parsing", "after-weights")
"""Failures of these stages mean that the launch does not start."""
_ELSEWHERE = ("files", "shell", "data", "memory", "lintune", "house")
"""Families whose findings no release changes: they are `check`'s to report."""
_MOST_COMBINATIONS = 64
_LIBRARIES = ("transformers", "trl", "peft", "accelerate", "deepspeed")

RunAt = Callable[[str, Version], Run]
"""The launch read again with one package at one release."""


@dataclass(frozen=True, slots=True)
class ReleaseWindow:
    """Consecutive releases for which the answer is the same."""

    first: Version
    last: Version
    because: tuple[Finding, ...] = ()
    """What keeps the launch from starting; empty where it starts."""

    @property
    def starts(self) -> bool:
        """Whether the launch starts."""
        return not self.because


@dataclass(frozen=True, slots=True)
class Later:
    """A failure that comes after the start, in some releases only."""

    first: Version
    last: Version
    finding: Finding


@dataclass(frozen=True, slots=True)
class PackageSweep:
    """One package through its known releases."""

    name: str
    windows: tuple[ReleaseWindow, ...]
    later: tuple[Later, ...] = ()
    pin: Pin | None = None
    """The pin in force."""
    pin_inside: bool | None = None
    """Whether the launch starts with the pin in force; None where there is none, or where it admits both."""

    def starting(self) -> list[bool]:
        """For every known release, whether the launch starts."""
        return [window.starts for version in releases(self.name) for window in self.windows if window.first <= version <= window.last]


@dataclass(frozen=True, slots=True)
class LaunchSweep:
    """One launch."""

    run: Run
    """As it is read with the pins in force."""
    packages: tuple[PackageSweep, ...]

    @property
    def always(self) -> tuple[Finding, ...]:
        """What keeps it from starting with every release of every package."""
        windows = [{_key(finding): finding for finding in window.because} for package in self.packages for window in package.windows]
        return tuple(finding for key, finding in windows[0].items() if all(key in each for each in windows)) if windows else ()


Combination = dict[str, tuple[Version, Version]]


def candidates(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that a release can decide: errors of a launch, files and memory aside."""
    return [rule for rule in rules if rule.severity == "error" and rule.subject == "launch" and rule.family not in _ELSEWHERE]


def sweep(run: Run, run_at: RunAt, rules: Sequence[Rule]) -> LaunchSweep:
    """A launch through the releases of every package that matters to it; `rules` are `candidates`."""
    surfaced = [name for name in (*_LIBRARIES, run.framework) if surfaces_of(run, name) and releases(name)]
    if not surfaced:
        return LaunchSweep(run, ())
    if run.framework in FILL_IN:  # what they make of settings is not what the library's defaults say
        rules = [rule for rule in rules if rule.family in ("cli", "versions")]
    packages = dict.fromkeys((*surfaced, *(name for name in windowed_packages(rules, Scope(run)) if releases(name))))
    swept = [_sweep_package(run, run_at, rules, name) for name in packages]
    constant = [_constant(package) for package in swept]
    everywhere = set.intersection(*constant) if constant else set()
    cleaned = (_without(package, keys - everywhere) for package, keys in zip(swept, constant, strict=True))
    return LaunchSweep(run, tuple(_with_pin(package, run.versions.get(package.name)) for package in cleaned))


def _constant(package: PackageSweep) -> set[tuple[str, str]]:
    """What breaks with every release of a package, so that this package does not decide it."""
    return set.intersection(*({_key(finding) for finding in window.because} for window in package.windows))


def _without(package: PackageSweep, keys: set[tuple[str, str]]) -> PackageSweep:
    """The same without breaks that are another package's matter."""
    windows: list[ReleaseWindow] = []
    for window in package.windows:
        _extend(windows, replace(window, because=tuple(finding for finding in window.because if _key(finding) not in keys)))
    return replace(package, windows=tuple(windows))


def _with_pin(package: PackageSweep, pin: Pin | None) -> PackageSweep:
    return replace(package, pin=pin, pin_inside=inside(pin, package.name, package.starting())) if pin else package


def _sweep_package(run: Run, run_at: RunAt, rules: Sequence[Rule], package: str) -> PackageSweep:
    known = releases(package)
    windows: list[ReleaseWindow] = []
    later: list[Later] = []
    for first, last, findings in _segments(run, run_at, rules, package):
        early = tuple(finding for finding in findings if finding.stage in BEFORE_TRAINING)
        _extend(windows, ReleaseWindow(known[first], known[last], early))
        later += [Later(known[first], known[last], finding) for finding in findings if finding not in early]
    return PackageSweep(package, tuple(windows), _joined(later, known))


def _segments(run: Run, run_at: RunAt, rules: Sequence[Rule], package: str) -> Iterator[tuple[int, int, list[Finding]]]:
    """Stretches of releases (by index, both inclusive) with the errors that each of them has."""
    known = releases(package)
    surfaces = surfaces_of(run, package)
    edges = option_edges(run, surfaces, rules) if surfaces else set()
    starts = sorted({0, *(index for edge in edges if (index := _at_or_after(known, edge)) < len(known))})
    for first, end in zip(starts, [*starts[1:], len(known)], strict=True):
        here = _keep_script(run_at(package, known[first]), run) if surfaces else run
        for start, stop in _split(here, rules, package, first, end):
            pinned = replace(here, versions={**here.versions, package: exactly(package, known[start])})
            errors = [finding for finding in evaluate_rules(rules, pinned, recent_releases).findings if finding.severity == "error"]
            missing = [finding for finding in errors if finding.name == MISSING_CLASS]
            yield start, stop - 1, missing or errors  # of a class that is not there nothing else can be said


def _keep_script(run: Run, base: Run) -> Run:
    """The same run, where what the entry script itself says is not worked out again: no release changes it."""
    for name in [name for name in run.pending if name.startswith("script.")]:
        run.values[name] = base.get(name)
        del run.pending[name]
    return run


def _split(run: Run, rules: Sequence[Rule], package: str, first: int, end: int) -> list[tuple[int, int]]:
    """A stretch in which the options are the same, cut where a rule's window or a library guard begins or ends."""
    known = releases(package)
    raised = raised_by_release(run, _indices(known[first:end])) if package == "transformers" else {}
    windows = rule_windows(rules, Scope(run), package)
    state = [
        (raised.get(known[index].text, ("",))[0], *(window.contains(known[index]) for window in windows)) for index in range(first, end)
    ]
    cuts = [first, *(first + index for index in range(1, len(state)) if state[index] != state[index - 1]), end]
    return list(pairwise(cuts))


def _indices(versions: Sequence[Version]) -> list[int]:
    """The releases by their index in the surface of the trainer's options."""
    surface = surface_of("transformers.TrainingArguments")
    return sorted({surface.index(version) for version in versions}) if surface is not None else []


def exactly(package: str, version: Version) -> Pin:
    """The pin of one release."""
    return Pin(package, Specifiers.parse(f"=={version}"), (Step("assumed", None, "compat"),))


def _at_or_after(known: Sequence[Version], version: Version) -> int:
    return next((index for index, each in enumerate(known) if each >= version), len(known))


def _key(finding: Finding) -> tuple[str, str]:
    return finding.name, finding.message


def _extend(windows: list[ReleaseWindow], window: ReleaseWindow) -> None:
    """Adds a window, joined to the last where the answer is the same."""
    if windows and {*map(_key, windows[-1].because)} == {*map(_key, window.because)}:
        windows[-1] = replace(windows[-1], last=window.last)
    else:
        windows.append(window)


def _joined(later: Sequence[Later], known: Sequence[Version]) -> tuple[Later, ...]:
    """Late failures of neighbouring stretches as one; those of every release are left to `check`."""
    found: dict[tuple[str, str], list[Later]] = {}
    for each in later:
        of_rule = found.setdefault(_key(each.finding), [])
        if of_rule and known.index(of_rule[-1].last) + 1 == known.index(each.first):
            of_rule[-1] = replace(of_rule[-1], last=each.last)
        else:
            of_rule.append(each)
    return tuple(each for group in found.values() for each in group if (each.first, each.last) != (known[0], known[-1]))


def inside(pin: Pin, package: str, starting: Sequence[bool]) -> bool | None:
    """Whether every release that a pin admits is one that starts (True), none is (False), or some are (None)."""
    known = releases(package)
    exact = pin.specifiers.exact
    if exact is not None:
        return starting[stand_in(known, exact)]
    answers = {starts for version, starts in zip(known, starting, strict=True) if pin.specifiers.contains(version)}
    return answers.pop() if len(answers) == 1 else None


def stand_in(known: Sequence[Version], version: Version) -> int:
    """The known release that stands for a version: itself, else the newest before it, else the oldest."""
    return max(bisect_right(known, version) - 1, 0)


def taken_as(pin: Pin | None) -> Version | None:
    """The known release that stands for one that an exact pin names and lintune does not know; None for any other pin."""
    exact = pin.specifiers.exact if pin is not None else None
    if pin is None or exact is None or exact in releases(pin.package):
        return None
    return releases(pin.package)[stand_in(releases(pin.package), exact)]


def common(launches: Sequence[LaunchSweep]) -> tuple[Combination, ...]:
    """The combinations of windows, one per package, in which every launch starts."""
    names = dict.fromkeys(package.name for launch in launches for package in launch.packages)
    runs = [[(name, *window) for window in _common_windows(launches, name)] for name in names]
    if not runs or not all(runs):
        return ()
    found: list[Combination] = []
    for combination in product(*runs):
        found.append({name: (first, last) for name, first, last in combination})
        if len(found) == _MOST_COMBINATIONS:
            break
    return tuple(found)


def common_starting(launches: Sequence[LaunchSweep], package: str) -> list[bool]:
    """For every known release of a package, whether every launch starts; launches that it does not matter to always do."""
    swept = [each.starting() for launch in launches for each in launch.packages if each.name == package]
    return [all(answers) for answers in zip(*swept, strict=True)]


def _common_windows(launches: Sequence[LaunchSweep], package: str) -> list[tuple[Version, Version]]:
    known, starting = releases(package), common_starting(launches, package)
    found: list[tuple[Version, Version]] = []
    for index, starts in enumerate(starting):
        if starts and index and starting[index - 1]:
            found[-1] = (found[-1][0], known[index])
        elif starts:
            found.append((known[index], known[index]))
    return found
