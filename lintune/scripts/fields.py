"""The fields of a dataclass as options, with what it inherits from other dataclasses of the project."""

import ast

from lintune.scripts.annotations import field_type
from lintune.scripts.literals import Literal, enum_members, literal
from lintune.scripts.modules import Definition, External, Module, Modules
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Site
from lintune.values.conversion import Refusal, convert
from lintune.values.option import Option

_FIELD_CALLS = frozenset({"field", "Field", "HfArg"})
_MOST_BASES = 16


@dataclass(slots=True)
class ScriptDataclass:
    """A dataclass given to a parser."""

    name: str
    site: Site | None
    options: dict[str, Option] = field(default_factory=dict)
    """Its own fields and those of its bases in the project."""
    bases: tuple[str, ...] = ()
    """Library classes it inherits from, by dotted name, in the order in which they override each other (last wins)."""
    complete: bool = True
    """False where a base could not be found."""
    definitions: tuple[Definition, ...] = ()
    """The classes themselves, for their `__post_init__`."""


def read_dataclass(definition: Definition, modules: Modules, depth: int = 0) -> ScriptDataclass:
    """A class of the project as the parser sees it."""
    node, module = definition.node, definition.module
    if not isinstance(node, ast.ClassDef) or depth > _MOST_BASES:
        return ScriptDataclass(getattr(node, "name", "?"), module.site(node), complete=False)
    found = ScriptDataclass(node.name, _header(node, module), definitions=(definition,))
    for base in reversed(node.bases):
        match modules.resolve(module, base):
            case Definition() as inner if isinstance(inner.node, ast.ClassDef):
                parent = read_dataclass(inner, modules, depth + 1)
                found.options.update(parent.options)
                found.bases = (*found.bases, *(name for name in parent.bases if name not in found.bases))
                found.complete = found.complete and parent.complete
                found.definitions = (*parent.definitions, *found.definitions)
            case External(dotted=dotted):
                if dotted.rpartition(".")[2] not in ("ABC", "Generic", "Protocol"):
                    found.bases = (*found.bases, dotted)
            case _:
                found.complete = found.complete and getattr(base, "id", "") == "object"
    if not _only_inherits(node, found.definitions[:-1]):
        found.options.update((option.name, option) for option in own_fields(node, module, modules))
    return found


def _only_inherits(node: ast.ClassDef, parents: tuple[Definition, ...]) -> bool:
    """Whether it was not made a dataclass itself: its constructor, and so the parser, has the fields of its parent only."""
    return not node.decorator_list and any(_is_decorated(parent.node) for parent in parents)


def _is_decorated(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef) else []
    plain = [item.func if isinstance(item, ast.Call) else item for item in decorators]
    return any(getattr(item, "attr", getattr(item, "id", "")) == "dataclass" for item in plain)


def _header(node: ast.ClassDef, module: Module) -> Site:
    site = module.site(node)
    return Site(site.source, module.source.line_span(node.lineno))


def own_fields(node: ast.ClassDef, module: Module, modules: Modules) -> list[Option]:
    """The annotated fields of one class, in order, without those that are no constructor arguments."""
    found: list[Option] = []
    constants = _class_constants(node)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            option = _option(item.target.id, item, module, modules, constants)
            if option is not None:
                found.append(replace(option, origin=f"{module.source.path.rpartition('/')[2]} {node.name}"))
    return found


def _class_constants(node: ast.ClassDef) -> dict[str, ast.expr]:
    """Names that the class body binds exactly once and unconditionally: `default_optim = "adamw_torch"`."""
    found: dict[str, ast.expr] = {}
    repeated: set[str] = set()
    for item in ast.walk(node):
        match item:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if name in found:
                    repeated.add(name)
                found[name] = value
    return {name: value for name, value in found.items() if name not in repeated}


@dataclass(slots=True)
class _Call:
    """The keywords of a `field(...)` call that matter to the parser."""

    default: ast.expr | None = None
    factory: ast.expr | None = None
    init: bool = True
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    nargs: str = ""
    """`nargs` of the metadata, which the parser hands on to `add_argument`."""


