"""YAML and JSON files that hold settings of a launch: the entry script's own config, the accelerate configuration."""

from lintune.frameworks.context import Reading
from lintune.frameworks.paths import resolve, source_of
from lintune.source.text import Source
from lintune.syntax.tree import Mapping, Node, Scalar, Sequence
from lintune.values.value import Absent, Data, Known, Step, StepKind, Unknown, Value


def plain_data(node: Node) -> Data:
    """A tree as the format's loader gives it."""
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return tuple(plain_data(item) for item in items)
        case Mapping(entries=entries):
            return {str(entry.key.value): plain_data(entry.value) for entry in entries}


def read_mapping(reading: Reading, path: str) -> Mapping | Unknown:
    """The mapping that a YAML or JSON file holds, or why there is none."""
    found = resolve(reading, path)
    source = source_of(reading, found)
    if source is None:
        return Unknown(found.reason or f"`{path}` was not found", settle=f"the file `{path}`")
    root = _root(source)
    return root if isinstance(root, Mapping) else Unknown(f"`{path}` holds no settings that can be read")


def _root(source: Source) -> Node | None:
    if source.name.endswith(".json"):
        from lintune.syntax.json import parse_json

        return parse_json(source).root
    from lintune.syntax.yaml import parse_yaml

    return parse_yaml(source).root


def flat_values(root: Mapping, kind: StepKind, prefix: str = "") -> dict[str, Value]:
    """Every key by dotted name below `prefix`, inner mappings too; a null counts as absent."""
    found: dict[str, Value] = {}
    for entry in root.entries:
        name = f"{prefix}{entry.key.value}"
        whole = isinstance(entry.value, Scalar)
        origin = (Step(kind, entry.value.site if whole else entry.key.site),)
        value = plain_data(entry.value)
        found[name] = Absent(origin) if value is None else Known(value, origin)
        if isinstance(entry.value, Mapping):
            found.update(flat_values(entry.value, kind, f"{name}."))
    return found
