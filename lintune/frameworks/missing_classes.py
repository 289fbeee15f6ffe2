"""Classes that an entry script takes its options from and that the pinned release of their library does not have."""

from collections.abc import Iterator

from lintune.run.run import Item, Run
from lintune.surfaces.releases import releases
from lintune.surfaces.surface import Surface, surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.value import Known

NAME = "class-not-in-release"
"""The rule that reports them."""


def missing_classes(run: Run) -> Iterator[Item]:
    """An item per class that no admitted release has: name, package, works (the releases that have it). Without a pin none."""
    bases = run.get("script.bases")
    for dotted in bases.value if isinstance(bases, Known) and isinstance(bases.value, tuple) else ():
        surface = surface_of(str(dotted))
        pin = run.versions.get(surface.package) if surface is not None else None
        if surface is None or pin is None:
            continue
        known, having = releases(surface.package), _having(surface)
        exact = pin.specifiers.exact
        if exact is not None:
            admitted = [version for version in known if version == exact]
        else:
            admitted = [version for version in known if pin.specifiers.contains(version)]
        if admitted and not any(version.text in having for version in admitted):
            works = spec_text(known, [version.text in having for version in known])
            fields = {"name": Known(surface.name), "package": Known(surface.package), "works": Known(works)}
            yield Item({**fields}, None)


def _having(surface: Surface) -> set[str]:
    return {version.text for first, last in surface.class_windows for version in surface.releases[first : last + 1]}
