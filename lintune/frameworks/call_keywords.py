"""Keywords of library calls that the release in force does not take: `call.unknown` and `call.windowed`."""

import re
from collections.abc import Mapping

from lintune.frameworks.option_table import OptionTable, TableOption, admitted
from lintune.run.run import Item
from lintune.scripts.calls import Argument, LibraryCall
from lintune.surfaces.releases import replacement
from lintune.surfaces.surface import Surface, surface_of
from lintune.values.conversion import nearest
from lintune.values.value import Absent, Known, Value
from lintune.values.version import Pin

Items = dict[str, list[Item]]
_CHECKED = re.compile(r"(?:peft\.\w+Config|transformers\.(?:Seq2Seq)?Trainer|trl\.\w+Trainer)$")
"""Classes whose keywords are checked by their own surface; configurations of training by the table of their options."""
_ASKS_VERSION = re.compile(
    r"require_version|__version__|\bversion\.parse|is_\w+_(?:greater|available|version)|metadata\.version|inspect\.signature"
)
"""A file that asks for releases itself may make a call in some of them only."""


def asks_version(text: str) -> bool:
    """Whether a file looks at the releases that are installed."""
    return _ASKS_VERSION.search(text) is not None


def check_config(call: LibraryCall, table: OptionTable, items: Items) -> None:
    """The keywords of a training configuration."""
    for name, argument in call.arguments.items():
        found = table.options.get(name)
        if found is None and table.complete and not _older(table):
            present = [option for option, each in table.options.items() if each.presence != "none"]
            _add(items, "call.unknown", call, argument, call.dotted.partition(".")[0], nearest=nearest(name, present))
        elif found is not None and found.presence != "all" and found.works:
            _windowed(items, call, argument, found, table.pins)


def _older(table: OptionTable) -> bool:
    """Whether a release older than those that are known may be in force."""
    for package in table.packages:
        pin, surface = table.pins.get(package), surface_of(f"{package}.TrainingArguments")
        exact = pin.specifiers.exact if pin is not None else None
        if exact is not None and surface is not None and exact < surface.releases[0]:
            return True
    return False


def check_other(call: LibraryCall, pins: Mapping[str, Pin], items: Items) -> None:
    """The keywords of a call beside the configuration: adapters, trainers."""
    surface = surface_of(call.dotted) if _CHECKED.match(call.dotted) else None
    if surface is None:
        return
    indices = [index for index in admitted(surface.package, surface, pins.get(surface.package)) if surface.exists_at(index)]
    exact = pins[surface.package].specifiers.exact if surface.package in pins else None
    if not indices or (exact is not None and exact < surface.releases[0]):
        return
    for name, argument in call.arguments.items():
        windows = surface.windows(name)
        inside = [index for index in indices if surface.at(name, index) is not None]
        if not windows and surface.package == "peft":
            present = [option for option in surface.names if surface.at(option, indices[-1]) is not None]
            _add(items, "call.unknown", call, argument, surface.package, nearest=nearest(name, present))
        elif windows and len(inside) < len(indices):
            _windowed(items, call, argument, _option(surface, name, bool(inside)), pins)


def _option(surface: Surface, name: str, some: bool) -> TableOption:
    works, broken = surface.window(name)
    option = surface.windows(name)[-1].option
    return TableOption(option, (), "some" if some else "none", surface.package, works, broken)


def _in_newest(found: TableOption, pins: Mapping[str, Pin]) -> bool:
    """Whether the newest release that may be in force has an argument."""
    surface = surface_of(found.option.origin.replace(" ", ".")) if found.option.origin else None
    if surface is None:
        return False
    indices = admitted(surface.package, surface, pins.get(surface.package))
    return surface.at(found.option.name, indices[-1]) is not None


def _windowed(items: Items, call: LibraryCall, argument: Argument, found: TableOption, pins: Mapping[str, Pin]) -> None:
    known = replacement(found.package, argument.name)
    text, when = (known.text.replace("--", ""), known.when) if known is not None else ("", "")
    if not text and call.name.endswith("Trainer"):
        text = _moved(call, argument.name)
    _add(
        items,
        "call.windowed",
        call,
        argument,
        found.package,
        works=found.works,
        broken=found.broken,
        replacement=text or None,
        replacement_when=when or None,
        removed="<" in found.works,
        in_newest=_in_newest(found, pins),
    )


def _moved(call: LibraryCall, name: str) -> str:
    """Where an argument of a trainer went."""
    if name == "tokenizer":
        return "processing_class"
    config = surface_of(f"{call.dotted.removesuffix('Trainer')}Config") if call.dotted.startswith("trl.") else None
    if config is None:
        return ""
    kept = {"max_seq_length": "max_length"}.get(name, name)
    return f"`{kept}` of `{config.name}`" if config.at(kept, len(config.releases) - 1) is not None else ""


def _add(items: Items, kind: str, call: LibraryCall, argument: Argument, package: str, **fields: str | bool | None) -> None:
    found: dict[str, Value] = {"call": Known(call.name), "name": Known(argument.name), "package": Known(package)}
    for name, field in fields.items():
        found[name] = Absent() if field is None else Known(field)
    site = next((step.site for step in argument.value.origin if step.site is not None), argument.name_site)
    items.setdefault(kind, []).append(Item({**found, "flag": Known(argument.name_site.text), "value": argument.value}, site))
