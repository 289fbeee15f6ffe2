"""Settings that a library's options class refuses when it is made: its own guards, evaluated on the flags of a launch."""

import re
from collections.abc import Iterator
from typing import Any

from lintune.frameworks.option_table import admitted
from lintune.run.run import Item, Run
from lintune.surfaces.guards import LibraryGuard, load_guards
from lintune.surfaces.surface import surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.value import Absent, Known, Value, site_of

_CLASS = "transformers.TrainingArguments"
_SIGNATURE = ("logging_strategy", "save_strategy", "adam_epsilon", "lr_scheduler_type", "dataloader_drop_last")
"""Options by which a launch is known to make a `TrainingArguments`."""
_NAMED = ("first", "second", "third", "fourth", "fifth")
"""The fields of an item that hold the options behind it, those that were written first."""
_LONGEST = 200


def raised_guards(run: Run) -> Iterator[Item]:
    """An item per guard that certainly raises in a release that may be in force.

    Fields: message, package, broken (the releases), source, and `first` to `fifth`: the values of options that it reads.
    """
    guards, surface = load_guards("transformers"), surface_of(_CLASS)
    if guards is None or surface is None or not all(f"flag.{name}" in run.values for name in _SIGNATURE):
        return
    own = run.get("script.post_init")
    if not isinstance(own, Known | Absent):
        return
    options = _options(run, own)
    by_message: dict[str, list[str]] = {}
    raised = guards.first_raised(options)
    for release, guard in raised.items():
        by_message.setdefault(_shown(guard, options), []).append(release)
    if not raised:
        return
    in_force = {surface.releases[index].text for index in admitted("transformers", surface, run.versions.get("transformers"))}
    for message, releases in by_message.items():
        if not in_force.isdisjoint(releases):
            broken = spec_text(surface.releases, [version.text in releases for version in surface.releases])
            yield _item(run, raised[releases[-1]], message, broken)


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
    fields.update(zip(_NAMED, written, strict=False))
    return Item(fields, site_of(written[0]) if written else None)


def _shown(guard: LibraryGuard, options: dict[str, Any]) -> str:
    """The library's text in one line, with the values filled in."""
    filled = re.sub(r"\{(\w+)\}", lambda found: str(options.get(found[1], "...")), guard.message)
    line = " ".join(filled.split()).rstrip(".")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
