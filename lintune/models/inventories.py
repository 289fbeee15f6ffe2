"""The modules of a model with the shapes of their parameters, from its config values and `models/inventories.json`. No torch.

The file holds, by `model_type`, what transformers builds on the meta device, as formulas (tools/refresh_inventories.py): names with `{}`
for numbers, a formula per dimension, how often a list is repeated, and for which layers and switches a module is there.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias, cast

from lintune.models.remote import adapted
from lintune.source.data import data_text
from lintune.source.record import dataclass

Value: TypeAlias = int | str | list["Value"] | None
Fields: TypeAlias = dict[str, Value]
MOST_MODULES = 200_000
"""More than any model has: a config of a repository under check may ask for any number."""


class NoInventory(ValueError):
    """There is no inventory of this type, or it does not cover this config; the text says why."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module that holds parameters itself."""

    name: str
    kind: str
    """`linear`, `embedding`, `conv1d` (transformers' transposed linear layer), `conv` or `other`."""
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    """Its parameters with their shapes: ("weight", (out, in))."""

    @property
    def params(self) -> int:
        """All its parameters."""
        total = 0
        for _, shape in self.shapes:
            count = 1
            for size in shape:
                count *= size
            total += count
        return total


def evaluated(formula: str, fields: Mapping[str, Value]) -> int:
    """The value of a formula such as `3*hidden_size+2*kv_heads*head_dim/4`. Raises `NoInventory` for a field without a value."""
    total = 0
    for sign, term in _terms(formula):
        above, below = 1, 1
        for index, part in enumerate(term.split("/")):
            product = 1
            for word in part.split("*") if index == 0 else (part,):
                product *= _atom(word, fields)
            above, below = (above * product, below) if index == 0 else (above, below * product)
        if not below:
            raise NoInventory(f"`{formula}` divides by nothing")
        total += sign * (above // below)
    return total


def _atom(word: str, fields: Mapping[str, Value]) -> int:
    """A number, a field, or the ratio `a:b` of two fields, rounded down."""
    one, _, two = word.partition(":")
    if two:
        below = _number(two, fields)
        if not below:
            raise NoInventory(f"`{two}` is 0")
        return _number(one, fields) // below
    return int(word) if word.lstrip("-").isdecimal() else _number(word, fields)


@lru_cache(maxsize=4096)
def _terms(formula: str) -> tuple[tuple[int, str], ...]:
    """The terms of a sum with their signs."""
    parts = formula.replace("-", "+-").split("+")
    return tuple((-1, part[1:]) if part.startswith("-") else (1, part) for part in parts if part)


def _number(name: str, fields: Mapping[str, Value]) -> int:
    if name.endswith("#"):
        listed = fields.get(name[:-1])
        if isinstance(listed, list):
            return len(listed)
    found = fields.get(name)
    if isinstance(found, int):
        return int(found)
    raise NoInventory(f"`{name.removesuffix('#')}` is missing")


def literal_holds(literal: list[Value], numbers: tuple[int, ...], fields: Mapping[str, Value]) -> bool:
    """Whether one literal of a condition holds for the layer of these numbers."""
    match literal:
        case ["not-all", list(others)]:
            return not all(literal_holds(each, numbers, fields) for each in others if isinstance(each, list))
        case ["is", str(name), bool(wanted)]:
            return bool(fields.get(name)) is wanted
        case ["given", str(name), bool(wanted)]:
            return (fields.get(name) is not None) is wanted
        case ["more", str(name), int(least)]:
            return _number(name, fields) > least
        case ["below", int(level), str(name)]:
            return numbers[level] < _number(name, fields)
        case ["from", int(level), str(name)]:
            return numbers[level] >= _number(name, fields)
        case ["from-number", int(level), int(number)]:
            return numbers[level] >= number
        case ["parity", int(level), int(rest)]:
            return numbers[level] % 2 == rest
        case [("every" | "not-every") as word, int(level), str(name), int(offset)]:
            every = _number(name, fields)
            return every > 0 and ((numbers[level] + offset) % every == 0) is (word == "every")
        case [("kind" | "not-kind") as word, int(level), str(name), str(kind)]:
            listed = fields.get(name)
            if not isinstance(listed, list) or numbers[level] >= len(listed):
                raise NoInventory(f"`{name}` names no kind for layer {numbers[level]}")
            return (listed[numbers[level]] == kind) is (word == "kind")
        case [("among" | "not-among") as word, int(level), str(name)]:
            listed = fields.get(name)
            return (isinstance(listed, list) and numbers[level] in listed) is (word == "among")
    raise NoInventory(f"condition {literal} is of another version")


@lru_cache(maxsize=1)
def _types() -> dict[str, dict[str, object]]:
    import json

    found: dict[str, dict[str, object]] = {}
    for file in ("remote_inventories.json", "inventories.json"):
        found |= json.loads(data_text("models", file))["types"]
    return found


def known_types() -> frozenset[str]:
    """The types that have an inventory."""
    return frozenset(_types())


def modules_of(config: Mapping[str, object]) -> tuple[Module, ...]:
    """The modules of a config.json's model, in its order. Raises `NoInventory`."""
    config = adapted(config)
    kind = config.get("model_type")
    entry = _types().get(kind) if isinstance(kind, str) else None
    if entry is None:
        raise NoInventory(f"the architecture `{kind}` is not known")
    return tuple(modules_of_entry(entry, config))


def modules_of_entry(entry: Mapping[str, object], config: Mapping[str, object], included: bool = True) -> Iterator[Module]:
    """The modules that one entry gives for a config; `included`: with those of nested models of free type."""
    fields = fields_of(entry, config)
    for name, value in cast("dict[str, Value]", entry.get("fixed", {})).items():
        if fields.get(name, value) != value:
            raise NoInventory(f"the shapes are known for `{name}` {value} only")
    lists = cast("dict[str, str]", entry.get("lists", {}))
    sizes: dict[str, int] = {}
    for pattern, kind, parameters in cast("list[tuple[str, str, list[list[object]]]]", entry["modules"]):
        levels = [pattern[: at + 2] for at in _places(pattern)]
        for numbers in _all_numbers(levels, lists, fields):
            shapes = tuple(_shapes(parameters, numbers, fields, sizes))
            if shapes:
                yield Module(pattern.format(*numbers), kind, shapes)
    if included:
        for prefix, nested in cast("dict[str, str]", entry.get("includes", {})).items():
            yield from _included(prefix, nested, entry, config, whole=False)
        for prefix, nested in cast("dict[str, str]", entry.get("wholes", {})).items():
            yield from _included(prefix, nested, entry, config, whole=True)


def _shapes(
    parameters: list[list[object]], numbers: tuple[int, ...], fields: Mapping[str, Value], sizes: dict[str, int]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The parameters of a module that are there; `sizes`: formulas evaluated so far, which are the same in every layer."""
    for name, dimensions, *condition in parameters:
        literals = cast("list[list[Value]]", condition[0] if condition else [])
        if all(literal_holds(each, numbers, fields) for each in literals):
            for each in cast("list[str]", dimensions):
                if each not in sizes:
                    sizes[each] = evaluated(each, fields)
            yield str(name), tuple(sizes[each] for each in cast("list[str]", dimensions))


@lru_cache(maxsize=4096)
def _places(pattern: str) -> tuple[int, ...]:
    return tuple(at for at in range(len(pattern)) if pattern.startswith("{}", at))


def _all_numbers(levels: list[str], lists: Mapping[str, str], fields: Mapping[str, Value]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()]
    for level in levels:
        count = evaluated(lists[level], fields)
        if count * len(found) > MOST_MODULES:
            raise NoInventory(f"{count} of `{level}`")
        found = [(*each, number) for each in found for number in range(count)]
    return found


def _included(prefix: str, nested: str, entry: Mapping[str, object], config: Mapping[str, object], whole: bool) -> Iterator[Module]:
    """The modules of a nested model under the prefix: of the whole one, or without its own head."""
    inner = dict(cast("Mapping[str, object]", config.get(nested) or {}))
    types = cast("dict[str, str]", entry.get("nested", {}))
    kind = inner.setdefault("model_type", types.get(nested, ""))
    found = _types().get(str(kind))
    if found is None:
        raise NoInventory(f"the architecture `{kind}` of `{nested}` is not known")
    base = "" if whole else str(found.get("base", ""))
    for module in modules_of_entry(found, inner):
        if module.name.startswith(base):
            yield Module(prefix + module.name.removeprefix(base), module.kind, module.shapes)


def fields_of(entry: Mapping[str, object], config: Mapping[str, object]) -> Fields:
    """The values that an entry reads: those of the config, flat, then the type's defaults."""
    found: Fields = dict(_flat(config))
    defaults = cast("dict[str, object]", entry.get("defaults", {}))
    for alias, real in cast("dict[str, str]", entry.get("aliases", {})).items():
        if alias in found and real not in found:
            found[real] = found[alias]
    for name in defaults:
        part, _, last = name.rpartition(".")
        if name not in found and part in ("text_config", "llm_config") and part not in config and last in found:
            found[name] = found[last]  # the text model's values stand at the top of older files
    later = []
    nullable = _nullable(entry)
    for name, value in defaults.items():
        if found.get(name) is None and not (name in nullable and name in found):
            if isinstance(value, (str, dict)):
                later.append((name, value))
            elif name not in found or value is not None:
                found[name] = cast("Value", value)
    for name, value in later:
        found[name] = evaluated(value, found) if isinstance(value, str) else _listed(name, value, found, entry)
    return found


def _nullable(entry: Mapping[str, object]) -> frozenset[str]:
    """Fields of which null means something: a module is there only where they are given."""
    names = set()
    for _, _, parameters in cast("list[tuple[str, str, list[list[object]]]]", entry["modules"]):
        for each in parameters:
            names |= {str(literal[1]) for literal in cast("list[list[object]]", each[2] if len(each) > 2 else []) if literal[0] == "given"}
    return frozenset(names)


def _listed(name: str, value: Mapping[str, object], fields: Fields, entry: Mapping[str, object]) -> Value:
    """A list of layer kinds that the config leaves to the type."""
    depth = _depth(name, fields)
    if "every" in value:
        return [str(value["every"])] * depth
    if "cycle" in value:
        cycle = cast("list[Value]", value["cycle"])
        return [cycle[index % len(cycle)] for index in range(depth)]
    listed = list(cast("list[Value]", value["list"]))
    return (listed + [listed[-1]] * (depth - len(listed)))[:depth]


def _depth(name: str, fields: Fields) -> int:
    prefix = name.rpartition(".")[0]
    for each in ("num_hidden_layers", "n_layer", "n_layers", "depth"):
        found = fields.get(f"{prefix}.{each}" if prefix else each)
        if isinstance(found, int):
            return found
    raise NoInventory(f"`{name}` has no length")


def _flat(config: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            if name.endswith("_config"):
                yield from _flat(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, (int, str)):
            yield prefix + name, value
        elif isinstance(value, float) and value == int(value):
            yield prefix + name, int(value)
        elif isinstance(value, (list, tuple)):
            listed: list[Value] = [each for each in value if isinstance(each, (int, str))]
            # a size given per axis
            yield prefix + name, listed[0] if len(listed) == 2 and listed[0] == listed[1] and name.endswith("_size") else listed
