"""A JSON Schema (2020-12) of a configuration file as one release reads it, made from the option surfaces.

Where a framework refuses unknown keys, so does the schema; where it drops them without a word, the schema lets them
pass with a note. Keys of other releases are listed too, with what to write instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lintune.surfaces.config_formats import ConfigFormat
from lintune.surfaces.keys import KeySurface, load_keys
from lintune.surfaces.programs import Program, program
from lintune.surfaces.releases import replacement
from lintune.surfaces.surface import Surface, SurfaceError, surface_of
from lintune.surfaces.value_schema import DEFINITIONS, value_schema
from lintune.values.option import Option
from lintune.values.version import Version

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILLED_AUTO = "`auto`: filled in by the Trainer of transformers or by accelerate"


def config_schema(form: ConfigFormat, version: Version, others: Mapping[str, Version]) -> dict[str, Any]:
    """The schema of a file; `others`: releases of the packages whose classes the options inherit from, where one is said.

    Raises `SurfaceError` where the data is damaged or missing.
    """
    found = program(form.package, form.command)
    if found is None:
        raise SurfaceError(f"nothing is known of `{form.command}` of {form.package}")
    schema = _nested(form, found, version) if found.nested else _flat(form, found, version, others)
    for name, text in form.further:
        schema["properties"].setdefault(name, {"description": text})
    head = {
        "$schema": DIALECT,
        "title": f"{form.title}, {form.package} {version}",
        "description": f"Made by lintune from the released source: {found.evidence}",
    }
    return head | schema | {"$defs": _used(schema)}


def known_releases(form: ConfigFormat) -> tuple[Version, ...]:
    """The releases of which the file's options are known, oldest first."""
    found = program(form.package, form.command)
    releases: set[Version] = set()
    for part in found.parts if found else ():
        for dotted in part:
            surface = surface_of(dotted) if dotted.startswith(f"{form.package}.") else None
            if surface is not None:
                releases |= {surface.releases[index] for first, last in surface.class_windows for index in range(first, last + 1)}
    return tuple(sorted(releases))


def _flat(form: ConfigFormat, found: Program, version: Version, others: Mapping[str, Version]) -> dict[str, Any]:
    """Options of classes, with those that they inherit."""
    properties: dict[str, Any] = {}
    gone: dict[str, Any] = {}
    for surface, at in _surfaces(form, found.at(version), version, others):
        for name in surface.names:
            option = surface.at(name, surface.index(at)) if at is not None else surface.windows(name)[-1].option
            works, _ = surface.window(name)
            text = _about(surface, name, option, works)
            if option is None:
                gone.setdefault(name, _gone(text, refused=found.unknown == "refused"))
            elif name not in properties:
                ended = at is None and not surface.present(name)[-1]
                properties[name] = value_schema(option, form.conversion) | _shown(option, text) | ({"deprecated": True} if ended else {})
    listed = {name: gone[name] for name in gone if name not in properties}
    return {"type": "object", "properties": dict(sorted((properties | listed).items()))} | _rest(found.unknown, f"{form.package} {version}")


