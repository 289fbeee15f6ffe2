"""The package versions in force for a launch: what the user says, then requirement files, then an interpreter's packages."""

from collections.abc import Iterable
from functools import lru_cache

from lintune.frameworks.context import Context
from lintune.launch.pins import FilePin
from lintune.run.run import Item, Run
from lintune.values.value import Known, Step
from lintune.values.version import Pin, Specifiers


def pins_in_force(context: Context, filed: Iterable[FilePin]) -> dict[str, Pin]:
    """The pin of each package for a launch with these requirements beside or above its entry script.

    Of several requirement files the nearest wins; in one folder a lock file comes first. Extras and development groups
    count only where nothing else names the package.
    """
    found: dict[str, Pin] = {}
    for entry in sorted((pin for pin in filed if pin.specifier), key=lambda pin: pin.optional):
        if entry.package not in found and (specifiers := _specifiers(entry.specifier)) is not None:
            found[entry.package] = Pin(entry.package, specifiers, (Step("pin", entry.site),))
    for package, pin in context.assumptions.installed.items():
        found.setdefault(package, pin)
    found.update(context.assumptions.pins)
    return found


def add_pins(run: Run, filed: Iterable[FilePin], pins: dict[str, Pin]) -> None:
    """Add the pins in force, `pins.NAME` for `show`, requirement files that say otherwise (`pins.other`), and what is left open."""
    run.versions.update(pins)
    for package, pin in pins.items():
        run.values[f"pins.{package}"] = Known(pin.specifiers.text, pin.origin)
    items = []
    for entry in filed:
        force = pins.get(entry.package)
        if force is None or not entry.specifier or force.specifiers.text == entry.specifier:
            continue
        fields = {"package": Known(entry.package), "specifier": Known(entry.specifier), "path": Known(entry.site.source.path)}
        items.append(Item({**fields}, entry.site))
    run.items["pins.other"] = tuple(items)
    run.items["pins.open"] = tuple(_open_items(filed, pins))


def _open_items(filed: Iterable[FilePin], pins: dict[str, Pin]) -> Iterable[Item]:
    """Requirements without a release, where nothing else gives one. Fields: package, path."""
    for entry in filed:
        if not entry.specifier and not entry.optional and entry.package not in pins:
            yield Item({"package": Known(entry.package), "path": Known(entry.site.source.path)}, entry.site)


@lru_cache(maxsize=512)
def _specifiers(text: str) -> Specifiers | None:
    try:
        return Specifiers.parse(text)
    except ValueError:
        return None
