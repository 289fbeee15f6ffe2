"""Names that an entry script imports from a library whose pinned release does not have them."""

from collections.abc import Iterator

from lintune.run.run import Item, Run
from lintune.surfaces.exports import exporting
from lintune.surfaces.releases import releases
from lintune.surfaces.windows import spec_text
from lintune.values.value import Known

_PACKAGES = ("transformers", "trl", "peft")


def missing_imports(run: Run) -> Iterator[Item]:
    """An item per imported name that no admitted release exports: name, package, works (the releases that have it).

    Without a pin none: then the newest release is installed, and with it what the script was written for.
    """
    if not any(package in run.versions for package in _PACKAGES):
        return
    imported = run.get("script.library_names")
    if not isinstance(imported, Known) or not isinstance(imported.value, tuple):
        return
    bases = run.get("script.bases")
    options = bases.value if isinstance(bases, Known) and isinstance(bases.value, tuple) else ()
    # one step per name, but for a run file, which says them all in one place
    sites = [step.site for step in imported.origin]
    if len(sites) != len(imported.value):
        sites = [sites[0] if sites else None] * len(imported.value)
    for dotted, site in zip(imported.value, sites, strict=True):
        if dotted in options:
            continue  # `class-not-in-release` speaks of these
        package, _, name = str(dotted).partition(".")
        pin, has = run.versions.get(package), exporting(package, name)
        if pin is None or has is None:
            continue
        known = releases(package)
        admitted = [each for version, each in zip(known, has, strict=True) if pin.specifiers.contains(version)]
        if admitted and not any(admitted):
            fields = {"name": Known(name), "package": Known(package), "works": Known(spec_text(known, has))}
            yield Item({**fields}, site)
