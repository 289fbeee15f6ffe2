"""The releases that a launch without a pin was written for, where it uses options that the newest one has no more.

A framework's newest release is the likely one, so that its options are not taken for too new. A launch with an option that is gone
was written for the releases that had it, and what came later than the first of them is too new for some of them.
"""

from collections.abc import Sequence

from lintune.frameworks.command_line import Parsed
from lintune.surfaces.surface import surface_of
from lintune.values.value import Known
from lintune.values.version import Pin, Specifiers


def older_release(parsed: Parsed, classes: Sequence[str]) -> Pin | None:
    """A pin on the releases that have every given option which the newest has no more; None where there is no such option."""
    surfaces = [found for dotted in classes if (found := surface_of(dotted)) is not None]
    if not surfaces:
        return None
    surface = surfaces[0]
    kept = set(range(len(surface.releases)))
    gone = False
    for item in parsed.items.get("raw.windowed", ()):
        name = item.fields["name"]
        if item.fields["package"] != Known(surface.package):  # an option that the framework has from a library now
            continue
        present = surface.present(str(name.value)) if isinstance(name, Known) else []
        if present and any(present) and not present[-1]:
            gone = True
            kept &= {index for index, there in enumerate(present) if there}
    if not gone or not kept:
        return None
    first, last = surface.releases[min(kept)], surface.releases[max(kept)]
    return Pin(surface.package, Specifiers.parse(f">={first.text},<={last.text}"))
