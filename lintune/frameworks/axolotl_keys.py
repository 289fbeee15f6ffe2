"""The keys of an axolotl file against its schema: nested, with plugins; what the models do not know is dropped in silence."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.config_files import flat_values, plain_data
from lintune.frameworks.config_keys import key_word
from lintune.frameworks.flag_items import written_site
from lintune.frameworks.option_table import admitted
from lintune.run.run import Item
from lintune.source.record import dataclass
from lintune.surfaces.keys import load_keys
from lintune.surfaces.releases import replacement
from lintune.surfaces.surface import Surface, load_surface
from lintune.syntax.tree import Entry, Node, Sequence
from lintune.syntax.tree import Mapping as Tree
from lintune.values.conversion import nearest
from lintune.values.value import Absent, Known, Step, Unknown, Value
from lintune.values.version import Pin

_OWN_PLUGINS = "axolotl.integrations."


@dataclass(frozen=True, slots=True)
class _Schema:
    """What the releases that may be in force know."""

    surface: Surface
    inside: frozenset[str]
    """Keys that one of them has, by dotted name."""
    sections: frozenset[str]
    """Mappings whose keys are known."""
    plugins: Mapping[str, str]
    """Keys of plugins that are not switched on: the plugin by key."""
    loaded: frozenset[str]
    """Keys of plugins that are."""
    open_ended: bool
    """Whether a plugin of somebody else may read further keys at the top."""


def read_axolotl(root: Tree, pins: Mapping[str, Pin], given: Mapping[str, Value]) -> Parsed:
    """The values of a file by dotted name, under what the command line gives, and `raw.dropped` for keys without effect."""
    parsed = Parsed(values=flat_values(root, "config"))
    parsed.values.update(given)
    schema = _schema(root, pins)
    if schema is not None:
        _add_defaults(parsed.values, schema)
        dropped = tuple(_dropped(root, "", schema))
        if dropped:
            parsed.items["raw.dropped"] = dropped
    return parsed


def _schema(root: Tree, pins: Mapping[str, Pin]) -> _Schema | None:
    surface = load_surface("axolotl", "config")
    if surface is None:
        return None
    pin = pins.get("axolotl")
    indices = admitted("axolotl", surface, pin)
    inside = _known_names(tuple(indices))
    sections = frozenset(name.rpartition(".")[0] for name in inside if "." in name)
    names = [str(item) for item in _texts(root.get("plugins"))]
    switched = {name.removeprefix(_OWN_PLUGINS).partition(".")[0] for name in names if name.startswith(_OWN_PLUGINS)}
    idle: dict[str, str] = {}
    loaded: set[str] = set()
    known = load_surface("axolotl", "plugins")
    for name in known.names if known is not None else ():
        folder, dot, key = name.partition(".")
        if dot and folder in switched:
            loaded.add(key.partition(".")[0])
        elif dot:
            idle.setdefault(key.partition(".")[0], folder)
    foreign = any(not name.startswith(_OWN_PLUGINS) for name in names) or not isinstance(root.get("plugins"), Sequence | None)
    return _Schema(surface, inside, sections, idle, frozenset(loaded), foreign)


@lru_cache(maxsize=16)
def _known_names(indices: tuple[int, ...]) -> frozenset[str]:
    """The keys that one of these releases has, by each name that it takes them by."""
    keys = load_keys("axolotl")
    return frozenset(name for index in indices for name in keys.names_at(index)) if keys is not None else frozenset()


def _add_defaults(values: dict[str, Value], schema: _Schema) -> None:
    """Keys that are not given: absent where the schema has none, known where the newest release in force has a plain one."""
    for name, default in _defaults().items():
        if name in schema.inside and name not in values:
            values[name] = default


@lru_cache(maxsize=1)
def _defaults() -> Mapping[str, Value]:
    surface = load_surface("axolotl", "config")
    found: dict[str, Value] = {}
    origin = (Step("default", None, "default of axolotl"),)
    for name, option in surface.options_at(surface.newest).items() if surface is not None else ():
        if option.default is None and option.default_known:
            found[name] = Absent(origin)
        elif option.default_known and isinstance(option.default, bool | int | float | str):
            found[name] = Known(option.default, origin)
        else:
            found[name] = Unknown(f"the default of `{name}` depends on other keys", origin)
    return found


def _texts(node: Node | None) -> tuple[object, ...]:
    found = plain_data(node) if node is not None else ()
    return found if isinstance(found, tuple) else (found,) if isinstance(found, str) else ()


def _dropped(node: Tree, prefix: str, schema: _Schema) -> Iterator[Item]:
    for entry in node.entries:
        key = str(entry.key.value)
        name = f"{prefix}{key}"
        known = _known(name, prefix, key, schema)
        if not known:
            yield _item(entry, name, prefix, schema)
        elif name in schema.sections:
            values = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
            for value in values:
                if isinstance(value, Tree):
                    yield from _dropped(value, f"{name}.", schema)


def _known(name: str, prefix: str, key: str, schema: _Schema) -> bool:
    if name in schema.inside:
        return True
    if prefix == "fsdp_config." and f"{prefix}{key.removeprefix('fsdp_')}" in schema.inside:
        return True
    if not prefix:
        return key in schema.loaded or schema.open_ended or key.startswith(("x-", "_"))
    return False


def _item(entry: Entry, name: str, prefix: str, schema: _Schema) -> Item:
    key = str(entry.key.value)
    siblings = [each.rpartition(".")[2] for each in schema.inside if each.rpartition(".")[0] == prefix.rstrip(".")]
    plugin = schema.plugins.get(key) if not prefix else None
    near = nearest(key, siblings) if plugin is None else None
    gone = schema.surface.window(name)[0] if name in schema.surface.names else ""
    use = replacement("axolotl", name)
    whole: Value = Unknown("the value is a mapping") if isinstance(entry.value, Tree | Sequence) else Known(entry.value.value)
    fields: dict[str, Value] = {
        "flag": Known(name),
        "name": Known(name),
        "value": whole,
        "nearest": Known(near) if near else Absent(),
        "plugin": Known(plugin) if plugin else Absent(),
        "works": Known(gone) if gone else Absent(),
        "replacement": Known(use.text) if use else Absent(),
        "section": Known(prefix.rstrip(".") or "the top level"),
        "package": Known("axolotl"),
    }
    return Item(fields, written_site(key_word(entry)))
