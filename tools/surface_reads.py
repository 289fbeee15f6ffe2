"""The keys of a mapping that code reads: `d.get(KEY, default)`, `d[KEY]`, `KEY in d`, `get_scalar_param(d, KEY, default)`, `cfg.key`.

A mapping is followed by its dotted path through assignments, `self.x`, calls of the package's own functions and classes;
where it is unpacked into a pydantic model (`Model(**d)`), the model's fields are its keys.
"""

import ast
from dataclasses import dataclass, field

from surface_entry import Entry, Found, Section  # type: ignore[import-not-found,unused-ignore]
from surface_pydantic import add_model  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.literals import Literal, literal
from lintune.scripts.modules import Definition, Module, Modules
from lintune.values.option import Option, OptionType
from lintune.values.value import Data

_GETTERS = frozenset({"get_scalar_param", "get_list_param", "get_dict_param", "get_config_default"})
_COPIES = frozenset({"copy", "deepcopy", "dict", "OrderedDict", "DictConfig"})
_METHODS = frozenset({"get", "pop", "keys", "items", "values", "copy", "update", "setdefault"})
_MOST_DEPTH = 8


@dataclass(slots=True)
class _Scope:
    """One function being read: what its names stand for."""

    module: Module
    paths: dict[str, str] = field(default_factory=dict)
    """Mappings by the name (or `self.name`) that holds them."""
    texts: dict[str, str] = field(default_factory=dict)
    """Loop variables over constant names, one round at a time."""
    returned: str | None = None


