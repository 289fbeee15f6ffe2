"""What was read of one class, parser or configuration file in one release, before it is laid out over releases."""

import json
from dataclasses import dataclass, field, replace

from lintune.values.option import Option
from lintune.values.value import Data


@dataclass(frozen=True, slots=True)
class Entry:
    """An option, with what a key of a file has beyond a flag."""

    option: Option
    types: tuple[str, ...] = ()
    """The kinds of value that are taken, where several are: `("bool", "str")`."""
    section: bool = False
    """Whether it holds keys of its own (a list of such mappings where `option.nargs` is `many`)."""
    keys: tuple[str, ...] = ()
    """Other names that are accepted for the same key."""
    instead: str = ""
    """What its own definition says should be used instead."""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of a configuration file."""

    unknown: str
    """What happens to a key that is not listed: `refused`, `dropped` without a word, `kept` (it is handed on)."""
    source: str
    """The file and symbol that define it."""


@dataclass(slots=True)
class Found:
    """One surface in one release."""

    entries: dict[str, Entry] = field(default_factory=dict)
    bases: tuple[str, ...] = ()
    sections: dict[str, Section] = field(default_factory=dict)
    """Mappings of a file by dotted path, the file itself under the empty path; empty for a command line."""
    refused: tuple[str, ...] = ()
    """Keys that are known and refused, because they were removed."""
    parser: dict[str, Data] = field(default_factory=dict)
    """How the parser departs from argparse's defaults: `dashed`, `abbreviations`."""
    source: str = ""

    def add(self, name: str, entry: Entry) -> None:
        """Adds an option without its place, so that it travels cheaply between processes."""
        self.entries[name] = replace(entry, option=replace_site(entry.option))


def replace_site(option: Option) -> Option:
    """The same without source texts."""
    from lintune.source.record import replace as changed

    return changed(option, site=None, origin="", help="")


def encode(entry: Entry, choices: list[list[str]]) -> list[Data | dict[str, object]]:
    """An option as `[type, default]` or `[type, default, {more}]`; choice lists are shared by index."""
    option = entry.option
    more: dict[str, object] = {}
    if option.choices:
        wanted = list(option.choices)
        if wanted not in choices:
            choices.append(wanted)
        more["choices"] = choices.index(wanted)
    if option.nargs in ("many", "none"):
        more["many" if option.nargs == "many" else "switch"] = 1
    if option.nargs == "optional" and option.type != "bool":
        more["optional"] = 1
    if option.required:
        more["required"] = 1
    if not option.default_known:
        more["unread"] = 1
    if option.spellings:
        spelled = f"--{option.name}" == option.spellings[0]
        if option.spellings[1:] or not spelled:
            more["aliases" if spelled else "spellings"] = list(option.spellings[1:] if spelled else option.spellings)
    more |= {"negations": list(option.negations)} if option.negations else {}
    more |= {"repeats": 1} if option.repeats else {}
    more |= {"types": list(entry.types)} if entry.types else {}
    more |= {"section": 1} if entry.section else {}
    more |= {"keys": list(entry.keys)} if entry.keys else {}
    more |= {"instead": entry.instead} if entry.instead else {}
    more |= {"deprecated": 1} if entry.deprecated else {}
    default = json.loads(json.dumps(option.default))
    return [option.type, default, more] if more else [option.type, default]
