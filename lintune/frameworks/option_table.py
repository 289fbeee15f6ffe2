"""The options that an entry script accepts with the releases in force: its own and those it inherits from libraries."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from lintune.scripts.entry import EntryScript
from lintune.scripts.parsers import ParserKind
from lintune.source.record import dataclass, field, replace
from lintune.surfaces.releases import recent_releases, releases
from lintune.surfaces.surface import Surface, surface_of
from lintune.surfaces.windows import short
from lintune.values.option import Option
from lintune.values.value import Absent, Known, Step, Unknown, Value
from lintune.values.version import Pin, Specifiers, Version

Presence: TypeAlias = Literal["all", "some", "none"]
"""How many of the releases that may be in force have an option."""

Pinned: TypeAlias = tuple[tuple[str, str], ...]
"""Packages with the specifiers that are in force for them."""

NOT_AT_HAND = "the entry script is not at hand"
DASHED_FROM = Version.parse("4.46")
"""`HfArgumentParser` accepts `--learning-rate` for `--learning_rate` from transformers 4.46.0 (hf_argparser.py
`_parse_dataclass_field`, `long_options`)."""


@dataclass(frozen=True, slots=True)
class TableOption:
    """An option with what the releases that may be in force make of it."""

    option: Option
    """As the script or the newest admitted release has it (the newest release that has it where none admitted does)."""
    variants: tuple[tuple[Version | None, Option], ...] = ()
    """The different forms it has over the admitted releases, oldest first, each with its first release."""
    presence: Presence = "all"
    package: str = ""
    """The package it comes from; empty for an option of the script."""
    works: str = ""
    broken: str = ""
    """The releases that have it and those that have not, as specifiers; empty when every release has it."""
    explicit: bool = False
    """Whether an `add_argument` call names its spellings, so that the parser adds none."""
    mixed: bool = False
    """Whether the variants' releases are those of more than one package."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write an option."""

    name: str
    presence: Presence = "all"
    negates: bool = False
    dashed: bool = False


@dataclass(slots=True)
class OptionTable:
    """Every option of a launch's entry point, by name and by spelling."""

    kind: ParserKind = "none"
    options: dict[str, TableOption] = field(default_factory=dict)
    spellings: dict[str, Spelling] = field(default_factory=dict)
    unread: str = ""
    """Why there may be further options; empty when these are all."""
    allows_leftovers: bool = False
    takes_positionals: bool = False
    positional: Option | None = None
    """The one word without a flag that the script takes: the name of a command, a path; None where it takes several, or none."""
    abbreviates: bool = True
    config_suffixes: tuple[str, ...] = ()
    where: str = ""
    """The script's name, for people."""
    packages: tuple[str, ...] = ()
    pins: Mapping[str, Pin] = field(default_factory=dict)
    _defaults: dict[str, tuple[TableOption, Value]] = field(default_factory=dict, repr=False)
    """Defaults found so far, shared by the copies of a table."""

    @property
    def complete(self) -> bool:
        """Whether a flag that is not here is certainly unknown."""
        return not self.unread

    def default(self, name: str) -> Value:
        """The value of an option that is not given, with the origin of its default."""
        found = self.options.get(name)
        if found is None or found.presence == "none":
            return Absent()
        known = self._defaults.get(name)
        if known is None or known[0] is not found:
            known = self._defaults[name] = (found, _default(found, self.pins.get(found.package)))
        return known[1]

    def copy(self, pins: Mapping[str, Pin]) -> "OptionTable":
        """A table for another launch, with the same releases pinned elsewhere perhaps; options may be added to it."""
        return replace(self, options=dict(self.options), spellings=dict(self.spellings), pins=pins)


def option_table(entry: EntryScript, pins: Mapping[str, Pin]) -> OptionTable:
    """The options of an entry script with the pinned releases of the libraries that it inherits options from."""
    return _script_table(entry, pinned(pins)).copy(pins)


def command_table(entry: EntryScript, pins: Mapping[str, Pin]) -> OptionTable:
    """The options of the command line of a script whose dataclasses are filled from a file."""
    table = OptionTable("argparse", unread=entry.unread, where=entry.name, pins=pins)
    table.allows_leftovers = entry.allows_leftovers
    table.takes_positionals = bool(entry.positionals)
    table.options = {option.name: TableOption(option, explicit=True) for option in entry.arguments}
    fill_spellings(table)
    return table


