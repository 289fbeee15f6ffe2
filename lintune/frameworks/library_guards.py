"""Settings that a library's options class refuses when it is made: its own guards, evaluated on the flags of a launch."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lintune.frameworks.option_table import admitted
from lintune.run.run import Item, Run
from lintune.surfaces.guards import Guards, LibraryGuard, load_guards
from lintune.surfaces.surface import Surface, surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.option import Option
from lintune.values.value import Absent, Known, Value, site_of

_CLASS = "transformers.TrainingArguments"
_SIGNATURE = ("logging_strategy", "save_strategy", "adam_epsilon", "lr_scheduler_type", "dataloader_drop_last")
"""Options by which a launch is known to make a `TrainingArguments`."""
FILL_IN = ("ms-swift", "megatron-swift", "axolotl")
"""Frameworks that make a `TrainingArguments` of their own settings, with defaults that they work out themselves."""
NAMED = ("first", "second", "third", "fourth", "fifth")
"""The fields of an item that hold the options behind it, those that were written first."""
_LONGEST = 200
_REFUSED = "refused by the parser"


def raised_guards(run: Run) -> Iterator[Item]:
    """An item per guard that certainly raises in a release that may be in force.

    Fields: message, package, broken (the releases), source, and `first` to `fifth`: the values of options that it reads.
    """
    surface = surface_of(_CLASS)
    if surface is None:
        return
    admitted_now = admitted("transformers", surface, run.versions.get("transformers"))
    if not raised_by_release(run, admitted_now):
        return
    raised = raised_by_release(run)
    by_message: dict[str, list[str]] = {}
    for release, (message, _) in raised.items():
        by_message.setdefault(message, []).append(release)
    in_force = {surface.releases[index].text for index in admitted_now}
    for message, releases in by_message.items():
        if not in_force.isdisjoint(releases):
            broken = spec_text(surface.releases, [version.text in releases for version in surface.releases])
            yield _item(run, raised[releases[-1]][1], message, broken)


def raised_by_release(run: Run, among: Sequence[int] | None = None) -> dict[str, tuple[str, LibraryGuard]]:
    """For each release the first guard that certainly raises with the flags of a launch, and what it says.

    `among` limits it to some releases, by their index in the surface of the class.
    """
    if run.framework in FILL_IN:
        return {}
    guards, surface = load_guards("transformers.TrainingArguments"), surface_of(_CLASS)
    if guards is None or surface is None or not all(f"flag.{name}" in run.values for name in _SIGNATURE):
        return {}
    own = run.get("script.post_init")
    if not isinstance(own, Known | Absent):
        return {}
    options = _options(run, own)
    return {release: (shown(guard, options), guard) for release, guard in _raised(guards, surface, options, among).items()}


def _raised(guards: Guards, surface: Surface, options: dict[str, Any], among: Sequence[int] | None) -> dict[str, LibraryGuard]:
    """The first guard that raises, by release, where each release reads the numbers as it declares them."""
    groups: dict[tuple[tuple[str, Any], ...], set[str]] = {}
    read = {name for row in guards.rows for name in row[4]}
    numbers = {name: value for name, value in options.items() if name in read and type(value) in (int, float)}
    changing = {name: value for name, value in numbers.items() if len({window.option.type for window in surface.windows(name)}) > 1}
    for index in range(len(surface.releases)) if among is None else among:
        typed = tuple((name, _as_declared(value, surface.at(name, index))) for name, value in changing.items())
        groups.setdefault(typed, set()).add(surface.releases[index].text)
    found: dict[str, LibraryGuard] = {}
    for typed, releases in groups.items():
        known = {name: value for name, value in {**options, **dict(typed)}.items() if value is not _REFUSED}
        found.update((release, guard) for release, guard in guards.first_raised(known).items() if release in releases)
    return {version.text: found[version.text] for version in surface.releases if version.text in found}


def _as_declared(value: float, option: Option | None) -> object:
    """A number as a release's parser gives it; one that it does not take says nothing."""
    if option is None or option.type not in ("int", "float"):
        return value
    if option.type == "float":
        return float(value)
    return int(value) if abs(value) < 1e18 and value == int(value) else _REFUSED


def _options(run: Run, own: Value) -> dict[str, Any]:
    """The options as the constructor gets them; what is not known, or what the script sets itself, is left out."""
    changed = own.value if isinstance(own, Known) and isinstance(own.value, tuple) else ()
    found: dict[str, Any] = {}
    for name, value in run.values.items():
        option = name[5:]
        if not name.startswith("flag.") or option in changed:
            continue
        if isinstance(value, Known):
            found[option] = value.value
        elif isinstance(value, Absent) and option != "bf16":
            # TRL's classes turn a `bf16` of None into a choice of their own
            found[option] = None
    return found


def _item(run: Run, guard: LibraryGuard, message: str, broken: str) -> Item:
    values = [run.get(f"flag.{name}") for name in guard.options]
    written = [value for value in values if site_of(value) is not None]
    fields: dict[str, Value] = {
        "message": Known(message),
        "package": Known("transformers"),
        "broken": Known(broken),
        "source": Known(guard.source),
    }
    fields.update(zip(NAMED, written, strict=False))
    return Item(fields, site_of(written[0]) if written else None)


def shown(guard: LibraryGuard, options: dict[str, Any]) -> str:
    """The library's text in one line, with the values filled in."""
    filled = re.sub(r"\{(\w+)\}", lambda found: str(options.get(found[1], "...")), guard.message)
    line = " ".join(filled.split()).rstrip(".")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
