"""What an annotation says about a value of a configuration file: kinds, choices, list or not, nested models."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from lintune.scripts.fields import enum_choices
from lintune.scripts.modules import Definition, Module, Modules
from lintune.values.option import OptionType

IsModel: TypeAlias = Callable[[ast.ClassDef], bool]
"""Whether a class of the package is a mapping with keys of its own."""

_PLAIN = {"str": "str", "int": "int", "float": "float", "bool": "bool", "dict": "dict", "Dict": "dict", "Mapping": "dict"}
_CONSTRAINED = {"conint": "int", "confloat": "float", "constr": "str"}
_TEXT = frozenset({"Path", "PathLike", "Union_Path", "bytes"})
_LISTS = frozenset({"list", "List", "Sequence", "tuple", "Tuple", "set", "Iterable"})
_MOST_DEPTH = 12


@dataclass(slots=True)
class ValueType:
    """The values that an annotation admits."""

    kinds: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    many: bool = False
    models: list[tuple[Definition, Modules]] = field(default_factory=list)
    optional: bool = False

    def add(self, kind: str) -> None:
        """One more kind of value."""
        if kind not in self.kinds:
            self.kinds.append(kind)

    @property
    def type(self) -> OptionType:
        """The one kind that it is, as options have it."""
        kinds = ["float"] if set(self.kinds) == {"int", "float"} else ["str"] if set(self.kinds) == {"str", "enum"} else self.kinds
        if self.models:
            return "dict"
        if kinds == ["enum"] and self.choices:
            return "enum"
        plain: dict[str, OptionType] = {"str": "str", "int": "int", "float": "float", "bool": "bool", "dict": "dict"}
        return plain.get(kinds[0], "unknown") if len(kinds) == 1 else "unknown"

    @property
    def several(self) -> tuple[str, ...]:
        """The kinds, where there is more than one and all are known."""
        known = [*self.kinds, *(["dict"] if self.models and "dict" not in self.kinds else [])]
        if "str" in known and "enum" in known:
            known.remove("enum")
        return tuple(known) if len(known) > 1 and "any" not in known and self.type in ("unknown", "dict") else ()

    @property
    def listed(self) -> tuple[str, ...]:
        """The words that are taken, where not every text is."""
        return tuple(self.choices) if "enum" in self.kinds and not {"str", "any"} & set(self.kinds) else ()


def value_type(annotation: ast.expr | None, modules: Modules, module: Module, is_model: IsModel) -> ValueType:
    """The values that an annotation admits; an annotation that cannot be read admits any."""
    found = ValueType()
    if annotation is None:
        found.add("any")
    else:
        _collect(annotation, modules, module, is_model, found, 0)
    return found


def _collect(item: ast.expr, modules: Modules, module: Module, is_model: IsModel, found: ValueType, depth: int) -> None:
    if depth > _MOST_DEPTH:
        found.add("any")
        return

    def inner(part: ast.expr) -> None:
        _collect(part, modules, module, is_model, found, depth + 1)

    match item:
        case ast.Constant(value=None):
            found.optional = True
        case ast.Constant(value=str(text)):
            try:
                inner(ast.parse(text, mode="eval").body)
            except SyntaxError:
                found.add("any")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            inner(left)
            inner(right)
        case ast.Subscript(value=value, slice=content):
            _subscript(_name(value), content, inner, found)
        case ast.Call(func=function, args=[content, *_]) if _name(function) in ("conlist", "conset"):
            found.many = True
            inner(content)
        case ast.Call(func=function) if _name(function) in _CONSTRAINED:
            found.add(_CONSTRAINED[_name(function)])
        case ast.Name() | ast.Attribute():
            _named(item, modules, module, is_model, found, depth)
        case _:
            found.add("any")


def _subscript(name: str, content: ast.expr, inner: Callable[[ast.expr], None], found: ValueType) -> None:
    parts = content.elts if isinstance(content, ast.Tuple) else [content]
    if name in ("Optional", "Union", "Final"):
        found.optional = found.optional or name == "Optional"
        for part in parts:
            inner(part)
    elif name == "Annotated":
        inner(parts[0])
    elif name == "Literal":
        _literals(parts, found)
    elif name in _LISTS:
        found.many = True
        inner(parts[0])
    else:
        found.add(_PLAIN.get(name, "any"))


def _literals(parts: list[ast.expr], found: ValueType) -> None:
    for part in parts:
        value = getattr(part, "value", None)
        if value is None:
            found.optional = True
        elif isinstance(value, bool):
            found.add("bool")
        elif isinstance(value, ast.expr):
            found.add("any")
        else:
            found.add("enum")
            if str(value) not in found.choices:
                found.choices.append(str(value))


def _named(item: ast.expr, modules: Modules, module: Module, is_model: IsModel, found: ValueType, depth: int) -> None:
    name = _name(item)
    if name in _PLAIN or name in _TEXT:
        found.add(_PLAIN.get(name, "str"))
        return
    if name in _LISTS:
        found.many = True
        found.add("any")
        return
    match modules.resolve(module, item):
        case Definition(module=home, node=ast.ClassDef() as node) as definition:
            choices = enum_choices(item, modules, module)
            if choices and len(choices) != _members(node):
                found.add("any")  # some of its members are no constants
            elif choices:
                found.add("enum")
                found.choices.extend(choice for choice in choices if choice not in found.choices)
            elif is_model(node):
                found.models.append((definition, modules))
            else:
                found.add("any")
        case Definition(module=home, node=ast.Assign(value=value)):
            _collect(value, modules, home, is_model, found, depth + 1)
        case _:
            found.add("any")


def _members(node: ast.ClassDef) -> int:
    """How many names the body of an enumeration binds, but for private ones."""
    names = [getattr(target, "id", "_") for item in node.body if isinstance(item, ast.Assign) for target in item.targets]
    return len({name for name in names if not name.startswith("_")})


def _name(item: ast.expr) -> str:
    match item:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