@lru_cache(maxsize=16)
def _script_table(entry: EntryScript, pinned: Pinned) -> OptionTable:
    table = OptionTable(entry.kind, unread=entry.unread, where=entry.name, pins=bare_pins(pinned))
    table.allows_leftovers = entry.allows_leftovers
    table.takes_positionals = bool(entry.positionals)
    table.positional = entry.positionals[0] if len(entry.positionals) == 1 and entry.positionals[0].nargs == "one" else None
    table.config_suffixes = entry.config_suffixes
    table.abbreviates = entry.abbreviates
    for script_class in entry.dataclasses:
        found: dict[str, TableOption] = {}
        for dotted in script_class.bases:
            _inherit(found, dotted, table)
        found.update({name: TableOption(option) for name, option in script_class.options.items()})
        for name, inherited in found.items():
            table.options.setdefault(name, inherited)
    for option in entry.arguments if entry.config_source is None else ():
        table.options[option.name] = TableOption(option, explicit=True)
    if entry.kind == "trl":
        table.options.setdefault("config", TableOption(Option("config", origin="trl TrlParser")))
    fill_spellings(table)
    return table


def library_table(*classes: str, pins: Mapping[str, Pin] | None = None, unread: str = NOT_AT_HAND) -> OptionTable:
    """The options of library classes by dotted name, for a launch whose entry script is not at hand.

    The table is never complete: flags that it does not have are not unknown, only unread.
    """
    return _library_table(classes, pinned(pins or {}), unread).copy(pins or {})


def pinned(pins: Mapping[str, Pin]) -> Pinned:
    """What the pins say, without where they say it."""
    return tuple(sorted((name, pin.specifiers.text) for name, pin in pins.items()))


def bare_pins(pinned: Pinned) -> dict[str, Pin]:
    """Pins that say this, of no origin."""
    return {name: Pin(name, Specifiers.parse(text)) for name, text in pinned}


@lru_cache(maxsize=32)
def _library_table(classes: tuple[str, ...], pinned: Pinned, unread: str) -> OptionTable:
    table = OptionTable("hf", unread=unread, pins=bare_pins(pinned))
    for dotted in classes:
        _inherit(table.options, dotted, table)
    fill_spellings(table)
    return table


def admitted(package: str, surface: Surface, pin: Pin | None) -> list[int]:
    """The releases (as indices of a surface, in order) that may be in force: those of the pin, else those of the last years."""
    if pin is not None and pin.specifiers.exact is not None:
        return [surface.index(pin.specifiers.exact)]
    if pin is not None and pin.specifiers.clauses:
        found = [index for index, version in enumerate(surface.releases) if pin.specifiers.contains(version)]
        if found:
            return found
    recent = set(recent_releases(package))
    return [index for index, version in enumerate(surface.releases) if version in recent] or [len(surface.releases) - 1]


def _inherit(found: dict[str, TableOption], dotted: str, table: OptionTable) -> None:
    """Adds the options of a library class, and of what it inherits from, over what is there."""
    surface = surface_of(dotted)
    if surface is None:
        table.unread = table.unread or f"the options of `{dotted}` are not known"
        return
    package = surface.package
    if package not in table.packages:
        table.packages = (*table.packages, package)
    indices = admitted(package, surface, table.pins.get(package))
    for base in surface.bases_at(indices[-1]):
        _inherit(found, base, table)
    for name, option in _library_options(dotted, tuple(indices)).items():
        below = found.get(name)
        found[name] = option if below is None else _over(option, below, surface.releases[indices[0]])


@lru_cache(maxsize=32)
def _library_options(dotted: str, indices: tuple[int, ...]) -> Mapping[str, TableOption]:
    """The options of a library class by name, for some of its releases (indices of its surface): launches share them."""
    surface = surface_of(dotted)
    return {name: _library_option(surface, name, indices) for name in surface.names} if surface is not None else {}


def _library_option(surface: Surface, name: str, indices: Sequence[int]) -> TableOption:
    windows = surface.windows(name)
    variants: list[tuple[Version | None, Option]] = []
    covered = 0
    for window in windows:
        inside = indices[bisect_left(indices, window.first) : bisect_right(indices, window.last)]
        covered += len(inside)
        if inside:
            variants.append((surface.releases[inside[0]], window.option))
    presence: Presence = "all" if covered == len(indices) else "some" if covered else "none"
    works, broken = surface.window(name) if presence != "all" else ("", "")
    return TableOption(variants[-1][1] if variants else windows[-1].option, tuple(variants), presence, surface.package, works, broken)