@dataclass(slots=True)
class Reads:
    """Collects the keys; `attributes` says whether `cfg.key` reads a key."""

    modules: Modules
    found: Found
    attributes: bool = False
    nested: str = "dropped"
    """What happens to unknown keys of a mapping inside that is read key by key."""
    _seen: set[tuple[str, str, tuple[tuple[str, str], ...]]] = field(default_factory=set)
    _returns: dict[tuple[str, str, tuple[tuple[str, str], ...]], str | None] = field(default_factory=dict)

    def function(self, node: ast.FunctionDef, module: Module, paths: dict[str, str], depth: int = 0) -> str | None:
        """Reads a function whose parameters hold mappings; the path of what it returns."""
        key = (module.source.path, f"{node.name}:{node.lineno}", tuple(sorted(paths.items())))
        if key in self._seen or depth > _MOST_DEPTH or node.name.startswith("_reject_removed"):
            return self._returns.get(key)
        self._seen.add(key)
        scope = _Scope(module, dict(paths))
        for statement in node.body:
            self._visit(statement, scope, depth)
        self._returns[key] = scope.returned
        return scope.returned

    def methods(self, owner: ast.ClassDef, module: Module, held: str, names: tuple[str, ...]) -> None:
        """Reads every method of a class that keeps the mapping in `self.<held>` or is given it under one of `names`."""
        for item in owner.body:
            if isinstance(item, ast.FunctionDef):
                given = {argument.arg: "" for argument in item.args.args if argument.arg in names}
                self.function(item, module, {f"self.{held}": ""} | given)

    def _visit(self, node: ast.AST, scope: _Scope, depth: int) -> None:
        match node:
            case ast.FunctionDef() | ast.Lambda() | ast.ClassDef():
                return
            case ast.Assign(targets=targets, value=value):
                self._visit(value, scope, depth)
                path = self._path(value, scope, depth)
                for target in targets:
                    self._visit(target, scope, depth) if isinstance(target, ast.Subscript) else None
                    if path is not None and (name := _held(target)):
                        scope.paths[name] = path
            case ast.If():
                self._branches(node, scope, depth)
            case ast.Return(value=ast.expr() as value):
                self._visit(value, scope, depth)
                scope.returned = self._path(value, scope, depth) or scope.returned
            case ast.DictComp(generators=[generator]) | ast.ListComp(generators=[generator]):
                self._rounds(node, generator, scope, depth)
            case ast.For():
                self._rounds(node, node, scope, depth)
            case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[container]):
                self._membership(left, container, scope, depth)
            case ast.Call():
                self._call(node, scope, depth)
            case _:
                if isinstance(node, ast.Subscript | ast.Attribute):
                    self._path(node, scope, depth)
                for child in ast.iter_child_nodes(node):
                    self._visit(child, scope, depth)

    def _branches(self, node: ast.If, scope: _Scope, depth: int) -> None:
        """Both arms; a name that held a mapping before still does after, whatever an arm made of it."""
        self._visit(node.test, scope, depth)
        before = dict(scope.paths)
        made: dict[str, str] = {}
        for arm in (node.body, node.orelse):
            scope.paths = dict(before)
            for statement in arm:
                self._visit(statement, scope, depth)
            made |= scope.paths
        scope.paths = made | before

    def _rounds(self, node: ast.AST, generator: ast.AST, scope: _Scope, depth: int) -> None:
        """A loop over constant names is read once for each name."""
        iterated, target = getattr(generator, "iter", None), getattr(generator, "target", None)
        names = literal(iterated, self.modules, scope.module) if isinstance(iterated, ast.expr) else None
        rounds = names.value if names is not None and isinstance(names.value, tuple) else ()
        texts = [item for item in rounds if isinstance(item, str)]
        if not isinstance(target, ast.Name) or not texts:
            texts = [""]
        for text in texts:
            if text and isinstance(target, ast.Name):
                scope.texts[target.id] = text
            for child in ast.iter_child_nodes(node):
                self._visit(child, scope, depth)

    def _membership(self, left: ast.expr, container: ast.expr, scope: _Scope, depth: int) -> None:
        self._visit(container, scope, depth)
        path, key = self._path(container, scope, depth), self._text(left, scope)
        if path is not None and key is not None:
            self._record(path, key, None)
        else:
            self._visit(left, scope, depth)

    def _call(self, call: ast.Call, scope: _Scope, depth: int) -> None:
        self._path(call, scope, depth)
        for child in [call.func, *call.args, *(keyword.value for keyword in call.keywords)]:
            self._visit(child, scope, depth)

    def _path(self, item: ast.expr, scope: _Scope, depth: int) -> str | None:
        """The dotted path of the mapping (or value) that an expression stands for."""
        match item:
            case ast.Name(id=name):
                return scope.paths.get(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if f"self.{name}" in scope.paths:
                return scope.paths[f"self.{name}"]
            case ast.Attribute(value=value, attr=name) if self.attributes and name not in _METHODS:
                return self._read(value, name, None, scope, depth, required=True)
            case ast.Subscript(value=value, slice=key):
                text = self._text(key, scope)
                return self._read(value, text, None, scope, depth, required=self.attributes) if text is not None else None
            case ast.IfExp(body=body, orelse=other) | ast.BoolOp(values=[body, other]):
                first = self._path(body, scope, depth)
                return first if first is not None else self._path(other, scope, depth)
            case ast.DictComp(value=value):
                inner = self._path(value, scope, depth)
                return inner.rpartition(".")[0] if inner is not None else None
            case ast.Call():
                return self._called(item, scope, depth)
        return None

    def _called(self, call: ast.Call, scope: _Scope, depth: int) -> str | None:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        match call.func:
            case ast.Attribute(value=value, attr="get" | "pop") if call.args:
                text = self._text(call.args[0], scope)
                if text is not None and self._path(value, scope, depth) is not None:
                    return self._read(value, text, call.args[1] if len(call.args) > 1 else ast.Constant(None), scope, depth)
            case ast.Attribute(value=value, attr="keys" | "items" | "copy"):
                return self._path(value, scope, depth)
        if name in _GETTERS and len(call.args) >= 2 and (text := self._text(call.args[1], scope)) is not None:
            return self._read(call.args[0], text, call.args[2] if len(call.args) > 2 else None, scope, depth)
        if name in _COPIES and call.args:
            return self._path(call.args[0], scope, depth)
        return self._enter(call, scope, depth)

    def _enter(self, call: ast.Call, scope: _Scope, depth: int) -> str | None:
        """Follows a mapping into a function or class of the package."""
        held = [self._path(argument, scope, depth + 1) for argument in call.args if not isinstance(argument, ast.Starred)]
        named = {keyword.arg: self._path(keyword.value, scope, depth + 1) for keyword in call.keywords}
        if depth >= _MOST_DEPTH or not any(path is not None for path in (*held, *named.values())):
            return None
        match self._meaning(call.func, scope):
            case Definition(module=home, node=ast.FunctionDef() as function):
                texts = self._constants(call, function, scope)
                return self._function_with(function, home, self._bound(function, held, named), texts, depth + 1)
            case Definition(module=home, node=ast.ClassDef() as owner) as definition:
                if None in named and named[None] is not None:
                    self._unpacked(definition, named[None] or "")
                else:
                    self._constructed(owner, home, held, named, depth + 1)
        return None

    def _function_with(self, node: ast.FunctionDef, module: Module, paths: dict[str, str], texts: dict[str, str], depth: int) -> str | None:
        """Reads a function some of whose parameters are constant texts, as `f(d, KEY, DEFAULT)` gives them."""
        if not texts:
            return self.function(node, module, paths, depth)
        scope = _Scope(module, dict(paths), dict(texts))
        for statement in node.body:
            self._visit(statement, scope, depth)
        return scope.returned

    def _constants(self, call: ast.Call, node: ast.FunctionDef, scope: _Scope) -> dict[str, str]:
        found: dict[str, str] = {}
        names = [argument.arg for argument in node.args.args]
        defaults = dict(zip(reversed(names), reversed(node.args.defaults), strict=False))
        for name, given in [*defaults.items(), *zip(names, call.args, strict=False)]:
            text = self._text(given, scope)
            if text is not None:
                found[name] = text
        return found

    def _meaning(self, function: ast.expr, scope: _Scope) -> object:
        match function:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                for node in scope.module.definitions.values():
                    for item in getattr(node, "body", []) if isinstance(node, ast.ClassDef) else []:
                        if isinstance(item, ast.FunctionDef) and item.name == name:
                            return Definition(scope.module, item)
        return self.modules.resolve(scope.module, function)

    def _bound(self, node: ast.FunctionDef, held: list[str | None], named: dict[str | None, str | None]) -> dict[str, str]:
        names = [argument.arg for argument in node.args.args]
        if names[:1] == ["self"]:
            names = names[1:]
        found = {name: path for name, path in zip(names, held, strict=False) if path is not None}
        return found | {name: path for name, path in named.items() if name and path is not None}

    def _constructed(
        self, owner: ast.ClassDef, module: Module, held: list[str | None], named: dict[str | None, str | None], depth: int
    ) -> None:
        maker = next((item for item in owner.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
        if maker is not None:
            self.function(maker, module, self._bound(maker, held, named), depth)

    def _unpacked(self, definition: Definition, path: str) -> None:
        before = self.found.sections.get(path)
        add_model(self.found, definition, self.modules, path)
        if not path and before is not None:
            self.found.sections[path] = before
        elif path in self.found.entries:
            self._section(path)

    def _section(self, path: str) -> None:
        from dataclasses import replace

        from lintune.source.record import replace as changed

        entry = self.found.entries[path]
        option = changed(entry.option, type="dict", default=None)
        self.found.entries[path] = replace(entry, option=option, section=True)

    def _read(
        self, holder: ast.expr, key: str | None, default: ast.expr | None, scope: _Scope, depth: int, required: bool = False
    ) -> str | None:
        path = self._path(holder, scope, depth)
        if path is None or key is None:
            return None
        value = literal(default, self.modules, scope.module) if default is not None else None
        self._record(path, key, value, required)
        return f"{path}.{key}" if path else key

    def _record(self, path: str, key: str, default: Literal | None, required: bool = False) -> None:
        dotted = f"{path}.{key}" if path else key
        if path and path in self.found.entries:
            self._section(path)
            self.found.sections.setdefault(path, Section(self.nested, self.found.source))
        known = self.found.entries.get(dotted)
        if known is not None and (known.section or known.option.default_known or default is None):
            return
        self.found.add(dotted, Entry(_option(key, default, required)))

    def _text(self, item: ast.expr, scope: _Scope) -> str | None:
        if isinstance(item, ast.Name) and item.id in scope.texts:
            return scope.texts[item.id]
        value = literal(item, self.modules, scope.module)
        return value.value if value is not None and isinstance(value.value, str) else None


def _held(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return f"self.{name}"
    return ""


def _option(key: str, default: Literal | None, required: bool) -> Option:
    value: Data = default.value if default is not None else None
    kinds: dict[type, OptionType] = {bool: "bool", int: "int", float: "float", str: "str", dict: "dict"}
    return Option(
        name=key,
        type=kinds.get(type(value), "unknown"),
        default=None if isinstance(value, dict) else value,
        default_known=default is not None or required,
        required=required,
        has_default=not required,
    )
