"""Flags of a launch that the releases pinned by the project's other requirement files do not have."""

from collections.abc import Iterator

from lintune.run.run import Item, Run
from lintune.source.text import Site
from lintune.surfaces.surface import Surface, surface_of
from lintune.values.value import Known, Step, Value
from lintune.values.version import Specifiers

_CLASSES = {"transformers": "transformers.TrainingArguments"}
"""The class whose options nearly every launch of this family passes, by package."""


def flags_missing_elsewhere(run: Run) -> Iterator[Item]:
    """An item per flag and other requirement file: the flag exists with the pin in force, and not with that file's.

    Fields: flag, name, package, specifier, path, works.
    """
    for other in run.items.get("pins.other", ()):
        package, specifier = (_text(other.fields.get(field)) for field in ("package", "specifier"))
        surface = surface_of(_CLASSES.get(package, ""))
        force = run.versions.get(package)
        if surface is None or force is None or not specifier:
            continue
        here, there = _admitted(surface, force.specifiers), _admitted(surface, Specifiers.parse(specifier))
        for name, site in _given_flags(run):
            present = surface.present(name)
            if here and there and all(present[index] for index in here) and not any(present[index] for index in there):
                yield Item(_fields(name, site, surface, other), site)


def _fields(name: str, site: Site, surface: Surface, other: Item) -> dict[str, Value]:
    pin = (Step("pin", other.site),)
    return {
        "flag": Known(f"--{name}"),
        "name": Known(name),
        "package": Known(surface.package),
        "works": Known(surface.window(name)[0]),
        "specifier": Known(_text(other.fields.get("specifier")), pin),
        "path": Known(_text(other.fields.get("path")), pin),
    }


def _admitted(surface: Surface, specifiers: Specifiers) -> list[int]:
    exact = specifiers.exact
    if exact is not None:
        return [surface.index(exact)]
    return [index for index, release in enumerate(surface.releases) if specifiers.contains(release)] if specifiers.clauses else []


def _given_flags(run: Run) -> Iterator[tuple[str, Site]]:
    """The options written on the command line."""
    for name, value in run.values.items():
        step = value.origin[0] if value.origin else None
        if name.startswith("flag.") and step is not None and step.kind == "flag" and step.site is not None:
            yield name[5:], step.site


def _text(value: Value | None) -> str:
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else ""