def _surfaces(
    form: ConfigFormat, names: tuple[str, ...], version: Version, others: Mapping[str, Version]
) -> Iterator[tuple[Surface, Version | None]]:
    """Every class and, after it, what it inherits from; with the release of it, None where any may run."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        dotted = waiting.pop(0)
        surface = surface_of(dotted)
        if surface is None or f"{surface.package}.{surface.name}" in seen:
            continue
        seen.add(f"{surface.package}.{surface.name}")
        at = version if surface.package == form.package else others.get(surface.package)
        yield surface, at
        waiting += surface.bases_at(surface.index(at or surface.newest))


def _nested(form: ConfigFormat, found: Program, version: Version) -> dict[str, Any]:
    """Keys of a file, with the keys inside of them."""
    surfaces = [load_keys(form.package, dotted.partition(".")[2]) for dotted in found.at(version)]
    more = program(form.package, form.plugins) if form.plugins else None
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for keys in filter(None, surfaces):
        schema = _mapping(form, keys, "", version)
    for dotted in more.at(version) if more else ():
        plugin_keys = load_keys(form.package, dotted.partition(".")[2])
        for name, inner in _plugin_properties(form, plugin_keys, version) if plugin_keys else ():
            schema["properties"].setdefault(name, inner)
    return schema


def _plugin_properties(form: ConfigFormat, keys: KeySurface, version: Version) -> Iterator[tuple[str, Any]]:
    """The keys of every plugin; they stand at the top of the file."""
    for plugin in keys.children("", version):
        for name, inner in _mapping(form, keys, plugin, version)["properties"].items():
            yield name, inner | {"description": f"plugin `{plugin}`: {inner.get('description', '')}"}


def _mapping(form: ConfigFormat, keys: KeySurface, path: str, version: Version) -> dict[str, Any]:
    """A mapping of the file: its keys of this release, and those of others."""
    properties: dict[str, Any] = {}
    unknown = keys.unknown(path, version)
    for child in keys.children(path):
        key = keys.key(child, version)
        works, _ = keys.window(child)
        option = key.option if key else None
        text = _about(keys.surface, child, option, works, f"use {key.instead}" if key and key.instead else "")
        name = child.rpartition(".")[2]
        if key is None or option is None:
            properties[name] = _gone(text, refused=unknown == "refused" or keys.refused(child, version))
            continue
        schema = _section(form, keys, child, version, option) if key.section else _leaf(form, value_schema(option, form.conversion, key))
        schema |= _shown(option, text) | ({"deprecated": True} if key.deprecated else {})
        properties |= {name: schema, **dict.fromkeys(key.keys, schema)}
    return {"type": "object", "properties": properties} | _rest(unknown, f"{form.package} {version}")


def _section(form: ConfigFormat, keys: KeySurface, path: str, version: Version, option: Option) -> dict[str, Any]:
    key = keys.key(path, version)
    inner = _mapping(form, keys, path, version)
    ways: list[dict[str, Any]] = [{"type": "array", "items": inner}] if option.nargs == "many" else [inner]
    kinds = {kind for kind in (key.types if key else ()) if kind != "dict"}
    names = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
    ways += [{"type": names[kind]} for kind in sorted(kinds) if kind in names]
    ways += [{"enum": list(option.choices)}] if "enum" in kinds else []
    ways += [{"type": "null"}] if form.conversion.null or not form.conversion.yaml else []
    return ways[0] if len(ways) == 1 else {"anyOf": ways}


def _leaf(form: ConfigFormat, schema: dict[str, Any]) -> dict[str, Any]:
    """A value; DeepSpeed files may leave any to the program that hands them over."""
    if form.package != "deepspeed" or not schema:
        return schema
    ways = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    return {"anyOf": [*ways, {"const": "auto", "description": FILLED_AUTO}]}


def _about(surface: Surface, name: str, option: Option | None, works: str, instead: str = "") -> str:
    """Where it comes from, which releases have it, what replaced it."""
    parts = [f"{surface.package} {surface.name}"]
    if works:
        parts.append(f"releases {works}")
    if option is not None and option.required:
        parts.append("required, here or on the command line")
    new = replacement(surface.package, name)
    if instead:
        parts.append(instead)
    elif new is not None:
        parts.append(f"use `{new.text}`" + (f" ({new.when})" if new.when else ""))
    return "; ".join(parts)


def _shown(option: Option, text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text}
    if option.has_default and option.default_known and option.default is not None:
        found["default"] = list(option.default) if isinstance(option.default, tuple) else option.default
    return found


def _gone(text: str, *, refused: bool) -> dict[str, Any]:
    """A key that only other releases have."""
    found: dict[str, Any] = {"description": f"not in this release; {text}"}
    found["not" if refused else "deprecated"] = {} if refused else True
    return found


def _rest(unknown: str, release: str) -> dict[str, Any]:
    """What happens to keys that are not listed."""
    if unknown == "refused":
        return {"additionalProperties": False}
    if unknown == "kept":
        return {"additionalProperties": True}
    return {"additionalProperties": {"deprecated": True, "description": f"no key of {release}: dropped without a word"}}


def _used(schema: dict[str, Any]) -> dict[str, Any]:
    text = repr(schema)
    return {name: definition for name, definition in DEFINITIONS.items() if f"#/$defs/{name}'" in text}