def _over(option: TableOption, below: TableOption, first: Version) -> TableOption:
    """An option of a derived class over the same one of its base: the base's holds where the derived class has none.

    `first` is the first admitted release of the derived class's package.
    """
    match option.presence:
        case "all":
            return option
        case "none":
            return below
    presence: Presence = "all" if below.presence == "all" else "some"
    came_later = option.works.startswith(">=") and "<" not in option.works
    if came_later and presence == "all" and len(below.variants) == 1:
        return replace(option, presence=presence, variants=((first, below.variants[0][1]), *option.variants), works="", broken="")
    return replace(below, option=option.option, variants=(*below.variants, *option.variants), presence=presence, mixed=True)


def fill_spellings(table: OptionTable) -> None:
    """Fills in every spelling of every option; an option that is there beats one that is only elsewhere."""
    dashed = _dashed(table)
    automatic = table.kind in ("hf", "trl")
    for found in table.options.values():
        option, presence = found.option, found.presence
        for text in option.spellings or (f"--{option.name}",):
            _add(table, text, Spelling(option.name, presence))
        for text in _negations(option, automatic):
            _add(table, text, Spelling(option.name, presence, negates=True, dashed=automatic and text.startswith("--no-")))
        if automatic and "_" in option.name and not found.explicit:
            _add(table, f"--{option.name.replace('_', '-')}", Spelling(option.name, _least(presence, dashed), dashed=True))
    for text in [text for text, spelling in table.spellings.items() if spelling.dashed and spelling.negates]:
        spelling = table.spellings[text]
        table.spellings[text] = replace(spelling, presence=_least(spelling.presence, dashed))


def _negations(option: Option, automatic: bool) -> tuple[str, ...]:
    if not automatic or option.type != "bool" or option.default is not True or option.nargs == "none":
        return option.negations
    return (f"--no_{option.name}", f"--no-{option.name.replace('_', '-')}")


def _add(table: OptionTable, text: str, spelling: Spelling) -> None:
    known = table.spellings.get(text)
    if known is None or known.presence == "none":
        table.spellings[text] = spelling


def _least(one: Presence, two: Presence) -> Presence:
    order: tuple[Presence, ...] = ("none", "some", "all")
    return order[min(order.index(one), order.index(two))]


def _dashed(table: OptionTable) -> Presence:
    """How many of the transformers releases that may be in force accept dashed spellings."""
    pin = table.pins.get("transformers")
    if pin is not None and pin.specifiers.exact is not None:
        return "all" if pin.specifiers.exact >= DASHED_FROM else "none"
    known: Iterable[Version] = recent_releases("transformers")
    if pin is not None and pin.specifiers.clauses:
        known = [version for version in releases("transformers") if pin.specifiers.contains(version)] or known
    answers = {version >= DASHED_FROM for version in known}
    return "some" if len(answers) == 2 else "all" if True in answers else "none"


def _default(found: TableOption, pin: Pin | None) -> Value:
    option = found.option
    if not found.package:
        return _default_value(option, (Step("default", option.site, f"default of {option.origin or 'the script'}"),))
    exact = pin.specifiers.exact if pin is not None else None
    note = f"default of {found.package}" + (f" {exact}" if exact is not None else "")
    origin = (Step("default", None, note),)
    first = found.variants[0][1] if found.variants else option
    if all(_empty(variant) for _, variant in found.variants):
        return Absent(origin)  # releases spell "nothing" in their own ways
    if any(variant.default != first.default or variant.default_known != first.default_known for _, variant in found.variants):
        told = "; ".join(f"{_shown(variant)} from {short(version)}" for version, variant in _changes(found.variants) if version is not None)
        return Unknown(f"the default of `{option.name}` depends on the {found.package} release: {told}", origin, _settle(found.package))
    return _default_value(first, origin)


def _settle(package: str) -> str:
    return f"--assume {package}==VERSION"


def _changes(variants: Sequence[tuple[Version | None, Option]]) -> list[tuple[Version | None, Option]]:
    """The variants at which the default changes."""
    return [pair for index, pair in enumerate(variants) if index == 0 or _shown(pair[1]) != _shown(variants[index - 1][1])]


def _empty(option: Option) -> bool:
    return option.has_default and option.default_known and option.default in (None, "", (), [])


def _shown(option: Option) -> str:
    if option.has_default and not option.default_known:
        return "computed"
    return "none" if option.default is None else str(option.default) or "empty"


def _default_value(option: Option, origin: tuple[Step, ...]) -> Value:
    if option.required or not option.has_default:
        return Absent(origin)
    if not option.default_known:
        return Unknown(f"the default of `{option.name}` is computed at run time", origin)
    return Absent(origin) if option.default is None else Known(option.default, origin)
