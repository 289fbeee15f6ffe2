"""Requirements without a release beside a pinned library: what gets installed today may need a newer one."""

from collections.abc import Iterator

from lintune.run.run import Item, Run
from lintune.values.value import Known, Step
from lintune.values.version import Specifiers

_NEEDS = (("peft", "0.14.0", "transformers", "4.43", "EncoderDecoderCache"),)
"""A package, the first release that imports a name at once, and the library with the first release that has the name.

peft 0.14.0-0.21.2 peft_model.py imports `EncoderDecoderCache` at its top; transformers has it from 4.43.0 on.
"""


def open_beside_old(run: Run) -> Iterator[Item]:
    """An item per open requirement whose newest release can not be imported with the pinned library.

    Fields: package, first, library, pinned, needs, name.
    """
    for item in run.items.get("pins.open", ()):
        package, path = item.fields["package"], item.fields["path"]
        for wanted, first, library, needs, name in _NEEDS:
            pin = run.versions.get(library)
            site = pin.origin[0].site if pin is not None and pin.origin else None
            exact = pin.specifiers.exact if pin is not None else None
            if package != Known(wanted) or exact is None or site is None or path != Known(site.source.path):
                continue
            if not Specifiers.parse(f"<{needs}").contains(exact):
                continue
            fields = {
                "package": Known(wanted),
                "first": Known(first),
                "library": Known(library),
                "needs": Known(needs),
                "name": Known(name),
            }
            yield Item({**fields, "pinned": Known(exact.text, (Step("pin", site),))}, item.site)


_PAIRS = (
    ("trl", "==0.12.2", "transformers", "<4.47"),
    ("trl", ">=0.19,<0.24", "transformers", ">=4.51"),
    ("trl", ">=0.24,<1.0", "transformers", ">=4.56.1"),
    ("trl", ">=1.0", "transformers", ">=4.56.2"),
    ("trl", ">=1.16", "accelerate", ">=1.10.1"),
)
"""A package, some of its releases, and what their metadata ask of another (trl wheels 0.12.2, 0.19.1, 0.24.0, 1.0.0, 1.16.0)."""


def libraries_apart(run: Run) -> Iterator[Item]:
    """An item per pinned package whose release asks for another release of a pinned library.

    Fields: package, release, library, pinned, needs.
    """
    for package, releases, library, needs in _PAIRS:
        own, other = run.versions.get(package), run.versions.get(library)
        mine = own.specifiers.exact if own is not None else None
        theirs = other.specifiers.exact if other is not None else None
        if own is None or other is None or mine is None or theirs is None or not own.origin or not other.origin:
            continue
        if own.origin[0].site is None or not Specifiers.parse(releases).contains(mine) or Specifiers.parse(needs).contains(theirs):
            continue
        told = {"package": package, "release": mine.text, "library": library, "needs": needs}
        fields = {**{name: Known(text) for name, text in told.items()}, "pinned": Known(theirs.text, other.origin[:1])}
        yield Item(fields, own.origin[0].site)
