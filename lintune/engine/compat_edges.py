"""Releases at which the answer for a launch can change: edges of its options, of versioned rules and of library guards.

Between two edges one release stands for all, so that a sweep over a hundred and fifty releases evaluates a dozen.
"""

from collections.abc import Callable, Iterable, Sequence

from lintune.engine.rule import Rule
from lintune.engine.scope import Scope
from lintune.engine.template import Template
from lintune.frameworks.option_table import DASHED_FROM
from lintune.frameworks.trainer_settings import SETTINGS
from lintune.run.run import Run
from lintune.surfaces.programs import commands, program
from lintune.surfaces.surface import Surface, surface_of
from lintune.values.conversion import Refusal, convert
from lintune.values.option import Option
from lintune.values.value import Known, Value
from lintune.values.version import Specifiers, Version

_TRAINER_OPTION = "per_device_train_batch_size"
"""An option that every launch with a `TrainingArguments` has."""


def surfaces_of(run: Run, package: str) -> list[Surface]:
    """The classes of a package whose options a launch takes; of a framework with programs of its own those of all its programs."""
    left = _program_surfaces(package) if package == run.framework else []
    bases = run.get("script.bases")
    if f"flag.{_TRAINER_OPTION}" in run.values and isinstance(bases, Known) and isinstance(bases.value, tuple):
        left += [str(base) for base in bases.value]
    found: dict[str, Surface] = {}
    while left:
        dotted = left.pop()
        surface = surface_of(dotted)
        if surface is None or dotted in found:
            continue
        found[dotted] = surface
        for first, _ in surface.class_windows:
            left.extend(surface.bases_at(first))
    return [surface for surface in found.values() if surface.package == package]


def _program_surfaces(package: str) -> list[str]:
    programs = [program(package, command) for command in commands(package)]
    return list(dict.fromkeys(dotted for each in programs if each is not None for part in each.parts for dotted in part))


def option_edges(run: Run, surfaces: Sequence[Surface], rules: Sequence[Rule]) -> set[Version]:
    """Releases at which an option that is given, or a default that a rule reads, becomes another."""
    words, read = words_given(run), _options_read(rules)
    found: set[Version] = set()
    for surface in surfaces:
        partial = tuple(word for word in words if not all(surface.present(word)))
        for first, last in surface.class_windows:
            found.update(surface.releases[index] for index in (first, last + 1) if index < len(surface.releases))
        for name in surface.names:
            if name in words:
                found.update(_edges(surface, name, _as_given(run.get(f"flag.{name}"))))
            elif name.startswith(partial):
                found.update(_edges(surface, name, lambda option: ""))
            elif any(window.option.required for window in surface.windows(name)):
                found.update(_edges(surface, name, lambda option: repr(option.required), ("False",)))
            elif name in read:
                found.update(_edges(surface, name, lambda option: repr(option.default), (repr(None), repr(False))))
    if any(surface.package == "transformers" for surface in surfaces) and "-" in "".join(words):
        found.add(DASHED_FROM)
    return found


def _edges(surface: Surface, name: str, seen: Callable[[Option], str], quiet: tuple[str, ...] = ()) -> list[Version]:
    """Releases at which what is `seen` of an option changes; coming and going counts unless it looks like one of `quiet`."""
    forms = ["(absent)"] * len(surface.releases)
    for window in surface.windows(name):
        form = seen(window.option)
        forms[window.first : window.last + 1] = [form if form not in quiet else "(absent)"] * (window.last + 1 - window.first)
    return [surface.releases[index] for index in range(1, len(forms)) if forms[index] != forms[index - 1]]


def _as_given(value: Value) -> Callable[[Option], str]:
    """What a release makes of the words of an option: how many it takes, and what they become."""
    if not isinstance(value, Known):
        return repr
    parts = value.value if isinstance(value.value, tuple) else (value.value,)

    def seen(option: Option) -> str:
        values = [convert(str(part), option) for part in parts]
        read = ["refused" if isinstance(each, Refusal) else repr(each) for each in values]
        return f"{option.nargs if option.type != 'bool' else ''} {option.type == 'unparsable'} {read}"

    return seen


def _options_read(rules: Sequence[Rule]) -> frozenset[str]:
    """The options that rules read, under their own name or one of the common vocabulary."""
    names = {name for rule in rules for name in rule.names}
    shared = [flag for name, flag in SETTINGS if name in names]
    return frozenset((*(name[5:] for name in names if name.startswith("flag.")), *shared))


def words_given(run: Run) -> list[str]:
    """The names of the flags as they are written, dashes of the first part stripped."""
    found: dict[str, None] = {}
    for name, value in run.values.items():
        if name.startswith("flag.") and value.origin and value.origin[0].kind != "default":
            found[name[5:]] = None
    for items in (items for name, items in run.items.items() if name.startswith("raw.")):
        for item in items:
            flag = item.fields.get("flag")
            if isinstance(flag, Known) and isinstance(flag.value, str) and len(flag.value) > 3:
                found[flag.value.lstrip("-")] = found[flag.value.lstrip("-").replace("-", "_")] = None
    return list(found)


def rule_windows(rules: Iterable[Rule], scope: Scope, package: str) -> list[Specifiers]:
    """The windows over a package's releases of rules whose condition holds."""
    found: dict[str, None] = {}
    for rule in rules:
        for package_template, window in rule.versions:
            if constant(package_template) == package and (text := constant(window)) and _holds(rule, scope):
                found[text] = None
    return [Specifiers.parse(text) for text in found]


def windowed_packages(rules: Iterable[Rule], scope: Scope) -> list[str]:
    """The packages whose releases decide about a rule: where its condition holds, or where the package is pinned."""
    named = ((constant(package), rule) for rule in rules for package, _ in rule.versions)
    return list(dict.fromkeys(package for package, rule in named if package and (package in scope.run.versions or _holds(rule, scope))))


def _holds(rule: Rule, scope: Scope) -> bool:
    """Whether a rule's condition holds, its releases aside; one that waits for something never makes a finding."""
    if rule.items:
        return bool(scope.run.items.get(rule.items))
    return rule.condition is None or rule.condition(scope) is True


def constant(template: Template) -> str | None:
    """The text of a template without names; None for one that has names."""
    parts = [part for part in template if isinstance(part, str)]
    return "".join(parts) if len(parts) == len(template) else None
