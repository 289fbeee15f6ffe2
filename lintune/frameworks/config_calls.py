"""Configurations that a script makes beside its training arguments (`LoraConfig(...)`), and what their classes refuse."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lintune.frameworks.library_guards import NAMED, shown
from lintune.frameworks.program_guards import admitted
from lintune.run.run import Item, Run
from lintune.surfaces.guards import Guards, load_guards
from lintune.surfaces.surface import surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.value import Absent, Known, Value, site_of
from lintune.values.version import Version

if TYPE_CHECKING:
    from lintune.scripts.calls import LibraryCall

_CLASSES = frozenset(("peft.LoraConfig", "peft.AdaLoraConfig", "transformers.BitsAndBytesConfig"))


def config_items(calls: "Iterable[LibraryCall]") -> tuple[Item, ...]:
    """An item per call of a class whose checks are known: `class`, `made` (its last name), and its arguments by name."""
    found = []
    for call in calls:
        if call.dotted in _CLASSES and call.certain and not call.open_ended:
            given = {name: call.value(name) for name in call.arguments}
            found.append(Item({**given, "class": Known(call.dotted), "made": Known(call.name)}, call.site))
    return tuple(found)


def refused_configs(run: Run) -> Iterator[Item]:
    """An item per configuration that its own class refuses.

    Fields: message, package, broken (the releases), source, `first` to `fifth`: the arguments that the check reads.
    """
    for item in run.items.get("script.configs", ()):
        name = item.fields["class"]
        guards = load_guards(str(name.value)) if isinstance(name, Known) else None
        if guards is not None and isinstance(name, Known):
            yield from _refused(run, item, str(name.value), guards)


def _refused(run: Run, item: Item, dotted: str, guards: Guards) -> Iterator[Item]:
    releases = [Version.parse(text) for text in guards.releases]
    pin = run.versions.get(guards.package)
    in_force = admitted(guards.package, releases, pin) if pin is not None else releases[-1:]
    options = _options(item, dotted, in_force[-1])
    raised = guards.first_raised(options)
    guard = raised.get(in_force[-1].text)
    if guard is None:
        return
    broken = [release.text in raised for release in releases]
    written = [value for name in guard.options if (value := item.fields.get(name)) is not None and site_of(value) is not None]
    fields: dict[str, Value] = {
        "message": Known(shown(guard, options) or "see the check"),
        "package": Known(guards.package),
        "broken": Known(spec_text(releases, broken)),
        "source": Known(guard.source),
    }
    fields.update(zip(NAMED, written, strict=False))
    yield Item(fields, site_of(written[0]) if written else item.site)


def _options(item: Item, dotted: str, release: Version) -> dict[str, Any]:
    """The arguments over the class's defaults; what is not known is left out."""
    surface = surface_of(dotted)
    found: dict[str, Any] = {}
    for name, option in surface.options_at(release).items() if surface is not None else ():
        if option.default_known or option.default is None:
            found[name] = option.default
    for name, value in item.fields.items():
        if isinstance(value, Known):
            found[name] = value.value
        elif isinstance(value, Absent):
            found[name] = None
        else:
            found.pop(name, None)
    return found
