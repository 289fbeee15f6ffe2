"""Reading a config file: every key is checked, and an error names its line."""

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.cli.assume import pin, read_assumption
from lintune.cli.config import SHARED, Config, config_text, shown_path
from lintune.cli.usage import UsageError, did_you_mean
from lintune.source.record import replace
from lintune.values.version import Pin

if TYPE_CHECKING:
    import tomli as toml
else:
    try:
        import tomllib as toml
    except ModuleNotFoundError:  # Python 3.10
        import tomli as toml

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def read_config(path: str) -> Config:
    """The config in a file; raises `UsageError` with the line of what cannot be taken."""
    text = config_text(path)
    shared = os.path.basename(path) == SHARED
    reader = _Reader(shown_path(path), text, "tool.lintune" if shared else "")
    table = reader.parsed()
    if shared:
        table = table.get("tool", {}).get("lintune", {})
    config = Config(path=reader.path)
    for key, value in table.items():
        take = _KEYS.get(key)
        if take is None:
            raise reader.error(key, f"there is no key `{key}`{did_you_mean(key, _KEYS)}")
        config = take(config, reader, key, value)
    return config


class _Reader:
    """A config's text, for errors with the line of the key at fault."""

    def __init__(self, path: str, text: str, section: str) -> None:
        self.path = path
        self.text = text
        self.section = section

    def parsed(self) -> dict[str, Any]:
        """The TOML table; raises `UsageError` at the line of a syntax error."""
        try:
            table: dict[str, Any] = toml.loads(self.text)
            return table
        except toml.TOMLDecodeError as problem:
            found = re.search(r"line (\d+), column (\d+)", str(problem))
            place = f":{found[1]}:{found[2]}" if found else ""
            what = re.sub(r"\s*\(at .*\)$", "", str(problem))
            raise UsageError(f"{self.path}{place}: not TOML: {what[:1].lower()}{what[1:]}") from None

    def error(self, key: str, message: str, inner: str = "") -> UsageError:
        """An error at the line that sets the key (`inner`: a key of the table that `key` names)."""
        return UsageError(f"{self.path}:{self.line(key, inner)}: {message}")

    def line(self, key: str, inner: str = "") -> int:
        """The line (from 1) that sets a key, as far as plain TOML tells; else that of its table."""
        section, best = "", 1
        table = f"{self.section}.{key}".strip(".")
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
            if header:
                section = header[1].replace('"', "")
                if section == table:
                    best = number
                continue
            name = re.match(r"""\s*["']?([^"'=\s]+)["']?\s*=""", line)
            if not name:
                continue
            if section == self.section and name[1] == key:
                best = number
                if not inner or inner in line:
                    return number
            if section == table and (name[1] == inner or not inner):
                return number
        return best


_Take = Callable[[Config, _Reader, str, Any], Config]


def _strings(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise reader.error(key, f"`{key}` is a list of texts, such as {key} = [...]")


def _string(reader: _Reader, key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise reader.error(key, f'`{key}` is a text, such as {key} = "..."')


def _path(config: Config, value: str) -> str:
    return value if os.path.isabs(value) else os.path.normpath(os.path.join(config.folder, value))


def _take_house_rules(config: Config, reader: _Reader, key: str, value: Any) -> Config:
    folder = _path(config, _string(reader, key, value))
    if not os.path.isdir(folder):
        raise reader.error(key, f"`{key}`: there is no folder `{folder}`")
    return replace(config, house_rules=folder)


def _take_fail_on(config: Config, reader: _Reader, key: str, value: Any) -> Config:
    if value not in ("error", "warning", "info"):
        near = did_you_mean(value, ("error", "warning", "info")) if isinstance(value, str) else ""
        raise reader.error(key, f"`fail-on` is error, warning or info, not `{value}`{near}")
    return replace(config, fail_on=value)


def _take_assume(config: Config, reader: _Reader, key: str, value: Any) -> Config:
    where = f"{reader.path}:{reader.line(key)}"
    if isinstance(value, list):
        given = [read_assumption(text, f"{reader.path}:{reader.line(key, text)}") for text in _strings(reader, key, value)]
    elif isinstance(value, dict):
        given = [_assumed(reader, key, name, each) for name, each in value.items()]
    else:
        raise UsageError(f'{where}: `assume` is a list such as ["transformers==4.51.3"] or a table such as {{transformers = "4.51.3"}}')
    pins = tuple(each for each in given if isinstance(each, Pin))
    return replace(config, pins=pins, variables=dict(each for each in given if isinstance(each, tuple)))


def _assumed(reader: _Reader, key: str, name: str, value: Any) -> Pin | tuple[str, str]:
    where = f"{reader.path}:{reader.line(key, name)}"
    if not isinstance(value, str):
        raise UsageError(f'{where}: `{name}` under `assume` is a text, such as {name} = "4.51.3"')
    return (name, value) if _VARIABLE.fullmatch(name) else pin(name, value, where)


def _take_per_file(config: Config, reader: _Reader, key: str, value: Any) -> Config:
    if not isinstance(value, dict):
        raise reader.error(key, f'`{key}` is a table such as {{"examples/**" = ["TUN001"]}}')
    pairs = []
    for glob, rules in value.items():
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
            raise reader.error(key, f"`{glob}` under `{key}` is a list of rules", glob)
        pairs.append((glob, tuple(rules)))
    return replace(config, per_file_ignores=tuple(pairs))


_KEYS: dict[str, _Take] = {
    "select": lambda config, reader, key, value: replace(config, select=_strings(reader, key, value)),
    "ignore": lambda config, reader, key, value: replace(config, ignore=_strings(reader, key, value)),
    "fail-on": _take_fail_on,
    "gpu": lambda config, reader, key, value: replace(config, gpu=_string(reader, key, value)),
    "assume": _take_assume,
    "env": lambda config, reader, key, value: replace(config, env=_path(config, _string(reader, key, value))),
    "house-rules": _take_house_rules,
    "per-file-ignores": _take_per_file,
    "exclude": lambda config, reader, key, value: replace(config, exclude=_strings(reader, key, value)),
}
"""Every key, with what it does to the config."""
