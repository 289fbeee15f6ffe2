"""Keywords of library calls that the release in force does not take: `call.unknown` and `call.windowed`."""

import re
from collections.abc import Mapping

from lintune.frameworks.option_table import OptionTable, TableOption, admitted
from lintune.run.run import Item
from lintune.scripts.calls import Argument, LibraryCall
from lintune.surfaces.releases import releases, replacement
from lintune.surfaces.surface import Surface, surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.conversion import nearest
from lintune.values.value import Absent, Known, Value
from lintune.values.version import Pin, Version

Items = dict[str, list[Item]]
_CHECKED = re.compile(r"(?:peft\.\w+Config|transformers\.(?:Seq2Seq)?Trainer|trl\.\w+Trainer)$")
"""Classes whose keywords are checked by their own surface; configurations of training by the table of their options."""
_UNSLOTH_PEFT = re.compile(r"unsloth\.\w+\.get_peft_model$")
_SHORT_NAMES = {"alpha": "lora_alpha", "dropout": "lora_dropout", "rank": "r", "lora_r": "r", "lora_rank": "r", "targets": "target_modules"}
"""Neither an argument of Unsloth's `get_peft_model` nor of any release of `LoraConfig`."""
_LOADER = re.compile(r"transformers\.(?:Auto\w+|\w+For[A-Z]\w+)\.from_pretrained$")
_LOADER_WINDOWS = {
    "dtype": ("4.56", ""),
    "attn_implementation": ("4.36", ""),
    "use_flash_attention_2": ("4.34", "4.53"),
    "load_in_8bit": ("", "5.0"),
    "load_in_4bit": ("", "5.0"),
}
"""First and last release of transformers whose `modeling_utils.py` takes a keyword: what is not taken is handed to the model's class,
which refuses it (read from every release 4.28.0-5.24.0)."""
_LOADER_INSTEAD = {
    "dtype": "torch_dtype",
    "load_in_8bit": "`quantization_config=BitsAndBytesConfig(load_in_8bit=True)`",
    "load_in_4bit": "`quantization_config=BitsAndBytesConfig(load_in_4bit=True)`",
    "use_flash_attention_2": '`attn_implementation="flash_attention_2"`',
}
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
    if _UNSLOTH_PEFT.match(call.dotted):
        _misspelt_adapter(call, items)
        return
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


def _misspelt_adapter(call: LibraryCall, items: Items) -> None:
    """Unsloth hands what it does not know itself to `LoraConfig`: a short name of one of its arguments is refused there."""
    for name, argument in call.arguments.items():
        if name in _SHORT_NAMES:
            _add(items, "call.unknown", call, argument, "unsloth", nearest=_SHORT_NAMES[name])


def check_loader(call: LibraryCall, pins: Mapping[str, Pin], items: Items) -> None:
    """The keywords of a loading call that only some releases of transformers take; remote code takes what it likes."""
    pin = pins.get("transformers")
    if not _LOADER.match(call.dotted) or pin is None or "trust_remote_code" in call.arguments or call.open_ended:
        return
    known = releases("transformers")
    for name, (first, gone) in _LOADER_WINDOWS.items():
        argument = call.arguments.get(name)
        if argument is None:
            continue
        has = [(not first or version >= Version.parse(first)) and (not gone or version < Version.parse(gone)) for version in known]
        inside = [each for version, each in zip(known, has, strict=True) if pin.specifiers.contains(version)]
        if inside and not all(inside):
            works, broken = spec_text(known, has), spec_text(known, [not each for each in has])
            text = _LOADER_INSTEAD.get(name)
            when = None if text is None else ""
            _add(
                items,
                "call.windowed",
                call,
                argument,
                "transformers",
                works=works,
                broken=broken,
                replacement=text,
                replacement_when=when,
                removed=bool(gone),
                in_newest=inside[-1],
            )


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
