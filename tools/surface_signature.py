"""The parameters of a function as options: what jsonargparse, fire, typer or a keyword call take."""

import ast
from dataclasses import replace

from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]
from surface_entry import Entry, Found, Section  # type: ignore[import-not-found,unused-ignore]
from surface_pydantic import add_model, is_model  # type: ignore[import-not-found,unused-ignore]
from surface_types import ValueType, value_type  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.literals import literal
from lintune.scripts.modules import Definition, Module, Modules
from lintune.source.record import replace as changed
from lintune.values.option import Option, OptionType

_SKIPPED = frozenset({"self", "cls", "kwargs", "args"})


def read_signature(archive: Archive, path: str, name: str) -> Found | None:
    """The parameters of `function` or `Class.method` in a file, nested dataclasses by dotted path."""
    opened = archive.module(path)
    node = _function(opened[0], opened[1], name) if opened else None
    if opened is None or node is None:
        return None
    return signature(node, opened[0], opened[1], f"{path} {name}")


def signature(node: ast.FunctionDef, modules: Modules, module: Module, source: str) -> Found:
    """The parameters of one function."""
    found = Found(source=source)
    arguments = node.args
    given = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(arguments.args, given, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    found.sections[""] = Section("kept" if arguments.kwarg else "refused", source)
    for argument, default in pairs:
        if argument.arg not in _SKIPPED:
            _add(found, argument, default, modules, module)
    for old in _old_names(node):
        found.entries.setdefault(old, Entry(Option(old, "unknown", has_default=True, default_known=False)))
    return found


def _old_names(node: ast.FunctionDef) -> list[str]:
    """The names that a decorator of transformers passes on under a new one: `@deprecate_kwarg("tokenizer", ...)`."""
    found: list[str] = []
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="deprecate_kwarg"), args=[ast.Constant(value=str() as name), *_]):
                found.append(name)
    return found


def _function(modules: Modules, module: Module, name: str) -> ast.FunctionDef | None:
    owner, _, method = name.rpartition(".")
    if not owner:
        node = module.definitions.get(name)
        return node if isinstance(node, ast.FunctionDef) else None
    match modules.lookup(module, owner):
        case Definition(node=ast.ClassDef(body=body)):
            return next((item for item in body if isinstance(item, ast.FunctionDef) and item.name == method), None)
    return None


def _add(found: Found, argument: ast.arg, default: ast.expr | None, modules: Modules, module: Module) -> None:
    kind = value_type(argument.annotation, modules, module, is_model)
    value = literal(default, modules, module) if default is not None else None
    nested = kind.models if _nests(kind, default) else []
    option = Option(
        name=argument.arg,
        type=kind.type if argument.annotation is not None else _type_of(default),
        default=value.value if value is not None else None,
        has_default=default is not None,
        default_known=default is None or value is not None,
        required=default is None,
        choices=kind.listed,
        nargs="many" if kind.many else "one",
    )
    found.add(argument.arg, Entry(option, types=kind.several, section=bool(nested)))
    for definition, reader in nested:
        add_model(found, definition, reader, argument.arg, policy="refused")
        if isinstance(default, ast.Call):
            _override(found, argument.arg, default, modules, module)


def _nests(kind: ValueType, default: ast.expr | None) -> bool:
    """Whether the parameter is a dataclass whose keys are known: one made by its default, not an abstract base class."""
    return len(kind.models) == 1 and isinstance(default, ast.Call)


def _override(found: Found, path: str, call: ast.Call, modules: Modules, module: Module) -> None:
    """Defaults that the parameter's own default gives: `train: TrainArgs = TrainArgs(epochs=5)`."""
    for keyword in call.keywords:
        entry = found.entries.get(f"{path}.{keyword.arg}")
        value = literal(keyword.value, modules, module)
        if entry is not None:
            known = value is not None
            option = changed(entry.option, default=value.value if value else None, default_known=known, required=False, has_default=True)
            found.entries[f"{path}.{keyword.arg}"] = replace(entry, option=option)


def _type_of(default: ast.expr | None) -> OptionType:
    """The kind of a parameter without annotation, as its default shows it."""
    value = default.value if isinstance(default, ast.Constant) else None
    kinds: dict[type, OptionType] = {bool: "bool", int: "int", float: "float", str: "str"}
    return kinds.get(type(value), "unknown")
