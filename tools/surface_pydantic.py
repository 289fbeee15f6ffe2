"""The keys of a configuration file that pydantic models (or plain dataclasses) define, nested, by dotted path."""

import ast
from dataclasses import dataclass

from surface_entry import Entry, Found, Section  # type: ignore[import-not-found,unused-ignore]
from surface_types import ValueType, value_type  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.literals import literal
from lintune.scripts.modules import Definition, External, Module, Modules
from lintune.values.option import Option
from lintune.values.value import Data

_MOST_DEPTH = 6
_POLICIES = {"forbid": "refused", "ignore": "dropped", "allow": "kept"}


@dataclass(slots=True)
class _Field:
    """What `Field(...)` or `field(...)` says."""

    default: ast.expr | None = None
    factory: bool = False
    names: tuple[str, ...] = ()
    """Names under which the key is accepted beside its own (or instead of it)."""
    instead: str = ""
    deprecated: bool = False


def is_model(node: ast.ClassDef) -> bool:
    """Whether a class looks like a mapping with keys: it has bases or a dataclass decorator, and annotated fields or bases."""
    decorated = any(_name(getattr(item, "func", item)) == "dataclass" for item in node.decorator_list)
    enumeration = any(_name(base).endswith("Enum") for base in node.bases)
    return not enumeration and (decorated or bool(node.bases))


def add_model(found: Found, definition: Definition, modules: Modules, path: str = "", depth: int = 0, policy: str = "dropped") -> None:
    """Adds the keys of a model under a dotted path; `policy` is what happens to unknown keys where no class says it."""
    node, module = definition.node, definition.module
    if not isinstance(node, ast.ClassDef) or depth > _MOST_DEPTH:
        return
    chain = _ancestry(definition, modules)
    unknown = next((rule for one in reversed(chain) if (rule := _policy(one))), policy)
    both = any(_by_name(one) for one in chain)
    before = found.sections.get(path)
    if before is None or before.unknown == "refused":
        found.sections[path] = Section(unknown, f"{module.source.path} {node.name}")
    for one in chain:
        for item in getattr(one.node, "body", ()):
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not _private(item):
                _add_field(found, item, one.module, modules, path, depth, both)


def _private(item: ast.AnnAssign) -> bool:
    name = getattr(item.target, "id", "")
    annotation = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
    return name.startswith("_") or name == "model_config" or _name(annotation) in ("ClassVar", "InitVar")


def _ancestry(definition: Definition, modules: Modules, depth: int = 0) -> list[Definition]:
    """The classes of the package that a class inherits from, itself last, in the order in which they override each other."""
    found: list[Definition] = []
    for base in reversed(getattr(definition.node, "bases", [])):
        match modules.resolve(definition.module, base):
            case Definition(node=ast.ClassDef()) as inner if depth < 16:
                found.extend(one for one in _ancestry(inner, modules, depth + 1) if one.node not in [known.node for known in found])
            case External():
                pass
    return [*found, definition]


def _policy(definition: Definition) -> str:
    """What a class's own configuration says about unknown keys."""
    for item in getattr(definition.node, "body", ()):
        match item:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=value):
                return _POLICIES.get(_setting(value, "extra"), "")
            case ast.ClassDef(name="Config", body=body):
                for inner in body:
                    match inner:
                        case ast.Assign(targets=[ast.Name(id="extra")], value=value):
                            return _POLICIES.get(_word(value), "")
    return ""


def _by_name(definition: Definition) -> bool:
    """Whether a field with an alias is also accepted under its own name."""
    names = ("populate_by_name", "allow_population_by_field_name", "validate_by_name")
    for item in getattr(definition.node, "body", ()):
        match item:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=value):
                return any(_setting(value, name) == "True" for name in names)
            case ast.ClassDef(name="Config", body=body):
                return any(isinstance(inner, ast.Assign) and getattr(inner.targets[0], "id", "") in names for inner in body)
    return False


