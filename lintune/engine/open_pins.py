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
