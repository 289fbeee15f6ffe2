"""`show --format json` and `--format run`: what was understood, as data (`schemas/show-v1.schema.json`)."""

import json
from collections.abc import Mapping

from lintune.engine.finding import Json, place_json
from lintune.launch.word import Command, Word
from lintune.report.origin import origin_json
from lintune.report.shown import Shown, ShownLaunch
from lintune.run.run import Run
from lintune.run.vocabulary import unit_of
from lintune.values.value import Absent, Data, Known, Unknown, Value

SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes away; new keys leave it as it is."""
RUN_FILE_VERSION = 1
"""The version of the run file format."""


def show_document(shown: Shown) -> dict[str, Json]:
    """The document, as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "commands": [_command(command) for command in shown.commands],
        "launches": [_launch(launch) for launch in shown.launches],
    }


def render_show_json(shown: Shown) -> str:
    """The document as text."""
    return json.dumps(show_document(shown), ensure_ascii=False, indent=2) + "\n"


def render_run(run: Run) -> str:
    """The run file of a launch: its known values in the common vocabulary."""
    values = {name: plain(value.value) for name, value in sorted({**run.values, **pins(run)}.items()) if isinstance(value, Known)}
    return json.dumps({"lintune_run": RUN_FILE_VERSION, "values": values}, ensure_ascii=False, indent=2) + "\n"


def plain(data: Data) -> Json:
    """A value as JSON has it."""
    if isinstance(data, tuple):
        return [plain(each) for each in data]
    if isinstance(data, Mapping):
        return {str(key): plain(each) for key, each in data.items()}
    return data


def unit(name: str) -> str | None:
    """The unit of a dotted name's value, where the vocabulary gives it one."""
    return unit_of(name) or None


def pins(run: Run) -> dict[str, Value]:
    """The versions in force as values: `pins.transformers` is `==4.51.3`."""
    return {f"pins.{name}": Known(pin.specifiers.text, pin.origin) for name, pin in run.versions.items()}


def value_json(name: str, value: Value) -> dict[str, Json]:
    """A value with its unit and origin; an unknown one says why and what would settle it."""
    document: dict[str, Json] = {"value": None, "known": True, "unit": unit(name), "origin": origin_json(value)}
    match value:
        case Known():
            document["value"] = plain(value.value)
        case Unknown():
            document.update(known=False, reason=value.reason, settle=value.settle)
        case Absent():
            document["absent"] = True
    return document


def _command(command: Command) -> dict[str, Json]:
    return {
        **place_json(command.site),
        "argv": [_word(word) for word in command.argv],
        "env": {name: {"text": word.text, "known": word.known} for name, word in command.env.items()},
        "cwd": command.cwd,
        "certain": command.certain,
        "background": command.background,
    }


def _word(word: Word) -> dict[str, Json]:
    document: dict[str, Json] = {"text": word.text, "known": word.known, **place_json(word.site)}
    if word.reason:
        document["reason"] = word.reason
    if word.many:
        document["many"] = True
    return document


def _launch(launch: ShownLaunch) -> dict[str, Json]:
    run = launch.run
    values: dict[str, Json] = {}
    derived: dict[str, Json] = {}
    for name, value in sorted({**run.values, **pins(run)}.items()):
        if name.startswith("derived."):
            derived[name.removeprefix("derived.")] = value_json(name, value)
        else:
            values[name] = value_json(name, value)
    return {
        "command": launch.command,
        **place_json(run.site),
        "framework": run.framework or None,
        "entry": _text(run, "launch.entry"),
        "files": [_file(fields.fields) for fields in run.items.get("files", ())],
        "values": values,
        "derived": derived,
        "unresolved": _unresolved(launch),
    }


def _text(run: Run, name: str) -> str | None:
    value = run.get(name)
    return str(value.value) if isinstance(value, Known) and value.value is not None else None


def _file(fields: Mapping[str, Value]) -> dict[str, Json]:
    document: dict[str, Json] = {}
    for key in ("path", "role", "exists"):
        value = fields.get(key, Absent())
        document[key] = plain(value.value) if isinstance(value, Known) else None
    return document


def _unresolved(launch: ShownLaunch) -> list[Json]:
    """Every unknown: with the rules that waited for it, then those that no rule asked for."""
    entries: dict[str, dict[str, Json]] = {}
    rules: dict[str, dict[str, None]] = {}
    for wait in launch.waits:
        entries.setdefault(wait.name, {"name": wait.name, "reason": wait.reason, "settle": wait.settle})
        rules.setdefault(wait.name, {})[wait.rule] = None
    unknown = {**launch.run.unread, **{name: value for name, value in launch.run.values.items() if isinstance(value, Unknown)}}
    for name, value in unknown.items():
        entries.setdefault(name, {"name": name, "reason": value.reason, "settle": value.settle})
    return [{**entry, "rules": list(rules.get(name, {}))} for name, entry in entries.items()]