def _setting(value: ast.expr, name: str) -> str:
    match value:
        case ast.Call(keywords=keywords):
            return next((_word(keyword.value) for keyword in keywords if keyword.arg == name), "")
        case ast.Dict(keys=keys, values=values):
            return next((_word(item) for key, item in zip(keys, values, strict=True) if getattr(key, "value", None) == name), "")
    return ""


def _word(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=inner):
            return str(inner)
        case ast.Attribute(attr=name):
            return name
    return ""


def _add_field(found: Found, item: ast.AnnAssign, module: Module, modules: Modules, path: str, depth: int, both: bool) -> None:
    own = getattr(item.target, "id", "")
    details = _read_field(item.value, modules, module)
    name, *others = dict.fromkeys((*details.names, *([own] if both or not details.names else [])))
    kind = value_type(item.annotation, modules, module, is_model)
    entry = Entry(
        option=_option(name, kind, details, modules, module),
        types=kind.several,
        section=bool(kind.models),
        keys=tuple(others),
        instead=details.instead,
        deprecated=details.deprecated,
    )
    dotted = f"{path}.{name}" if path else name
    found.add(dotted, _merged(found.entries[dotted], entry) if path and dotted in found.entries else entry)
    for definition, reader in kind.models:
        add_model(found, definition, reader, dotted, depth + 1)


def _merged(one: Entry, other: Entry) -> Entry:
    """A key that two alternatives of a union both have: the kinds of both."""
    if one.option.type == other.option.type and one.option.choices == other.option.choices:
        return one
    from dataclasses import replace

    from lintune.source.record import replace as changed

    words = (*(one.types or (one.option.type,)), *(other.types or (other.option.type,)))
    kinds = dict.fromkeys("str" if kind == "enum" else kind for kind in words)
    if list(kinds) == ["str"]:
        return replace(one, option=changed(one.option, type="str", choices=()), types=())
    types = () if "unknown" in kinds else tuple(kinds)
    return replace(one, option=changed(one.option, type="unknown", choices=()), types=types)


def _option(name: str, kind: ValueType, details: _Field, modules: Modules, module: Module) -> Option:
    given = details.default is not None or details.factory
    ellipsis = isinstance(details.default, ast.Constant) and details.default.value is ...
    default = literal(details.default, modules, module) if details.default is not None and not ellipsis else None
    value: Data = default.value if default is not None else None
    if isinstance(details.default, ast.Call) and _name(details.default.func) == "pp_int" and details.default.args:
        inner = literal(details.default.args[0], modules, module)
        default, value = inner, int(inner.value) if inner and isinstance(inner.value, int | float) else None
    required = ellipsis or not given
    return Option(
        name=name,
        type=kind.type,
        default=value,
        has_default=not required,
        default_known=required or default is not None,
        required=required,
        choices=kind.listed,
        nargs="many" if kind.many else "one",
    )


def _read_field(value: ast.expr | None, modules: Modules, module: Module) -> _Field:
    if not isinstance(value, ast.Call) or _name(value.func) not in ("Field", "field"):
        return _Field(default=value)
    details = _Field(default=value.args[0] if value.args else None)
    for keyword in value.keywords:
        match keyword.arg:
            case "default":
                details.default = keyword.value
            case "default_factory":
                details.factory = True
            case "alias" | "validation_alias":
                details.names = (*details.names, *_aliases(keyword.value, modules, module))
            case "deprecated":
                details.deprecated = not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
            case "new_param":
                details.instead = _word(keyword.value)
            case "json_schema_extra":
                details.deprecated = details.deprecated or _setting(keyword.value, "deprecated") == "True"
                details.instead = details.instead or _setting(keyword.value, "new_param")
    return details


def _aliases(value: ast.expr, modules: Modules, module: Module) -> tuple[str, ...]:
    items = value.args if isinstance(value, ast.Call) else [value]
    found = [literal(item, modules, module) for item in items]
    return tuple(item.value for item in found if item is not None and isinstance(item.value, str))


def _name(item: ast.expr) -> str:
    match item:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return _name(func)
        case ast.Subscript(value=value):
            return _name(value)
    return ""