def _option(name: str, item: ast.AnnAssign, module: Module, modules: Modules, constants: dict[str, ast.expr]) -> Option | None:
    if _is_class_variable(item.annotation) or name == "_":
        return None
    call = _read_call(item.value, modules, module)
    if not call.init:
        return None
    kind = field_type(item.annotation, lambda expression: enum_choices(expression, modules, module))
    if isinstance(call.default, ast.Name):
        call.default = constants.get(call.default.id, call.default)
    given = call.default is not None or call.factory is not None
    if kind.many and call.default is not None:
        call.default = ast.Constant(None)  # a list field's plain default never reaches the parser, only a factory's does
    default = _default(call, modules, module)
    value = default.value if default else None
    type_, nargs = kind.type, "many" if kind.many or call.nargs in ("+", "*") else "optional" if call.nargs == "?" else "one"
    if kind.type == "bool":
        if kind.optional and (not given or (default is not None and value is None)):
            type_ = "optional-bool"
        else:
            nargs, value = "optional", value if given else False
            default, given = (default, True) if given else (Literal(False), True)
    required = not given and type_ != "optional-bool"
    option = Option(
        name=name,
        type=type_,
        default=value,
        has_default=not required,
        default_known=required or default is not None or not given,
        required=required,
        choices=kind.choices or call.choices,
        nargs="many" if nargs == "many" else "optional" if nargs == "optional" else "one",
        spellings=(f"--{name}", *call.aliases) if call.aliases else (),
        site=module.site(item),
    )
    return _with_converted_default(option)


def _with_converted_default(option: Option) -> Option:
    """argparse converts a default that is text as if it had been written on the command line."""
    if not isinstance(option.default, str) or option.type not in ("bool", "int", "float"):
        return option
    value = convert(option.default, replace(option, choices=()))
    return replace(option, default=None, default_known=False) if isinstance(value, Refusal) else replace(option, default=value)


def _is_class_variable(annotation: ast.expr) -> bool:
    inner = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return getattr(inner, "attr", getattr(inner, "id", "")) in ("ClassVar", "InitVar", "KW_ONLY")


def _read_call(value: ast.expr | None, modules: Modules, module: Module) -> _Call:
    if not isinstance(value, ast.Call) or getattr(value.func, "attr", getattr(value.func, "id", "")) not in _FIELD_CALLS:
        return _Call(default=value)
    call = _Call()
    metadata: dict[str, ast.expr] = {}
    for keyword in value.keywords:
        match keyword.arg:
            case "default":
                call.default = keyword.value
            case "default_factory":
                call.factory = keyword.value
            case "init":
                call.init = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
            case "metadata" if isinstance(keyword.value, ast.Dict):
                for key, entry in zip(keyword.value.keys, keyword.value.values, strict=True):
                    if isinstance(key, ast.Constant):
                        metadata[str(key.value)] = entry
            case "aliases":
                metadata["aliases"] = keyword.value
    call.choices = _texts(metadata.get("choices"), modules, module)
    call.aliases = _texts(metadata.get("aliases"), modules, module)
    call.nargs = "".join(_texts(metadata.get("nargs"), modules, module))
    return call


def _texts(expression: ast.expr | None, modules: Modules, module: Module) -> tuple[str, ...]:
    value = literal(expression, modules, module) if expression is not None else None
    if value is None or value.value is None:
        return ()
    return tuple(str(item) for item in value.value) if isinstance(value.value, tuple) else (str(value.value),)


def _default(call: _Call, modules: Modules, module: Module) -> Literal | None:
    """The default where it is constant; None where it is not, or where there is none."""
    if call.default is not None:
        return literal(call.default, modules, module)
    match call.factory:
        case ast.Lambda(body=body):
            return literal(body, modules, module)
        case ast.Name(id="list" | "tuple" | "dict" as kind):
            return Literal({} if kind == "dict" else ())
    return None


def enum_choices(expression: ast.expr, modules: Modules, module: Module) -> tuple[str, ...] | None:
    """The values of a project enumeration, as `choices` lists them."""
    match modules.resolve(module, expression):
        case Definition(module=home, node=ast.ClassDef() as enumeration):
            members = enum_members(enumeration, modules, home)
            return tuple(str(member.value) for member in members.values()) or None
    return None
