"""What a framework itself refuses: the checks of its released sources, evaluated on the settings of a launch.

`schemas/guards` has, release by release, every `raise` that settings decide. A check that reads something that is not known says nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lintune.frameworks.library_guards import NAMED, shown
from lintune.run.run import Item, Run
from lintune.surfaces.guards import Guards, LibraryGuard, load_guards
from lintune.surfaces.releases import recent_releases
from lintune.surfaces.windows import spec_text
from lintune.values.value import Absent, Known, Unknown, Value, site_of
from lintune.values.version import Pin, Version

_PROGRAMS = {"llamafactory": "llamafactory.train", "axolotl": "axolotl.config"}
"""Frameworks with one program that reads the settings."""
_NEVER_GIVEN = frozenset(("capabilities", "env_capabilities"))
"""What axolotl adds to the settings itself: facts of the machine."""


def at_parsing(run: Run) -> Iterator[Item]:
    """The checks that fail while the settings are read, an item for each.

    Fields: message, package, broken (the releases), source, `first` to `fifth`: the values of settings that it reads.
    """
    yield from (item for item in _items(run) if not _is_late(item))


def at_trainer(run: Run) -> Iterator[Item]:
    """The checks that fail when the trainer is made, with the model loaded."""
    yield from (item for item in _items(run) if _is_late(item))


def _is_late(item: Item) -> bool:
    source = item.fields["source"]
    return isinstance(source, Known) and "Trainer." in str(source.value)


def programs_of(run: Run) -> tuple[str, ...]:
    """The guards that a launch goes through, by their file."""
    if run.framework in _PROGRAMS:
        return (_PROGRAMS[run.framework],)
    program = run.get("script.program")
    if isinstance(program, Known):
        return (str(program.value),)
    bases = run.get("script.bases")
    listed = bases.value if isinstance(bases, Known) and isinstance(bases.value, tuple) else ()
    return tuple(str(base) for base in listed if str(base).startswith("trl."))


def _items(run: Run) -> Iterator[Item]:
    for program in programs_of(run):
        guards = load_guards(program)
        if guards is not None:
            yield from _of_program(run, guards)


def _of_program(run: Run, guards: Guards) -> Iterator[Item]:
    options = _options(run, guards)
    raised = guards.first_raised(options)
    releases = [Version.parse(text) for text in guards.releases]
    pin = run.versions.get(guards.package)
    # without a pin the newest release is the likely one: what it takes is not held against a launch
    in_force = {release.text for release in (admitted(guards.package, releases, pin) if pin is not None else releases[-1:])}
    by_message: dict[str, list[str]] = {}
    for release, guard in raised.items():
        by_message.setdefault(shown(guard, _plain(options)), []).append(release)
    for message, broken in by_message.items():
        if not in_force.isdisjoint(broken):
            window = spec_text(releases, [release.text in broken for release in releases])
            yield _item(run, guards.package, raised[broken[-1]], message, window)


def admitted(package: str, releases: Sequence[Version], pin: Pin | None) -> list[Version]:
    """The releases that may be in force: those of the pin, else the recent ones."""
    if pin is not None and pin.specifiers.clauses:
        exact = pin.specifiers.exact
        if exact is not None:
            return [max((each for each in releases if each <= exact), default=releases[0])]
        found = [each for each in releases if pin.specifiers.contains(each)]
        if found:
            return found
    recent = set(recent_releases(package))
    return [each for each in releases if each in recent] or [releases[-1]]


def _options(run: Run, guards: Guards) -> dict[str, Any]:
    """The values that the checks read, by their name there; what is not known is left out."""
    found: dict[str, Any] = {}
    own = run.get("script.post_init")
    changed = own.value if isinstance(own, Known) and isinstance(own.value, tuple) else ()
    for name in {name for row in guards.rows for name in row[4]}:
        kind, colon, inner = name.partition(":")
        if not colon and name in changed:
            continue
        value = run.get(inner) if kind == "run" and colon else _given(run, inner) if colon else run.get(f"flag.{name}")
        if isinstance(value, Known):
            if not _may_be_another(value.value):
                found[name] = value.value
        elif isinstance(value, Absent) and not (name == "bf16" and guards.package == "trl"):
            # TRL's classes turn a `bf16` of None into a choice of their own
            found[name] = None
    return found


def _may_be_another(value: object) -> bool:
    """Whether a text may stand for a number or a truth value, where the program turns choices into what they are (`Literal[4, 8]`)."""
    if not isinstance(value, str):
        return False
    return value.lower() in ("true", "false", "none", "null") or value.lstrip("+-.")[:1].isdigit()


def _given(run: Run, name: str) -> Value:
    """What the user wrote under a key; absent where he wrote nothing and the file was read."""
    value = run.values.get(f"flag.{name}")
    if name in _NEVER_GIVEN:
        return Unknown("not a setting")
    if value is None:
        unread = run.unread.get("flag")
        return Absent() if unread is None or not unread.settle else unread
    kind = value.origin[0].kind if value.origin else ""
    if kind in ("default", "derived", "model"):
        return Absent()
    # words of the command line are turned into the type of what they replace
    return Unknown("a word of the command line", value.origin) if kind == "flag" else value


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name.rpartition(":")[2]: value for name, value in options.items()}


def _item(run: Run, package: str, guard: LibraryGuard, message: str, broken: str) -> Item:
    written = list(_written(run, guard.options))
    fields: dict[str, Value] = {
        "message": Known(message or "see the check"),
        "package": Known(package),
        "broken": Known(broken),
        "source": Known(guard.source),
    }
    fields.update(zip(NAMED, written, strict=False))
    return Item(fields, site_of(written[0]) if written else None)


def _written(run: Run, names: Iterable[str]) -> Iterator[Value]:
    """The values that the user wrote, each once."""
    for name in dict.fromkeys(each if each.startswith("run:") else f"flag.{each.rpartition(':')[2]}" for each in names):
        value = run.get(name.removeprefix("run:"))
        if site_of(value) is not None:
            yield value
